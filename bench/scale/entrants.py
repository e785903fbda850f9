"""Measure late entrants: how long one waits, and what a report costs while alerts live around those who report.

Residents report where they are; with each batch some users come in from outside. The record has the first sweep of one
alert; the others are copies of it with places of their own, as if they had been sent before. The push provider is
SIMULATED. Every ratio is to the smallest case of the same run. Bounded: `SECONDS` a measure, `WITHIN_S` for the last
entrant.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import aiohttp
import asyncpg
import click
import msgspec
import numpy as np
from redis import asyncio as aioredis

from bench.measures import Figure, one_alert, p99
from bench.scale.machine import Machine, machine_of
from bench.scale.reporters import BATCH, Reporters
from geo.connection import connect
from geo.index.position_index import PositionIndex
from push.fanout.packing import unpack
from server.demo.lanes import TPNS
from server.demo.people import generate
from server.demo.scene import boundaries, scene_of
from server.demo.world import running

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from server.demo.world import World
    from server.embedded import StoreUrls

PEOPLE: Final = (100_000, 1_000_000, 5_000_000)
ALERTS: Final = (1, 10, 100)
WORKERS: Final = 16
RATE: Final = 20_000
SECONDS: Final = 10.0
WARM_S: Final = 2.0
ENTRANTS_A_BATCH: Final = 1
WITHIN_S: Final = 120.0
POLL_INTERVAL_S: Final = 0.1
SPREAD_DEGREES: Final = 0.2
PASSES_LATER: Final = "update alert set next_sweep_at = now() + interval '1 day'"

_COPY: Final = """
with made as (
    insert into child_case (authority_id, case_number, content_digest, content, received_at)
    select c.authority_id, c.case_number || '-' || $2::uuid, c.content_digest, c.content, c.received_at
    from child_case c join alert a on a.case_id = c.id where a.id = $1 returning id
), alerts as (
    insert into alert
    select (jsonb_populate_record(a, jsonb_build_object(
        'id', $2::uuid, 'case_id', made.id, 'longitude', a.longitude + $3::float8, 'latitude', a.latitude + $4::float8,
        'changed', pg_current_xact_id()))).*
    from alert a, made where a.id = $1 returning id
), rings as (
    insert into ring select (jsonb_populate_record(r, jsonb_build_object('alert_id', alerts.id))).*
    from ring r, alerts where r.alert_id = $1 returning ring
), sweeps as (
    insert into sweep (alert_id, notice, ring, lane, version, open)
    select alerts.id, 'alert', rings.ring, $5, 1, false from rings, alerts returning id, ring
), units as (
    insert into sweep_unit (sweep_id, shard_from, shard_to, done, searched, passes)
    select sweeps.id, 0, 1024, true, true, 1 from sweeps
)
insert into ledger (alert_id, notice, shard_from, shard_to, batch_id, outcome, lane, unit_id, recipients, packed, at)
select alerts.id, l.notice, l.shard_from, l.shard_to, (random() * 9e18)::bigint,
       l.outcome, l.lane, l.unit_id, l.recipients, l.packed,
       l.at
