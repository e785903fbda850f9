"""The log: nothing that a sender, a store or a provider wrote stands in any line, and answers quote little of it."""

from __future__ import annotations

import asyncio
import contextlib
import struct
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import aiohttp
import msgspec
import pytest

from geo.connection import connect
from handlers.http.roles import Role
from push.alerts.review import Review
from tests.support.life.officers import Officers
from tests.support.processes.deployment import CASE
from tests.support.processes.processes import ROOT, until
from tests.support.routes import route_table

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.support.processes.deployment import Deployment

CANARY: Final = "zqcanaryqz"
LONG: Final = CANARY * 3000
HEADERS: Final = {
    "User-Agent": CANARY,
    "Referer": f"https://{CANARY}.example/",
    "Cookie": f"a={CANARY}",
    "X-Forwarded-For": CANARY,
    "Accept": CANARY,
    "Range": CANARY,
    "If-None-Match": CANARY,
    "Accept-Language": CANARY,
    "webhook-id": CANARY,
    "webhook-timestamp": CANARY,
    "webhook-signature": f"v1,{CANARY}",
    f"X-{CANARY}": CANARY,
}
ODD_HEADERS: Final = ({"Content-Encoding": CANARY}, {"Expect": CANARY}, {"Content-Type": f"text/{CANARY}; x={CANARY}"})
BODIES: Final = (
    ("application/json", f'{{"reason": "{CANARY}", "{CANARY}": 1, "{LONG}": 2, "status": "{LONG}"}}'.encode()),
    ("application/json", f'{{"{CANARY}": 1, "{CANARY}": 2}}'.encode()),
    ("application/json", f'{{"{CANARY}": {CANARY}'.encode()),
    ("application/json", b"\xff" + CANARY.encode()),
    ("application/json", f'[{{"user": "{LONG}", "lane": "{CANARY}", "at": "{CANARY}"}}, "{CANARY}"]'.encode()),
    ("application/x-ndjson", f'{{"lane": "{CANARY}"}}\n{CANARY}\n'.encode()),
    ("application/msgpack", msgspec.msgpack.encode([{"user": CANARY, CANARY: CANARY}])),
    ("application/msgpack", b"\xc1" + CANARY.encode()),
    ("application/cap+xml", f"<alert><{CANARY}>{CANARY}</{CANARY}></alert>".encode()),
    ("application/cap+xml", f"<!DOCTYPE a [<!ENTITY b '{CANARY}'>]><a>&b;&{CANARY};".encode()),
    ("application/cap+xml", f'<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><{CANARY}/></alert>'.encode()),
)
MALFORMED: Final = (
    f"{CANARY}\r\n\r\n",
    f"GET /{CANARY} HTTP/9.9\r\n\r\n",
    f"{CANARY} /health HTTP/1.1\r\nHost: x\r\n\r\n",
    f"GET / HTTP/1.1\r\n{CANARY}\r\n\r\n",
    f"GET / HTTP/1.1\r\n{CANARY}\x01: {CANARY}\r\n\r\n",
    f"GET http://{CANARY}:{CANARY}/ HTTP/1.1\r\nHost: {CANARY}\r\n\r\n",
    f"GET /%zz{CANARY}%00 HTTP/1.1\r\nHost: [{CANARY}\r\n\r\n",
    f"POST /v1/devices HTTP/1.1\r\nHost: x\r\nContent-Length: {CANARY}\r\n\r\n",
    f"POST /v1/devices HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{CANARY}\r\n{CANARY}\r\n",
    f"POST /v1/devices HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: {CANARY}\r\n\r\n",
    f"GET /{LONG} HTTP/1.1\r\nHost: x\r\n\r\n",
    f"GET / HTTP/1.1\r\nHost: x\r\nX: {LONG}\r\n\r\n",
    f"GET /v1/feed HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: {CANARY}\r\n\r\n",
    f"GET /v1/feed HTTP/1.1\r\nHost: x\r\nSec-WebSocket-Key: {CANARY}\r\nExpect: {CANARY}\r\n\r\n",
)


