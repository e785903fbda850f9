"""A picture of a case is fetched once, and never from an address of our own network, however it is named."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Final, cast

import pytest

from public.photos.fetching.fetcher import Fetcher
from public.photos.fetching.pinned import GuardedSockets
from public.photos.fetching.plan import FetchFault, FetchPlan, networks_of
from runtime.addresses import is_public
from tests.support.photo_site import Site, site_at

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

INTERNAL: Final = "127.0.0.1"
OUTSIDE: Final = "127.0.0.2"
"""Where the police's server stands in these tests: the plan allows it, and nothing else of this machine."""

# {p} is the port at which 127.0.0.1 and ::1 listen, and count.
FORMS: Final = (
    "http://127.0.0.1:{p}/a",
    "http://127.1:{p}/a",
    "http://127.0.1:{p}/a",
    "http://127.000.000.001:{p}/a",
    "http://0177.0.0.1:{p}/a",
    "http://0177.0.0.01:{p}/a",
    "http://017700000001:{p}/a",
    "http://2130706433:{p}/a",
    "http://0x7f000001:{p}/a",
    "http://0x7f.0.0.1:{p}/a",
    "http://0x7f.0x0.0x0.0x1:{p}/a",
    "http://0x7f.1:{p}/a",
    "http://4425673729:{p}/a",  # 2^32 + 127.0.0.1
    "http://127.0.0.1.:{p}/a",
    "http://0.0.0.0:{p}/a",
    "http://0:{p}/a",
    "http://localhost:{p}/a",
    "http://localhost.:{p}/a",
    "http://LOCALHOST:{p}/a",
    "http://localhost.localdomain:{p}/a",
    "http://[::1]:{p}/a",
    "http://[0:0:0:0:0:0:0:1]:{p}/a",
    "http://[::]:{p}/a",
    "http://[::ffff:127.0.0.1]:{p}/a",
    "http://[::ffff:7f00:1]:{p}/a",
    "http://[0:0:0:0:0:ffff:127.0.0.1]:{p}/a",
    "http://[::127.0.0.1]:{p}/a",
    "http://[64:ff9b::127.0.0.1]:{p}/a",
    "http://[64:ff9b:1::7f00:1]:{p}/a",
    "http://[2002:7f00:1::]:{p}/a",
    "http://[2001:0:4136:e378:8000:63bf:80ff:fffe]:{p}/a",
    "http://[fec0::1]:{p}/a",
    "http://[fe80::1%25lo]:{p}/a",
    "http://[::1%25lo]:{p}/a",
    "http://[fd00::1]:{p}/a",
    "http://user@127.0.0.1:{p}/a",
    "http://user:password@127.0.0.1:{p}/a",
    "http://photos.example@127.0.0.1:{p}/a",
    "http://photos.example%40127.0.0.1:{p}/a",
    "http://127.0.0.1:{p}@photos.example/a",
    "http://photos.example#@127.0.0.1:{p}/a",
    "http://photos.example\\@127.0.0.1:{p}/a",
    "http://127.0.0.1:{p}\\@photos.example/a",
    "http://%31%32%37.0.0.1:{p}/a",
    "http://127%2e0%2e0%2e1:{p}/a",
    "http://①②⑦.⓪.⓪.①:{p}/a",
    "http://１２７.０.０.１:{p}/a",
    "http://127。0。0。1:{p}/a",
    "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ:{p}/a",
    "http://127.0.0.1:{p}/a\r\nHost: photos.example",
    "http://photos.example\r\n@127.0.0.1:{p}/a",
    "http://\t127.0.0.1:{p}/a",
    "http:127.0.0.1:{p}/a",
    "http:///127.0.0.1:{p}/a",
    "https://127.0.0.1:{p}/a",
    "//127.0.0.1:{p}/a",
    "ftp://127.0.0.1:{p}/a",
    "gopher://127.0.0.1:{p}/_GET",
    "file:///etc/passwd",
    "dict://127.0.0.1:{p}/a",
    "jar:http://127.0.0.1:{p}/a!/",
    "unix:///run/x.sock",
    "http://internal.example:{p}/a",  # resolves to 127.0.0.1
    "http://both.example:{p}/a",  # resolves to 127.0.0.2 and 127.0.0.1
    "http://mapped.example:{p}/a",  # resolves to ::ffff:127.0.0.1
    "http://six.example:{p}/a",  # resolves to ::1
    "http://nat.example:{p}/a",  # resolves to 64:ff9b::7f00:1
    "http://rebinding.example:{p}/internal",  # allowed at first, then 127.0.0.1
)


PORTS_MAX: Final = 5


