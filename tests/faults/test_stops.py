"""SIGTERM ends a server in time, also while a store does not reply, and loses no recipient."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import asyncpg
import numpy as np
import pytest
from redis import asyncio as aioredis

from push.alarm_kinds import AlarmKind
from push.delivery.lane import CUT_OFF_S
from push.engine import RELEASE_S
from push.shared_alarms import LEAVE_S
from runtime.tasks import CANCEL_AGAIN_S, CANCELS
from server.edge.listening import EDGE_GRACE_S
from server.embedded import EmbeddedStores
from server.process import CLOSE_S
from tests.support.processes.deployment import Deployment
from tests.support.processes.processes import START_S, Process, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    import aiohttp

PEOPLE = 50_000
LATENCY_MS = 400
"""Long enough that requests are in flight whenever the signal comes, and some are still to be made."""

WORKERS = 4
BATCH = 1000
UNIT_PEOPLE = 10_000
"""So large that requests are full: a stop is to find as much in flight as there can be."""

GRACE_S = 3
ENDS_S = GRACE_S + EDGE_GRACE_S + CANCELS * CANCEL_AGAIN_S + 2 * CUT_OFF_S + LEAVE_S + RELEASE_S + 2 * CLOSE_S
"""The sum of the bounds of all that a stop waits for."""


@pytest.fixture
def own() -> Iterator[EmbeddedStores]:
    """Provide stores that only this test uses, so that it may freeze them."""
    with tempfile.TemporaryDirectory(prefix="qqa-test-") as folder:
        Path(folder).chmod(0o755)
        stores = EmbeddedStores(Path(folder) / "state", postgres=True, valkey=True)
        try:
            yield stores
        finally:
            stores.stop()


@pytest.mark.parametrize(
    ("silent", "repeats_max"),
    [({"redis"}, 0), ({"redis", "postgresql"}, WORKERS * BATCH)],
    ids=["redis", "both"],
)
async def test_sigterm_ends_a_server_in_time_while_a_store_does_not_reply(
    own: EmbeddedStores, tmp_path: Path, silent: set[str], repeats_max: int
) -> None:
    """Stores freeze in the middle of an alert: exit 0 within the bounds; afterwards the whole audience is reached.

    Before the stop, an alarm and the answer of /ready name the store that is unavailable.

    Batches that were sent but could not be committed repeat: none while PostgreSQL replies, else one a worker.
    """
    deployment = Deployment(own.start(), tmp_path)
    frozen: list[int] = []
    try:
        await deployment.provider("--latency-ms", str(LATENCY_MS))
        await deployment.register()
        inside = await deployment.people(PEOPLE)
        server = await deployment.server(QQ_ALERT_GRACE_S=str(GRACE_S), QQ_ALERT_ALERT__UNIT_PEOPLE=str(UNIT_PEOPLE))
        _, answer = await deployment.file(server)
        await until(lambda: _some(deployment))
        async with deployment.session() as session, session.ws_connect(f"{server.url}/v1/feed") as feed:
            await feed.receive_json()
            frozen += await _freeze(deployment, own, silent)
            await _alarmed(feed, silent)
            async with session.get(f"{server.url}/ready") as response:
                stores = (await response.json())["stores"]
            assert {name for name, state in stores.items() if state == "away"} == silent
            # Requests of consoles that also wait for the stores do not delay the stop.
            async with (
                _asking(deployment, server, "GET", "/v1/alerts"),
                _asking(deployment, server, "POST", "/v1/feed/tickets"),
            ):
                took_s = await _stopped(server)
        assert took_s < ENDS_S
        assert int((await deployment.counts())["accepted"]) < inside.size
        _thaw(frozen)
        server = await deployment.server()
        await deployment.sent(server, answer["alert"]["id"])
        assert np.array_equal(await deployment.reached(), inside)
        assert (await deployment.counts())["duplicates"] <= repeats_max
    finally:
        _thaw(frozen)
        await deployment.close()


async def test_sigterm_ends_a_server_that_still_waits_for_postgresql(deployment: Deployment) -> None:
    """A PostgreSQL that accepts connections and never replies does not keep a starting server from ending."""
    connected = asyncio.Event()

    async def says_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.set()
        while await reader.read(1024):
            pass
        writer.close()

    silent = await asyncio.start_server(says_nothing, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    env = deployment.env(QQ_ALERT_DATABASE__URL=f"postgresql://nobody@127.0.0.1:{port}/nothing")
    server = deployment.own(Process("serve", env=env, log=deployment.log))
    await asyncio.wait_for(connected.wait(), START_S)
    assert await _stopped(server) < ENDS_S
    silent.close()
    await silent.wait_closed()


async def _alarmed(feed: aiohttp.ClientWebSocketResponse, silent: set[str]) -> None:
    """Wait until the feed has an alarm about each of these stores, and about no other."""
    alarmed: set[str] = set()
    while alarmed != silent:
        message = await feed.receive_json(timeout=START_S)
        if message["type"] == "alarm" and message["kind"] == AlarmKind.STORE_AWAY.value:
            alarmed.add(message["about"])
            assert alarmed <= silent


@asynccontextmanager
async def _asking(deployment: Deployment, server: Process, method: str, path: str) -> AsyncIterator[None]:
    """Send a request without waiting for its answer."""
    url = urlsplit(server.url)
    _, writer = await asyncio.open_connection(url.hostname, url.port)
    head = [f"{method} {path} HTTP/1.1", f"Host: {url.netloc}", f"Authorization: Bearer {deployment.token}"]
    writer.write("\r\n".join([*head, "Content-Length: 0", "", ""]).encode())
    await writer.drain()
    yield
    writer.close()


async def _some(deployment: Deployment) -> bool:
    return int((await deployment.counts())["accepted"]) >= WORKERS * BATCH


async def _stopped(server: Process) -> float:
    """Send SIGTERM; returns how long the server took to end gracefully."""
    started_s = time.monotonic()
    assert await asyncio.to_thread(server.end, signal.SIGTERM) == 0
    return time.monotonic() - started_s


async def _freeze(deployment: Deployment, stores: EmbeddedStores, silent: set[str]) -> list[int]:
    """Freeze the processes of the test's stores (SIGSTOP); returns their ids."""
    frozen: list[int] = []
    if "redis" in silent:
        client = aioredis.Redis.from_url(deployment.redis_url)
        frozen.append((await client.info("server"))["process_id"])
        await client.aclose()
    if "postgresql" in silent:
        connection = await asyncpg.connect(deployment.database_url)
        # The postmaster first, so that it starts no further processes.
        frozen.append(stores.pids()[0])
        os.kill(frozen[-1], signal.SIGSTOP)
        frozen += [row["pid"] for row in await connection.fetch("select pid from pg_stat_activity")]
        connection.terminate()
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    return frozen


def _thaw(frozen: list[int]) -> None:
    while frozen:
        os.kill(frozen.pop(), signal.SIGCONT)