async def test_nothing_that_a_sender_wrote_reaches_the_log_or_the_metrics(deployment: Deployment) -> None:
    """Every route with a word in its path, query, headers and bodies; what is no HTTP; frames of WebSockets."""
    await deployment.provider()
    server = await deployment.server(QQ_ALERT_LOG__LEVEL="debug", **_unlimited())
    async with deployment.session() as session, aiohttp.ClientSession() as stranger:
        answers = 0
        for route in route_table():
            path = route.path.replace("{", "").replace("}", "").replace("user", CANARY).replace("/id", f"/{CANARY}")
            for url in (f"{server.url}{path}", f"{server.url}{path}?{CANARY}={CANARY}&after={CANARY}&ticket={CANARY}"):
                for who in (session, stranger):
                    async for status, body in _answers(who, route.method, url, _kinds(route.method)):
                        answers += 1
                        # What is quoted of a body has a bound, and headers are never quoted.
                        assert status < 400 or len(body) < 64 * 1024
                        assert LONG not in body
        assert answers > 500
    await _malformed(server.url, deployment.token)
    async with deployment.session() as session, session.get(f"{server.url}/metrics") as response:
        metrics = await response.text()
    assert server.end() == 0
    log = deployment.log.read_text(encoding="utf-8")
    assert "server.stopped" in log
    assert [line for line in (log + metrics).splitlines() if CANARY in line] == []


def _unlimited() -> dict[str, str]:
    return {"QQ_ALERT_LIMITS__PER_ADDRESS": "false", "QQ_ALERT_LIMITS__PEOPLE_PER_S": "100000"}


def _kinds(method: str) -> Iterator[tuple[dict[str, str], bytes]]:
    yield HEADERS, b""
    yield {"Authorization": f"Bearer {CANARY}"}, b""
    yield {"Authorization": CANARY}, b""
    for odd in ODD_HEADERS:
        yield odd, CANARY.encode() if method == "POST" else b""
    if method == "POST":
        for content_type, body in BODIES:
            yield {"Content-Type": content_type, **HEADERS}, body


async def _answers(
    who: aiohttp.ClientSession, method: str, url: str, kinds: Iterator[tuple[dict[str, str], bytes]]
) -> AsyncIterator[tuple[int, str]]:
    for headers, sent in kinds:
        async with who.request(method, url, headers=headers, data=sent or None, allow_redirects=False) as response:
            body = await response.text(errors="replace")
            if response.status >= 400 and not sent and "?" not in url:
                assert CANARY not in body, "neither a path nor a header is quoted"
            yield response.status, body


async def _malformed(url: str, token: str) -> None:
    host, port = url.removeprefix("http://").split(":")
    for text in MALFORMED:
        answer = await _answer(host, int(port), b"", text.encode())
        assert len(answer) < 16 * 1024, "of what is no HTTP aiohttp quotes a line at most, to its sender"
    payload = CANARY.encode()
    frames = (
        bytes([0x81, 0x80 | len(payload)]) + bytes(4) + payload,
        bytes([0x81, len(payload)]) + payload,
        bytes([0x8F, 0x80 | len(payload)]) + bytes(4) + payload,
        bytes([0xF1, 0x80 | len(payload)]) + bytes(4) + payload,
        bytes([0x81, 0xFE]) + struct.pack("!H", 8000) + bytes(4) + payload * 800,
        bytes([0x81, 0x80 | 11]) + bytes(4) + b"\xff" + payload,
        bytes([0x88, 0x80 | 12]) + bytes(4) + struct.pack("!H", 9) + payload,
    )
    for frame in frames:
        head = f"GET /v1/feed?after={CANARY} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        head += "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        head += "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        await _answer(host, int(port), head.encode(), frame)


async def _answer(host: str, port: int, head: bytes, rest: bytes) -> bytes:
    """Send a head and wait for its answer, if there is one, then the rest; returns what comes until the end."""
    reader, writer = await asyncio.open_connection(host, port)
    answer = b""
    # Who refuses what it did not read may reset the connection.
    with contextlib.suppress(ConnectionError):
        if head:
            writer.write(head)
            answer = await reader.readuntil(b"\r\n\r\n")
        writer.write(rest)
        writer.write_eof()
        answer += await reader.read()
    with contextlib.suppress(ConnectionError):
        writer.close()
        await writer.wait_closed()
    return answer


