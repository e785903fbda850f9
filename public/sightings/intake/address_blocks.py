"""Address blocks: what one customer of a provider may have, by which reports are limited; addresses are never kept.

IPv4 /24, IPv6 /48. Behind a proxy the client is the last address of `X-Forwarded-For` that no trusted proxy has.
Bounded: `FORWARDED_MAX` addresses are looked at.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

V4_PREFIX: Final = 24
V6_PREFIX: Final = 48
FORWARDED_MAX: Final = 8
UNKNOWN: Final = "unknown"


def read_networks(texts: Sequence[str]) -> list[IPv4Network | IPv6Network]:
    """Read networks; ValueError names one that is none."""
    return [ip_network(one, strict=False) for one in texts]


def is_trusted(remote: str, trusted: Sequence[IPv4Network | IPv6Network]) -> bool:
    """Tell whether an address is that of a trusted proxy."""
    address = _read(remote)
    return address is not None and any(address in network for network in trusted)


def client_of(remote: str | None, forwarded: Sequence[str], trusted: Sequence[IPv4Network | IPv6Network]) -> str:
    """Return the address of a client; `forwarded`: the values of `X-Forwarded-For`, in order."""
    address = _read(remote or "")
    named = [one.strip() for value in forwarded for one in value.split(",")][-FORWARDED_MAX:]
    while named and address is not None and any(address in network for network in trusted):
        before = _read(named.pop())
        if before is None:
            break
        address = before
    return UNKNOWN if address is None else str(address)


def block_of(address: str) -> str:
    """Return the block of an address."""
    read = _read(address)
    if read is None:
        return UNKNOWN
    prefix = V4_PREFIX if isinstance(read, IPv4Address) else V6_PREFIX
    return str(ip_network(f"{read}/{prefix}", strict=False))


def _read(text: str) -> IPv4Address | IPv6Address | None:
    try:
        read = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return read.ipv4_mapped or read if isinstance(read, IPv6Address) else read
