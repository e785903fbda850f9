"""Measures of lanes: the rate of each compared with another lane's, or with h2load's.

Every turn runs a new server with the same people, and the lanes that are compared take turns. Bounded: the caller's
runs, `SENT_S` a turn, `HOLD_S` of a held rate. All providers are simulated, or nghttpd.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import aiohttp
import asyncpg
import click
import msgspec

from bench import http2_servers
from bench.engines import libcurl
from bench.measures import Figure, case, figure
from push.message.content import Message, Text
from push.providers import fcm
from server.administration.file_case import send_case
from server.demo.lanes import TPNS, environ
from server.demo.people import populate
from server.demo.scene import boundaries, scene_of
from server.demo.world import AUTHORITY, provider, server

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from server.demo.lanes import Endpoint
    from server.embedded import StoreUrls

LANES = (TPNS, TPNS, TPNS, "huawei", "fcm")
"""The lanes of the people, in turn: three in five are in the lane with which the others are compared."""

START_SHARE = 0.2
"""Rates are measured after this share of the recipients, without the cost of a lane's start."""

WORKERS = 16
SENT_S = 300.0
POLL_INTERVAL_S = 0.02
DELAY_S = 0.05
HELD_PER_S = 10_000
HOLD_S = 60.0
HOLD_START = timedelta(seconds=2)
"""A held rate is measured from this time on."""

LOADS = 4
"""h2load and libcurl make this many times fewer requests than there are people; their rate does not depend on it."""

FAULTS: Mapping[str, tuple[str, ...]] = {
    "down": ("--outage", "0:3600"),
    "slow": ("--latency-ms", "5000"),
    "misconfigured": ("--project-id", "another"),
}
_UNDONE = "select count(*) from sweep_unit u join sweep s on s.id = u.sweep_id where s.lane = $1 and not u.done"
_COMMITS = "select at, recipients from ledger where lane = $1 and outcome = 'accepted' order by at, batch_id"
_NOTIFIED = """select coalesce(sum(recipients), 0)::bigint as notified, max(at) as last
               from ledger where lane = $1 and outcome = 'accepted' and at <= coalesce($2::timestamptz, at)"""


class Turn(msgspec.Struct, frozen=True):
    """One alert in one lane: its recipients, their rate a second, and the CPU seconds of the server's process."""

    notified: int
    per_s: float
    cpu_s: float


class Lanes:
    """Measured alerts, one after the other, on one pair of stores."""

    def __init__(self, stores: StoreUrls, folder: Path) -> None:
        if stores.postgres is None or stores.redis is None:
            raise RuntimeError("the benchmarks need both stores")
        self._stores = stores
        self._folder = folder
        self._database_url, self._redis_url = stores.postgres, stores.redis

    async def populate(self, people: int) -> None:
        """Put people into the index."""
        await populate(self._redis_url, people, scene_of(), lambda _: None, LANES)

    async def batch(self, lane: str, *, beside: tuple[str, tuple[str, ...]] | None = None) -> Turn:
        """File a case with one lane, perhaps beside another whose provider has the given options."""
        async with AsyncExitStack() as stack:
            providers = {lane: await stack.enter_async_context(provider(lane, self._folder))}
            if beside is not None:
                other, options = beside
                providers[other] = await stack.enter_async_context(provider(other, self._folder, *options))
            settings: dict[str, str] = {}
            for name, endpoint in providers.items():
                settings |= environ(name, self._folder, endpoint, workers=str(WORKERS))
            return await self._turn(lane, providers, settings)

    async def token(self, settings: dict[str, str], until_s: float | None = None) -> Turn:
        """File a case with the FCM lane; `until_s`: count only recipients notified within."""
        return await self._turn("fcm", {}, settings, until_s)

    async def _turn(
        self, lane: str, providers: dict[str, Endpoint], settings: dict[str, str], until_s: float | None = None
    ) -> Turn:
        connection = await asyncpg.connect(self._database_url)
        try:
            async with server(self._stores, self._folder, providers, settings, boundaries()) as world:
                before_s = await _cpu_s(world.server_url)
                filed_at = datetime.now(UTC)
                await send_case(world.server_url, AUTHORITY, world.secret, case(scene_of()))
                limit = None if until_s is None else filed_at + timedelta(seconds=until_s)
                async with asyncio.timeout(SENT_S):
                    while await connection.fetchval(_UNDONE, lane) and (limit is None or datetime.now(UTC) < limit):
                        await asyncio.sleep(POLL_INTERVAL_S)
                cpu_s = await _cpu_s(world.server_url) - before_s
                if limit is None or datetime.now(UTC) < filed_at + 2 * HOLD_START:
                    return Turn(*await _steady(connection, lane), cpu_s)
                earlier, _ = await _notified(connection, lane, filed_at + HOLD_START)
                notified, last = await _notified(connection, lane, limit)
                return Turn(
                    notified - earlier, (notified - earlier) / (last - filed_at - HOLD_START).total_seconds(), cpu_s
                )
        finally:
            # The next turn must find no live alert.
            await connection.execute("truncate ledger, authority cascade")
            await connection.close()