async def test_nothing_that_a_store_holds_reaches_the_log(deployment: Deployment) -> None:
    """Odd members, values and rows, also those that end a process: lines have types and places only."""
    await deployment.provider("--error-rate", "0.2")
    await deployment.people(300)
    server = await deployment.server(QQ_ALERT_LOG__LEVEL="debug")
    officers = Officers(deployment, server)
    await officers.token("Li", Role.APPROVER, "Li")
    redis = connect(deployment.redis_url)
    for shard in range(8):
        for key in [key async for key in redis.scan_iter(f"geo:{{{shard}}}:*")]:
            await redis.geoadd(key, (114.05, 22.54, CANARY))
        for key in [key async for key in redis.scan_iter(f"device:{{{shard}}}:*")]:
            await redis.hset(key, CANARY, CANARY)
            await redis.hset(key, "7", CANARY)
    await redis.set("quota:tpns", CANARY)
    await redis.set("limit:authority:sz", CANARY)
    status, answer = await deployment.file(
        server,
        child={**CASE["child"], "name": CANARY, "clothing": CANARY},
        contact={"name": CANARY, "phone": "13800138000"},
    )
    assert status == 202, deployment.log.read_text(encoding="utf-8")
    alert = answer["alert"]["id"]
    await officers.review(Review.AUTO)
    assert (await officers.act(alert, "pause", reason=CANARY))[0] == 200
    await deployment.query("update ring set reason = $1, decided_by = $1", CANARY)
    await deployment.query("update authority set name = $1", CANARY)
    await deployment.query("update alert set estimate = jsonb_build_object('rings', $1::text)", CANARY)

    async def is_through() -> bool:
        return not server.alive or "alert.moved" in deployment.log.read_text(encoding="utf-8")

    await until(is_through)
    await redis.xadd("forgetting", {"user": CANARY, CANARY: CANARY})
    await redis.hset("record:position", mapping={"seq": CANARY, "digest": CANARY, "signed": CANARY})

    async def has_seen_it() -> bool:
        if not server.alive:
            return True
        held = await redis.hget("record:position", "seq")
        return held != CANARY.encode()

    await until(has_seen_it)
    await redis.aclose()
    server.end()
    log = deployment.log.read_text(encoding="utf-8")
    assert [line for line in log.splitlines() if CANARY in line] == []


LIBRARIES: Final = """
import asyncio, atexit, gc, logging, sys, threading, warnings
from server import logs
CANARY = sys.argv[1]
logs.guard()
if sys.argv[2] == "configured":
    logs.configure("json", "debug")

class Dying:
    def __del__(self):
        raise ValueError(CANARY)

async def fails():
    raise ValueError(CANARY)

async def main():
    task = asyncio.create_task(fails(), name=CANARY)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    del task
    gc.collect()
    asyncio.get_running_loop().call_exception_handler({"message": CANARY, "exception": ValueError(CANARY)})

warnings.warn(CANARY, UserWarning)
for name in ("aiohttp.server", "aiohttp.client", "redis", "asyncpg.pool", "lxml", "signxml", "yarl", "hpack", "pycurl"):
    library = logging.getLogger(name)
    library.error("got %s", CANARY)
    library.error(CANARY, stack_info=True)
    library.critical("%d", CANARY)
    try:
        raise KeyError(CANARY)
    except KeyError:
        library.exception(CANARY, extra={"canary": CANARY})
asyncio.run(main(), debug=True)
Dying()
gc.collect()
thread = threading.Thread(target=lambda: {}[CANARY], name=CANARY)
thread.start()
thread.join()
asyncio.new_event_loop().create_task(fails())
atexit.register(lambda: {}[CANARY])
last = Dying()
raise ExceptionGroup(CANARY, [ValueError(CANARY)])
"""


@pytest.mark.parametrize("when", ["before", "configured"])
def test_words_of_libraries_and_of_python_reach_no_line(when: str) -> None:
    """Loggers, warnings, tasks, threads, finalizers, hooks at the end: type and place only, also before `configure`."""
    done = subprocess.run(
        [sys.executable, "-c", LIBRARIES, CANARY, when],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    said = done.stdout + done.stderr
    assert [line for line in said.splitlines() if CANARY in line] == []
    for expected in ("library.logged", "library.warned", "library.unraisable", "library.thread_ended", "process.died"):
        assert expected in said
    assert said.count("aiohttp.client") >= 4


def test_a_command_that_dies_of_a_bug_says_none_of_its_values() -> None:
    """Also before its settings are read."""
    program = "import sys; from server import cli; cli.cli = lambda **_: {}[sys.argv[1]]; cli.main()"
    done = subprocess.run(
        [sys.executable, "-c", program, CANARY], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1
    assert "KeyError" in done.stdout + done.stderr
    assert CANARY not in done.stdout + done.stderr
