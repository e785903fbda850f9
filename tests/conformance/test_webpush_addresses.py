"""A subscription that a user made up leads to no machine of our own network, whatever its name resolves to."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from aiohttp.abc import AbstractResolver

from push.providers.webpush import WebpushGateway, WebpushSettings
from push.results import RequestStatus
from push.transport.web_push.addresses import PublicResolver
from runtime.addresses import is_public
from server.simulators.token.webpush import SimulatedWebpush, SimulatedWebpushSettings, subscription
from tests.support.providers.clearances import CLEAR
from tests.support.providers.messages import message_for_tests

if TYPE_CHECKING:
    from pathlib import Path

    from aiohttp.abc import ResolveResult

INSIDE = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",  # noqa: S104 - an address that is refused
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:10.0.0.1",
    "fe80::1%eth0",
    "fd00::1",
    "ff02::1",
]


class _Changing(AbstractResolver):
    """Answers with the next addresses each time it is asked, as a hostile DNS does."""

    def __init__(self, *answers: list[str]) -> None:
        self._answers = iter(answers)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the next addresses."""
        return [
            {"hostname": host, "host": one, "port": port, "family": family, "proto": 0, "flags": 0}
            for one in next(self._answers)
        ]

    async def close(self) -> None:
        """Close nothing."""


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_within_our_network_is_not_public(address: str) -> None:
    """Of this machine, of a private network, of a cloud's own services, of a group; also IPv4 within IPv6."""
    assert not is_public(address)


@pytest.mark.parametrize("address", ["142.250.1.95", "2a00:1450:4001::200a"])
def test_an_address_of_the_internet_is_public(address: str) -> None:
    """As push services have."""
    assert is_public(address)


async def test_only_public_addresses_of_a_name_are_used_each_time_it_is_resolved() -> None:
    """A name that is first public and then not is refused then; a service of one's own may be anywhere."""
    resolver = PublicResolver(
        ("own.example:8443",), _Changing(["10.0.0.1", "142.250.1.95"], ["10.0.0.1"], ["10.0.0.1"])
    )
    assert [one["host"] for one in await resolver.resolve("a.push.example", 443)] == ["142.250.1.95"]
    with pytest.raises(OSError, match="no public address"):
        await resolver.resolve("a.push.example", 443)
    assert [one["host"] for one in await resolver.resolve("own.example", 8443)] == ["10.0.0.1"]


async def test_a_push_service_that_resolves_to_this_machine_is_not_connected_to(tmp_path: Path) -> None:
    """Its browsers are tried again; only a setting lets a lane use private networks."""
    key = tmp_path / "vapid.pem"
    SimulatedWebpush(SimulatedWebpushSettings(key_file=key))
    token = subscription("https://localhost", 1).encode()
    reasons = []
    for private in (False, True):
        gateway = WebpushGateway(
            WebpushSettings(
                url="https://alert.example",
                key_file=key,
                subject="mailto:a@police.example",
                hosts=("localhost",),
                private_networks=private,
            )
        )
        result = await gateway.send(message_for_tests(), [token], CLEAR)
        await gateway.close()
        assert result.request_status is RequestStatus.FAILING
        reasons.append(result.reason)
    assert reasons == ["no answer (ClientConnectorDNSError)", "no answer (ClientConnectorError)"]