async def lanes(stores: StoreUrls, folder: Path, people: int, runs: int) -> dict[str, Figure]:
    """Return every figure of this module; without nghttpd and h2load only those of batch lanes."""
    turns = Lanes(stores, folder)
    await turns.populate(people)
    return await _batch(turns, runs) | await _http2(turns, folder, people, runs)


async def _batch(turns: Lanes, runs: int) -> dict[str, Figure]:
    alone: list[float] = []
    tokens: list[float] = []
    beside: dict[str, list[float]] = {name: [] for name in FAULTS}
    for _ in range(runs):
        alone.append((await turns.batch(TPNS)).per_s)
        tokens.append((await turns.batch("huawei")).per_s)
        for name, options in FAULTS.items():
            beside[name].append((await turns.batch(TPNS, beside=("huawei", options))).per_s)
    figures = {"batch lane": figure(tokens, alone, "recipients/s of Huawei by token (floor: of TPNS by account)")}
    for name, rates in beside.items():
        figures[f"beside {name}"] = figure(rates, alone, f"recipients/s of TPNS, Huawei {name} (floor: alone)")
    return figures


async def _http2(turns: Lanes, folder: Path, people: int, runs: int) -> dict[str, Figure]:
    absent = http2_servers.missing()
    if absent is not None:
        click.echo(f"token lanes are not measured: {absent}", err=True)
        return {}
    body, requests = example(), max(1000, people // LOADS)
    values: list[float] = []
    curl: list[float] = []
    floors: list[float] = []
    async with http2_servers.nghttpd(folder / "nghttpd") as peer:
        for _ in range(runs):
            turn = await turns.token(peer.settings())
            values.append(turn.notified / turn.cpu_s)
            floors.append(await asyncio.to_thread(http2_servers.h2load, peer, body, requests))
            curl.append(await asyncio.to_thread(libcurl, peer, body, requests // LOADS))
        async with http2_servers.delayed(peer.port, DELAY_S) as port:
            settings = peer.settings(url=f"https://127.0.0.1:{port}", rate_per_s=str(HELD_PER_S), ramp_s="0")
            held = await turns.token(settings, HOLD_S)
    return {
        "token lane": figure(values, floors, "requests a CPU s of the whole server, ledger on (floor: h2load)"),
        "libcurl": figure(curl, floors, "requests a CPU s of libcurl alone (floor: h2load)"),
        "held": figure([held.per_s], [HELD_PER_S], "recipients/s held, 100 ms away (floor: configured)"),
    }


def example() -> bytes:
    """Return an FCM request body as long as those of the lane."""
    text = Text("寻人：6岁男孩小明", "2026年11月23日15:40在深圳市福田区莲花山公园南门走失。", "有线索请拨打110。")
    message = Message(alert_id=UUID(int=1), notice="alert", locale="zh-CN", text=text, expires=datetime.now(UTC))
    return msgspec.json.encode(
        {"message": {"token": "x" * 64, **fcm.render(message, text.joined(), "alerts", 259_200)}}
    )


async def _steady(connection: asyncpg.Connection[asyncpg.Record], lane: str) -> tuple[int, float]:
    """Return how many recipients were notified, and their rate a second after the first fifth of them."""
    rows = await connection.fetch(_COMMITS, lane)
    notified = sum(row["recipients"] for row in rows)
    before = 0
    for row in rows:
        before += row["recipients"]
        if before >= START_SHARE * notified:
            return notified, (notified - before) / max(0.001, (rows[-1]["at"] - row["at"]).total_seconds())
    raise RuntimeError(f"nobody was notified in the lane {lane}")


async def _notified(
    connection: asyncpg.Connection[asyncpg.Record], lane: str, until: datetime | None
) -> tuple[int, datetime]:
    """Return how many recipients were notified until a moment, and when the last of them was."""
    row = await connection.fetchrow(_NOTIFIED, lane, until)
    if row is None or row["last"] is None:
        raise RuntimeError(f"nobody was notified in the lane {lane}")
    return row["notified"], row["last"]


async def _cpu_s(server_url: str) -> float:
    """Return the CPU seconds that the server's process has used."""
    async with aiohttp.ClientSession() as session, session.get(f"{server_url}/metrics") as response:
        lines: list[str] = (await response.text()).splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("process_cpu_seconds_total "))