class NameServer(asyncio.DatagramProtocol):
    """A server of DNS with the names of these tests; `rebinding.example` has another address at each question."""

    NAMES: Final = {
        "internal.example": [INTERNAL],
        "both.example": [OUTSIDE, INTERNAL],
        "mapped.example": ["::ffff:127.0.0.1"],
        "six.example": ["::1"],
        "nat.example": ["64:ff9b::7f00:1"],
        "photos.example": [OUTSIDE],
    }

    def __init__(self) -> None:
        self.asked: dict[tuple[str, int], int] = {}
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer one question for addresses of either family."""
        name, at = "", 12
        while data[at]:
            name += data[at + 1 : at + 1 + data[at]].decode() + "."
            at += 1 + data[at]
        name, (kind,) = name.rstrip("."), struct.unpack(">H", data[at + 1 : at + 3])
        times = self.asked[name, kind] = self.asked.get((name, kind), 0) + 1
        rebinding = [OUTSIDE] if times == 1 else [INTERNAL]
        addresses = rebinding if name == "rebinding.example" else self.NAMES.get(name, [])
        family = {1: socket.AF_INET, 28: socket.AF_INET6}[kind]
        found = [one for one in addresses if (":" in one) == (family is socket.AF_INET6)]
        answer = data[:2] + struct.pack(">HHHHH", 0x8180, 1, len(found), 0, 0) + data[12 : at + 5]
        for one in found:
            packed = socket.inet_pton(family, one)
            answer += b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 0, len(packed)) + packed
        assert self.transport is not None
        self.transport.sendto(answer, addr)


class Names:
    """Asks the server of DNS, as the system's resolver would."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def resolve(self, host: str, port: int) -> list[str]:
        """Return the addresses of a name; OSError without any."""
        del port
        found: list[str] = []
        for kind, family in ((1, socket.AF_INET), (28, socket.AF_INET6)):
            labels = b"".join(bytes([len(label)]) + label for label in host.encode().split(b"."))
            question = struct.pack(">HHHHHH", 7, 0x0100, 1, 0, 0, 0) + labels + struct.pack(">BHH", 0, kind, 1)
            answer = await asyncio.to_thread(self._ask, question)
            (count,), at = struct.unpack(">H", answer[6:8]), len(question)
            for _ in range(count):
                (length,) = struct.unpack(">H", answer[at + 10 : at + 12])
                found.append(socket.inet_ntop(family, answer[at + 12 : at + 12 + length]))
                at += 12 + length
        if not found:
            raise OSError("no such name")
        return found

    def _ask(self, question: bytes) -> bytes:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
            own.settimeout(2)
            own.sendto(question, (INTERNAL, self._port))
            return own.recv(2_000)


class World:
    """The internal listeners, the police's server, and a fetcher that may reach only the latter."""

    def __init__(self, inner: tuple[Site, Site], outer: Site, names: NameServer, names_port: int) -> None:
        self.inner = inner
        self.outer = outer
        self.names = names
        self.fetcher = Fetcher(self.plan(), Names(names_port).resolve)
        self.open_fetcher = Fetcher(self.plan("127.0.0.0/8", "::1/128"), Names(names_port).resolve)

    def plan(self, *more: str) -> FetchPlan:
        """Return a plan that allows the port, so that only the address is judged."""
        return FetchPlan(
            ports=frozenset({self.outer.port}),
            networks=networks_of([f"{OUTSIDE}/32", *more]),
            bytes_max=100_000,
            timeout_s=10,
        )

    @property
    def reached(self) -> int:
        """How many connections there were to what is internal."""
        return sum(one.connections for one in self.inner)


@asynccontextmanager
async def _sites() -> AsyncIterator[tuple[Site, Site, Site]]:
    """Run three sites at one port; at another one where somebody has it at one of the addresses."""
    async with AsyncExitStack() as kept:
        for tried in range(1, PORTS_MAX + 1):
            async with AsyncExitStack() as stack:
                outer = await stack.enter_async_context(site_at(OUTSIDE))
                try:
                    four, six = [
                        await stack.enter_async_context(site_at(host, outer.port)) for host in (INTERNAL, "::1")
                    ]
                except OSError:
                    if tried == PORTS_MAX:
                        raise
                    continue
                kept.push_async_exit(stack.pop_all())
                break
        yield outer, four, six


@asynccontextmanager
async def _world() -> AsyncIterator[World]:
    async with _sites() as (outer, four, six):
        for inner in (four, six):
            inner.gives("/a", b"secret")
            inner.gives("/internal", b"secret")
        transport, names = await asyncio.get_running_loop().create_datagram_endpoint(
            NameServer, local_addr=(INTERNAL, 0)
        )
        try:
            yield World((four, six), outer, names, transport.get_extra_info("sockname")[1])
        finally:
            transport.close()


@pytest.mark.parametrize("form", FORMS)
async def test_no_name_of_an_internal_address_leads_to_it(form: str) -> None:
    """Asked for directly, and by a redirect of a server that is allowed: nothing that is internal is connected to."""
    async with _world() as world:
        address = form.format(p=world.outer.port)
        direct = await world.fetcher.fetch(address)
        world.outer.redirects("/picture", address)
        redirected = await world.fetcher.fetch(f"http://photos.example:{world.outer.port}/picture")
        assert world.reached == 0
        assert direct != b"secret"
        assert isinstance(redirected, FetchFault)
        assert isinstance(direct, FetchFault)


