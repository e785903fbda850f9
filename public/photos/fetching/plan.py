"""What may be fetched, and what a fetch may cost."""

from __future__ import annotations

import ipaddress
from enum import StrEnum
from typing import Final, TypeAlias

import msgspec

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

SCHEMES: Final = frozenset({"http", "https"})
PORTS: Final = frozenset({80, 443})


class FetchFault(StrEnum):
    """Why nothing was fetched."""

    FORBIDDEN_ADDRESS = "forbidden_address"
    """It is none that we fetch from: its scheme, its port, a user name, a host that is not allowed."""
    INTERNAL_ADDRESS = "internal_address"
    """It leads, or may lead, to an address that is not public."""
    TOO_LARGE = "too_large"
    TOO_MANY_REDIRECTS = "too_many_redirects"
    UNREACHABLE = "unreachable"
    """No address, no connection, no TLS, or no answer in time."""
    NOT_FOUND = "not_found"
    """The server answers, and does not give the picture."""

    @property
    def is_final(self) -> bool:
        """Whether another attempt would end the same way."""
        return self not in {FetchFault.UNREACHABLE, FetchFault.NOT_FOUND}


class FetchPlan(msgspec.Struct, frozen=True, kw_only=True):
    """From where pictures are fetched, and the bounds of a fetch.

    `hosts`: names or addresses; when there are any, no other host. `networks`: which may be reached although they are
    not public. `bytes_max`: as much as the decoder takes. `timeout_s`: for all hops together; 20 MB at 1 MB a second,
    and the first answer.
    """

    hosts: frozenset[str] = frozenset()
    ports: frozenset[int] = PORTS
    networks: tuple[Network, ...] = ()
    bytes_max: int = 20_000_000
    timeout_s: float = 30.0
    redirects_max: int = 4


def networks_of(texts: list[str]) -> tuple[Network, ...]:
    """Return networks from their texts; ValueError when one is none."""
    return tuple(ipaddress.ip_network(text) for text in texts)
