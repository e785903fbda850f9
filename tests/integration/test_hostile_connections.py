"""Strangers who hold connections keep out nobody: neither a probe nor a case, and nothing that is sent."""

from __future__ import annotations

import asyncio
import resource
import ssl
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import aiohttp
import pytest

from tests.integration.test_tls import issued, written
from tests.support.processes.fork import DESCRIPTORS
from tests.support.processes.processes import Process, until
from tests.support.processes.raw_http import answer_to, opened

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.support.processes.deployment import Deployment

STRANGER: Final = "127.0.0.9"
"""Another address of the loopback network: another peer."""

ASK: Final = b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def _held(
    server: Process, number: int, sent: bytes = b"", source: str = STRANGER
) -> AsyncIterator[list[Streams]]:
    held = [await opened(server, sent, source) for _ in range(number)]
    try:
        yield held
    finally:
        for _, writer in held:
            writer.close()


async def _is_closed(held: Streams) -> bool:
    with suppress(ConnectionError):
        while await held[0].read(65_536):
            pass
    return True


async def _metric(server: Process, name: str) -> float:
    async with aiohttp.ClientSession() as session, session.get(f"{server.url}/metrics") as response:
        return next(float(line.split()[-1]) for line in (await response.text()).splitlines() if line.startswith(name))