async def test_the_listeners_would_count() -> None:
    """Where the plan allows these networks, the same forms reach them: the test above can fail."""
    async with _world() as world:
        for form in ("http://127.0.0.1:{p}/a", "http://[::1]:{p}/a", "http://internal.example:{p}/a"):
            assert await world.open_fetcher.fetch(form.format(p=world.outer.port)) == b"secret"
        assert world.reached == 3


async def test_a_name_that_changes_its_address_is_asked_once() -> None:
    """What was judged is what is connected to: the second answer of the DNS, 127.0.0.1, is never asked for."""
    async with _world() as world:
        world.outer.gives("/a", b"picture")
        assert await world.fetcher.fetch(f"http://rebinding.example:{world.outer.port}/a") == b"picture"
        assert world.names.asked["rebinding.example", 1] == 1
        assert (
            await world.fetcher.fetch(f"http://rebinding.example:{world.outer.port}/a") is FetchFault.INTERNAL_ADDRESS
        )
        assert world.reached == 0


async def test_sockets_are_made_only_to_what_may_be_reached() -> None:
    """The second lock: whatever a library resolves, no socket is made for an internal address."""
    guarded = GuardedSockets(FetchPlan())
    for address in (INTERNAL, "10.0.0.1", "::1", "::ffff:10.0.0.1", "169.254.169.254"):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with pytest.raises(OSError, match="not public"):
            guarded((family, socket.SOCK_STREAM, 0, "", (address, 80)))


async def test_redirects_of_allowed_servers_are_followed_a_few_times() -> None:
    """Some; not for ever."""
    async with _world() as world:
        world.outer.gives("/last", b"picture")
        world.outer.redirects("/first", "/second")
        world.outer.redirects("/second", f"http://photos.example:{world.outer.port}/last")
        world.outer.redirects("/loop", "/loop")
        base = f"http://photos.example:{world.outer.port}"
        assert await world.fetcher.fetch(f"{base}/first") == b"picture"
        world.outer.asked.clear()
        assert await world.fetcher.fetch(f"{base}/loop") is FetchFault.TOO_MANY_REDIRECTS
        assert len(world.outer.asked) == FetchPlan().redirects_max + 1


async def test_a_fetch_ends_within_its_bytes_and_its_time() -> None:
    """Bytes beyond the bound, said or not; an answer that never comes; one that is none."""
    async with _world() as world:
        base = f"http://photos.example:{world.outer.port}"
        world.outer.gives("/large", bytes(100_001))
        assert await world.fetcher.fetch(f"{base}/large") is FetchFault.TOO_LARGE
        world.outer.answers["/endless"] = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + bytes(200_000)
        assert await world.fetcher.fetch(f"{base}/endless") is FetchFault.TOO_LARGE
        world.outer.answers["/garbage"] = b"\x00\x01\x02\r\n\r\n"
        assert await world.fetcher.fetch(f"{base}/garbage") is FetchFault.UNREACHABLE
        world.outer.gives("/gone", b"", "410 Gone")
        assert await world.fetcher.fetch(f"{base}/gone") is FetchFault.NOT_FOUND
        assert await world.fetcher.fetch(f"http://unknown.example:{world.outer.port}/a") is FetchFault.UNREACHABLE

        async def never(_: str) -> None:
            await asyncio.Event().wait()

        world.outer.before = never
        short = Fetcher(FetchPlan(ports=frozenset({world.outer.port}), networks=world.plan().networks, timeout_s=0.2))
        assert await short.fetch(f"http://{OUTSIDE}:{world.outer.port}/a") is FetchFault.UNREACHABLE


@pytest.mark.parametrize(
    ("address", "hosts"),
    [
        ("http://photos.example/a", frozenset({"other.example"})),
        ("http://photos.example:8080/a", frozenset({"photos.example"})),
        ("http://photos.example:22/a", frozenset()),
        ("http://93.184.215.14/a", frozenset({"photos.example"})),
    ],
)
async def test_only_hosts_and_ports_that_are_configured_are_asked(address: str, hosts: frozenset[str]) -> None:
    """An allow-list is the whole list."""
    asked = []

    async def resolve(host: str, port: int) -> list[str]:
        asked.append((host, port))
        return [INTERNAL]

    assert await Fetcher(FetchPlan(hosts=hosts), resolve).fetch(address) is FetchFault.FORBIDDEN_ADDRESS
    assert asked == []


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("2002:0808:0808::1", True),
        ("2002:0a00:0001::1", False),
        ("64:ff9b::8.8.8.8", True),
        ("64:ff9b::10.0.0.1", False),
        ("::8.8.8.8", False),
        ("fec0::8", False),
        ("240e::1", True),
        ("192.88.99.1", False),
        ("5f00::1", False),
    ],
)
def test_forms_of_ipv6_are_judged_by_where_they_lead(address: str, *, public: bool) -> None:
    """6to4 and NAT64 lead to an IPv4 address; site-local and IPv4-compatible ones are nobody's."""
    assert is_public(address) is public
