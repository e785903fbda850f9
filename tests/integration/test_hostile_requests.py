"""Whatever a stranger sends is answered in bounded time, read no further than it must be, and counted."""

from __future__ import annotations

import asyncio
import gzip
from typing import TYPE_CHECKING, Final

import aiohttp
import pytest

from tests.support.processes.raw_http import answer_to, opened

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process

HEAD: Final = "{method} {path} HTTP/1.1\r\nHost: x\r\n"
ENDLESS: Final = (
    ("POST", "/nowhere", b"404"),
    ("POST", "/health", b"405"),
    ("POST", "/v1/devices", b"401"),
    ("POST", "/v1/intake/sz", b"413"),
    ("GET", "/health", b"200"),
    ("GET", "/v1/alerts", b"401"),
    ("OPTIONS", "/v1/devices", b"204"),
    ("CONNECT", "x:1", b"404"),
)
CHUNK: Final = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"
TAKEN_MAX: Final = 64 * 1024 * 1024
"""What the buffers of two kernels hold of a connection that is not read any more, several times over."""


async def _flood(server: Process, head: bytes, chunk: bytes) -> tuple[bytes, int]:
    """Send without end; returns the first line of the answer, and how many bytes went before the connection ended."""
    reader, writer = await opened(server, head)
    taken = 0
    try:
        first = await _line(reader, writer, chunk)
        while taken < TAKEN_MAX:
            writer.write(chunk)
            taken += len(chunk)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()
    return first, taken


async def _line(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, chunk: bytes) -> bytes:
    """Return the first line of the answer, sending on while there is none."""
    reading = asyncio.ensure_future(reader.readline())
    while not reading.done():
        writer.write(chunk)
        await writer.drain()
        await asyncio.wait({reading}, timeout=0.001)
    return await reading


@pytest.mark.parametrize("encoding", ["", "Content-Encoding: gzip\r\n"], ids=["plain", "gzip"])
async def test_nothing_is_read_to_its_end_that_is_answered_before(deployment: Deployment, encoding: str) -> None:
    """A body without end to any path, with any method, on any answer: the answer comes, and the connection ends."""
    server = await deployment.server()
    chunk = CHUNK if not encoding else b"%x\r\n%b\r\n" % (len(packed := gzip.compress(bytes(1 << 20))), packed)
    heads = [
        (HEAD.format(method=method, path=path) + encoding + "Transfer-Encoding: chunked\r\n\r\n").encode()
        for method, path, _ in ENDLESS
    ]
    answers = await asyncio.gather(*(_flood(server, head, chunk) for head in heads))
    for (method, path, status), (line, taken) in zip(ENDLESS, answers, strict=True):
        expected = b"415" if encoding and status == b"413" else status
        assert line.startswith((b"HTTP/1.1 " + expected, b"HTTP/1.0 " + expected)), (method, path, line)
        assert taken < TAKEN_MAX, (method, path)


async def test_a_small_body_costs_no_connection_and_a_refused_one_is_never_invited(deployment: Deployment) -> None:
    """What came whole is answered on the same connection; `100 Continue` comes only where the body is read."""
    server = await deployment.server()
    small = b"POST /health HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"
    last = b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert (await answer_to(server, small + small + last)).count(b"HTTP/1.1 ") == 3
    expecting = "POST {} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: {}\r\nContent-Length: 2\r\n{}\r\n"
    token = f"Authorization: Bearer {deployment.token}\r\n"
    for path, headers, value, first in (
        ("/v1/devices", "", "100-continue", b"401"),
        ("/v1/devices", token, "100-Continue", b"100"),
        ("/v1/devices", token, "200-ok", b"417"),
        ("/v1/intake/sz", "", "100-continue", b"100"),
    ):
        reader, writer = await asyncio.open_connection(*server.address)
        writer.write(expecting.format(path, value, headers).encode())
        assert (await reader.readline()).startswith(b"HTTP/1.1 " + first), (path, value)
        writer.write(b"[]")
        assert await reader.read()
        writer.close()