def _connections(server: Process) -> int:
    """Return how many connections to its port a server has open."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]]
    at_port = {f"socket:[{line[9]}]" for line in lines if line[1].endswith(f":{server.address[1]:04X}")}
    found = 0
    for entry in Path(f"/proc/{server.pid}/fd").iterdir():
        # What was closed meanwhile is none.
        with suppress(FileNotFoundError):
            found += str(entry.readlink()) in at_port
    return found - 1  # one of them listens


@pytest.mark.parametrize(
    "sent",
    [b"", b"GET /health HTTP/1.1\r\nHo", ASK.replace(b"close", b"keep-alive")],
    ids=["nothing", "half a head", "a request, then nothing"],
)
async def test_idle_connections_at_the_limit_of_descriptors_stop_nothing(deployment: Deployment, sent: bytes) -> None:
    """As many as the process may open: probes and a case are answered, everybody is notified, and all are closed."""
    await deployment.provider()
    inside = await deployment.people(2000)
    server = await deployment.server(**{DESCRIPTORS: "300"}, QQ_ALERT_LIMITS__HEADERS_S="3")
    async with _held(server, 300, sent) as held:
        assert (await answer_to(server, ASK)).startswith(b"HTTP/1.1 200")
        status, answer = await deployment.file(server)
        assert status == 202
        await deployment.sent(server, answer["alert"]["id"])
        assert (await deployment.reached()).tolist() == inside.tolist()
        assert await _metric(server, "process_open_fds") < 300
        assert all(await asyncio.gather(*map(_is_closed, held)))
    log = deployment.log.read_text(encoding="utf-8")
    assert '"connections": ' in log
    assert not [word for word in ("request.bug", "OSError", "Too many open files", "Traceback") if word in log]


async def test_the_configured_connections_give_way_to_the_descriptors_that_are_left(deployment: Deployment) -> None:
    """`config check` and the log say how many that are; a limit that leaves none is refused with the number needed."""
    few = Process("config", "check", env=deployment.env(**{DESCRIPTORS: "300"}))
    assert "of 300 descriptors are for stores" in await few.printed()
    assert few.end() == 0
    log = deployment.folder / "few.log"
    none = Process("serve", env=deployment.env(**{DESCRIPTORS: "180"}), log=log)
    assert await asyncio.to_thread(none.wait) == 2
    assert "ulimit -n" in log.read_text(encoding="utf-8")


async def test_a_new_connection_takes_the_place_of_one_that_waits(deployment: Deployment) -> None:
    """The longest idle one of the same address is closed for it, of another address none."""
    server = await deployment.server(QQ_ALERT_LIMITS__CONNECTIONS_PER_ADDRESS="3", QQ_ALERT_LIMITS__HEADERS_S="300")
    async with _held(server, 3) as held, _held(server, 1, source="127.0.0.8") as other:
        other[0][1].write(ASK)
        assert (await other[0][0].read()).startswith(b"HTTP/1.1 200")
        async with _held(server, 3):
            assert all(await asyncio.gather(*map(_is_closed, held)))
            assert (await answer_to(server, ASK, STRANGER)).startswith(b"HTTP/1.1 200")


async def test_probes_have_connections_of_their_own(deployment: Deployment) -> None:
    """Feeds hold every place of an address: a probe is answered, also beside idle ones; all else is asked to wait."""
    server = await deployment.server(QQ_ALERT_LIMITS__CONNECTIONS_PER_ADDRESS="8")
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {deployment.token}"}) as session:
        feeds = [await session.ws_connect(f"{server.url}/v1/feed") for _ in range(6)]
        async with _held(server, 20, source="127.0.0.1"):
            for path in (b"/health", b"/ready", b"/metrics"):
                answer = await answer_to(server, ASK.replace(b"/health", path))
                assert answer.startswith(b"HTTP/1.1 200"), path
            busy = await answer_to(server, ASK.replace(b"/health", b"/openapi.json"))
            assert busy.startswith(b"HTTP/1.1 503")
            assert b'"busy"' in busy
        assert all(not feed.closed for feed in feeds)
        for feed in feeds:
            await feed.close()


async def test_handshakes_that_never_end_are_counted(deployment: Deployment, tmp_path: Path) -> None:
    """Strangers who connect to TLS and say nothing have places like others, and lose them to whoever comes."""
    certificate, key = written(tmp_path, "server", issued("server"))
    env = {"QQ_ALERT_TLS__CERTIFICATE": str(certificate), "QQ_ALERT_TLS__KEY": str(key)}
    server = await deployment.server(**env, QQ_ALERT_LIMITS__CONNECTIONS_PER_ADDRESS="3")
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    async with _held(server, 3) as held:
        reader, writer = await asyncio.open_connection(*server.address, local_addr=(STRANGER, 0), ssl=context)
        assert await _is_closed(held[0])
        writer.write(ASK)
        assert (await reader.read()).startswith(b"HTTP/1.1 200")
        writer.close()


@pytest.mark.parametrize("ending", [b"", b"Connection: close\r\n"], ids=["kept alive", "closed"])
async def test_a_response_that_nobody_reads_is_dropped(deployment: Deployment, ending: bytes) -> None:
    """Its connection is closed after `response_s`, although closing waits for whoever has to read."""
    server = await deployment.server(QQ_ALERT_LIMITS__RESPONSE_S="0.5", QQ_ALERT_LIMITS__HEADERS_S="300")
    ask = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n"
    async with _held(server, 5) as held:

        async def are_held() -> bool:
            return _connections(server) == 5

        await until(are_held)
        for _, writer in held:
            writer.transport.pause_reading()  # type: ignore[attr-defined] # that of a socket has it
            # More than the buffers of both kernels hold.
            writer.write((ask + b"\r\n") * 150 + ask + ending + b"\r\n")

        async def are_closed() -> bool:
            return _connections(server) == 0

        await until(are_closed)
    assert (await answer_to(server, ASK)).startswith(b"HTTP/1.1 200")


async def test_a_server_without_descriptors_closes_who_waits_and_goes_on(deployment: Deployment) -> None:
    """Accepting fails for want of descriptors, as the machine may have none: room is made, and the next one served."""
    server = await deployment.server()
    async with _held(server, 10):
        opened = int(await _metric(server, "process_open_fds"))
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (opened - 1, hard))

        async def is_served() -> bool:
            return (await answer_to(server, ASK)).startswith(b"HTTP/1.1 200")

        await until(is_served)

        async def has_made_room() -> bool:
            async with _held(server, 10):
                return await is_served() and "connections.not_accepted" in deployment.log.read_text(encoding="utf-8")

        await until(has_made_room)