from ledger l, alerts where l.alert_id = $1"""
_NOTIFIED: Final = """select l.at, l.packed from ledger l join sweep_unit u on u.id = l.unit_id
                      where u.entrants and l.outcome = 'accepted' and l.at > $1"""
_PASSES: Final = "select coalesce(sum(passes), 0)::bigint from sweep_unit where not entrants"


class Step(msgspec.Struct, frozen=True):
    """Some live alerts: CPU microseconds a report of each process, and seconds until an entry is in the ledger."""

    people: int
    alerts: int
    rate_per_s: float
    server_us: float
    redis_us: float
    postgres_us: float
    waits_s: list[float]
    entries: int

    @property
    def cpu_us(self) -> float:
        """What a report costs all of them."""
        return self.server_us + self.redis_us + self.postgres_us


async def entrants(
    stores: StoreUrls,
    folder: Path,
    people: Sequence[int] = PEOPLE,
    alerts: Sequence[int] = ALERTS,
    seconds: float = SECONDS,
) -> dict[str, Figure]:
    """Return what a report costs and how long an entrant waits with the most alerts and people, over the fewest."""
    steps: list[Step] = []
    for number in people:
        steps += await _world(stores, folder, number, alerts, seconds)
        await _empty(stores)
    figures: dict[str, Figure] = {}
    for step in steps:
        wait = f"{p99(step.waits_s):.2f} s p99, {max(step.waits_s):.2f} s at most" if step.waits_s else "nobody entered"
        click.echo(
            f"{step.people:,} people, {step.alerts} alerts, {step.rate_per_s:,.0f} reports/s: "
            f"{step.cpu_us:.1f} us of CPU a report (server {step.server_us:.1f}, Redis {step.redis_us:.1f}, "
            f"PostgreSQL {step.postgres_us:.1f}); "
            f"{len(step.waits_s)} of {step.entries} entries notified: {wait}",
            err=True,
        )
    for number in people:
        none, *some = [step for step in steps if step.people == number]
        fewest, most = some[0], some[-1]
        name = f"{number:,} people, {most.alerts} alerts"
        figures[f"{name}: report"] = _ratio(most.cpu_us, none.cpu_us, "us of CPU a report (floor: no alert)")
        figures[f"{name}: entrant p99"] = _ratio(
            p99(most.waits_s), p99(fewest.waits_s), f"s until recorded (floor: {fewest.alerts})"
        )
        figures[f"{name}: entrant median"] = _ratio(
            statistics.median(most.waits_s), statistics.median(fewest.waits_s), f"s (floor: {fewest.alerts})"
        )
    return figures


def _ratio(value: float, floor: float, unit: str) -> Figure:
    return Figure(round(value, 3), round(floor, 3), round(value / floor, 2) if floor else 0.0, unit)


async def _empty(stores: StoreUrls) -> None:
    """Leave the stores as a new world needs them."""
    connection = await asyncpg.connect(stores.postgres)
    await connection.execute("drop schema public cascade; create schema public")
    await connection.close()
    redis = aioredis.Redis.from_url(str(stores.redis))
    await redis.flushall()
    await redis.aclose()


async def _world(stores: StoreUrls, folder: Path, people: int, alerts: Sequence[int], seconds: float) -> list[Step]:
    """Return the steps for one number of people: without an alert, then with more and more."""
    if stores.postgres is None or stores.redis is None:
        raise RuntimeError("the benchmarks need both stores")
    scene = scene_of()
    columns: list[tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]] = []
    client = connect(stores.redis)
    index = PositionIndex(client, (TPNS,))
    for positions, inside in generate(people, scene):
        await index.record(positions)
        parts = np.array(positions.longitudes), np.array(positions.latitudes), np.array(positions.users)
        columns.append((parts[0][inside], parts[1][inside], parts[2][inside]))
    await client.aclose()
    async with running(stores, folder, WORKERS, boundaries()) as world:
        connection = await asyncpg.connect(stores.postgres)
        machine = await machine_of(stores, world)
        reporters = Reporters(world, *(np.concatenate(parts) for parts in zip(*columns, strict=True)))
        place = scene.longitude, scene.latitude
        steps = [await _step(world, connection, machine, reporters, place, 0, people, seconds)]
        await one_alert(world, str(stores.postgres), scene)
        first = await connection.fetchval("select id from alert")
        rng = np.random.default_rng(2)
        live = 1
        for number in alerts:
            for _ in range(number - live):
                shift = rng.uniform(-SPREAD_DEGREES, SPREAD_DEGREES, 2).tolist()
                await connection.execute(_COPY, first, uuid4(), *shift, TPNS, timeout=WITHIN_S)
            live = number
            await connection.execute(PASSES_LATER)
            steps.append(await _step(world, connection, machine, reporters, place, number, people, seconds))
        await connection.close()
    return steps


async def _step(
    world: World,
    connection: asyncpg.Connection[asyncpg.Record],
    machine: Machine,
    reporters: Reporters,
    place: tuple[float, float],
    alerts: int,
    people: int,
    seconds: float,
) -> Step:
    headers = {"Authorization": f"Bearer {world.token}", "Content-Type": "application/msgpack"}
    async with aiohttp.ClientSession(headers=headers) as session:
        await reporters.outside(session, int(RATE / BATCH * seconds * ENTRANTS_A_BATCH) + BATCH)
        await _load(session, reporters, WARM_S, None)
        passes = await connection.fetchval(_PASSES)
        before_s = machine.used_s()
        reports, took_s = await _load(session, reporters, seconds, None)
        used_us = (machine.used_s() - before_s) / reports * 1e6
        if await connection.fetchval(_PASSES) != passes:
            raise RuntimeError("residents who stayed caused a pass")
        waits: list[float] = []
        reporters.entered.clear()
        if alerts:
            since = datetime.now(UTC)
            await _load(session, reporters, seconds, place)
            waits = await _waits(connection, reporters.entered, since, alerts)
    server_us, redis_us, postgres_us = used_us.tolist()
    return Step(
        people=people,
        alerts=alerts,
        rate_per_s=reports / took_s,
        server_us=server_us,
        redis_us=redis_us,
        postgres_us=postgres_us,
        waits_s=waits,
        entries=len(reporters.entered) * alerts,
    )


async def _load(
    session: aiohttp.ClientSession, reporters: Reporters, seconds: float, place: tuple[float, float] | None
) -> tuple[int, float]:
    """Report at `RATE`, or as fast as it is answered; with a place users come in there. Returns (reports, seconds)."""
    started_s, reports = time.perf_counter(), 0
    while (elapsed_s := time.perf_counter() - started_s) < seconds:
        if reports > elapsed_s * RATE:
            await asyncio.sleep(reports / RATE - elapsed_s)
            continue
        rows = reporters.residents(BATCH)
        if place is not None:
            rows[-ENTRANTS_A_BATCH:] = reporters.newcomers(ENTRANTS_A_BATCH, place)
        await reporters.post(session, rows)
        reports += BATCH
    return reports, time.perf_counter() - started_s


async def _waits(
    connection: asyncpg.Connection[asyncpg.Record], entered: dict[int, float], since: datetime, alerts: int
) -> list[float]:
    """Return how long each entry waited until the ledger had it, once it has all of them."""
    try:
        async with asyncio.timeout(WITHIN_S):
            while True:
                rows = await connection.fetch(_NOTIFIED, since)
                found = [(at.timestamp(), user) for at, packed in rows for user in unpack(packed).tolist()]
                waits = [at - entered[user] for at, user in found if user in entered]
                if len(waits) >= len(entered) * alerts:
                    break
                await asyncio.sleep(POLL_INTERVAL_S)
    except TimeoutError:
        click.echo(f"not all entries were notified within {WITHIN_S:.0f} s", err=True)
    return waits