MALFORMED: Final = {
    "no HTTP": b"\x16\x03\x01\x02\x00\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a line without end": b"GET /health HTTP/1.1\r\nA: " + b"a" * 10_000 + b"\r\n\r\n",
    "headers without end": b"GET /health HTTP/1.1\r\n" + b"A: b\r\n" * 500 + b"\r\n",
    "a head that fills the memory": b"GET /health HTTP/1.1\r\n" + (b"A: " + b"a" * 8000 + b"\r\n") * 40,
    "two lengths": b"POST /v1/devices HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
    "a length and chunks": b"POST /health HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a length over all": b"POST /v1/devices HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n",
    "a URL": b"GET http://[::1/health HTTP/1.1\r\nHost: x\r\n\r\n",
    "a port": b"GET http://x:99999/health HTTP/1.1\r\nHost: x\r\n\r\n",
    "an expectation": b"POST /v1/devices HTTP/1.1\r\nHost: x\r\nExpect: x\r\nContent-Length: 1\r\n\r\n1",
    "an expectation that is no text": b"GET /nowhere HTTP/1.1\r\nHost: x\r\nExpect: \xff\r\n\r\n",
    "an expectation of another method": b"PUT /health HTTP/1.1\r\nHost: x\r\nExpect: \xff\r\n\r\n",
    "a host that is no text": b"GET /health HTTP/1.1\r\nHost: \xff\r\n\r\n",
    "a host that is none": b"GET /nowhere HTTP/1.1\r\nHost: [\r\n\r\n",
    "a host that is none, in the address": b"GET http://xn--a../health HTTP/1.1\r\nHost: x\r\n\r\n",
    "a host that nobody decodes": b"GET http://xn--\x7f/health HTTP/1.1\r\nHost: x\r\n\r\n",
    "an encoding": b"POST /v1/intake/sz HTTP/1.1\r\nConnection: close\r\nContent-Encoding: br\r\n"
    b"Content-Length: 1\r\n\r\n1",
    "no text": b"POST /v1/intake/sz HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1\r\n\r\n\xff",
    "no XML": b"POST /v1/intake/sz HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/cap+xml\r\n"
    b"Content-Length: 1\r\n\r\n<",
}
PROVEN: Final = {
    "no JSON": b"POST /v1/devices HTTP/1.1\r\nContent-Length: 1\r\n{}\r\n{",
    "deep JSON": b"POST /v1/devices HTTP/1.1\r\nContent-Length: 5000\r\n{}\r\n" + b"[" * 5000,
    "no MessagePack": b"POST /v1/devices HTTP/1.1\r\nContent-Type: application/msgpack\r\n"
    b"Content-Length: 1\r\n{}\r\n\xc1",
    "no JSON of an operator": b"POST /v1/estimates HTTP/1.1\r\nContent-Length: 1\r\n{}\r\n{",
    "a query": b"GET /v1/alerts?limit=%ff HTTP/1.1\r\n{}\r\n",
    "a query twice": b"GET /v1/alerts?limit=1&limit=1 HTTP/1.1\r\n{}\r\n",
    "a user": b"DELETE /v1/users/%D9%A1x HTTP/1.1\r\n{}\r\n",
    "a key of a WebSocket": b"GET /v1/feed HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: \xff\r\n{}\r\n",
}


async def test_whatever_cannot_be_parsed_is_a_4xx_that_counts_against_its_address(deployment: Deployment) -> None:
    """Each kind is refused with a reason, and after too many failures every kind is asked to wait."""
    proof = f"Host: x\r\nAuthorization: Bearer {deployment.token}\r\nConnection: close, Upgrade\r\n".encode()
    sent = MALFORMED | {name: one.replace(b"{}", proof) for name, one in PROVEN.items()}
    free = await deployment.server(QQ_ALERT_LIMITS__FAILURES_PER_MINUTE="100000")
    for name, one in sent.items():
        assert (await answer_to(free, one)).split(b" ")[1].startswith(b"4"), name
    strict = await deployment.server(QQ_ALERT_LIMITS__FAILURES_PER_MINUTE="1")
    # A token with which no WebSocket begins is one that is known; a head without end is not waited for, but counted.
    for name in sent.keys() - {"a key of a WebSocket", "a head that fills the memory"}:
        await answer_to(strict, MALFORMED["no HTTP"])
        assert (await answer_to(strict, sent[name])).split(b" ")[1] == b"429", name
    log = deployment.log.read_text(encoding="utf-8")
    assert not [word for word in ("request.bug", "Traceback", "ERROR") if word in log]


async def test_a_known_token_is_served_whatever_its_address_has_sent(deployment: Deployment) -> None:
    """What is malformed of an address costs its good requests nothing."""
    server = await deployment.server(QQ_ALERT_LIMITS__FAILURES_PER_MINUTE="1")
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {deployment.token}"}) as session:
        async with session.get(f"{server.url}/v1/alerts") as response:
            assert response.status == 200
        for _ in range(3):
            await answer_to(server, MALFORMED["no HTTP"])
        async with session.post(f"{server.url}/v1/devices", data=b"{") as response:
            assert response.status == 429
        async with session.post(f"{server.url}/v1/devices", data=b"[]") as response:
            assert response.status == 200
    assert (await deployment.file(server))[0] == 202
