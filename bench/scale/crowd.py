"""Measure many alerts at once: what each costs, and how long the next case takes.

Cases are filed one after the other and run together, with one more behind them; another one is filed once they are all
sent and live on; then all are cancelled, and so are as many that notified nobody. The push providers are SIMULATED.
Every ratio is to the fewest alerts of the same run. Bounded: `WITHIN_S` for all alerts of a step.
"""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import aiohttp
import asyncpg
import click
import msgspec

from bench.measures import Figure, case
from bench.scale.machine import Machine, machine_of
from server.administration.file_case import send_case
from server.demo.lanes import LANES, TPNS
from server.demo.people import populate
from server.demo.scene import boundaries, scene_of
from server.demo.world import AUTHORITY, World, running

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from server.embedded import StoreUrls

ALERTS: Final = (4, 16, 64)
ALERTS_IN_LANES: Final = (1, 10, 100, 300)
PEOPLE: Final = 33_000
"""About 20,000 of them stand in the area."""

PEOPLE_IN_LANES: Final = 8_000
"""About 5,000 in the area. A lane of tokens takes a request for each: 300 alerts are sent within `WITHIN_S`."""

WORKERS: Final = 16
WITHIN_S: Final = 900.0
POLL_INTERVAL_S: Final = 0.05
NEXT: Final = "小红"
NOBODYS: Final = 20
IDLE_S: Final = 30.0
"""Long enough that what comes once in some seconds is not taken for what comes always."""

_ALL_SENT: Final = "select not exists (select from alert where state = 'sending')"
_NOTIFIED: Final = """select coalesce(sum(u.accepted), 0)::bigint from sweep s join sweep_unit u on u.sweep_id = s.id
                      where s.notice = 'alert' and s.alert_id = any($1::uuid[])"""
_ONE_SENT: Final = "select sent_at is not null from alert where id = $1"
_NONE_DUE: Final = """select not exists (select from alert where state = 'sending')
                     and not exists (select from alert where state = 'sent' and next_sweep_at < now() + $1::interval)
                     and not exists (select from sweep s join sweep_unit u on u.sweep_id = s.id
                                     where not u.done and u.passes > 0 and s.notice = 'alert')"""
_NONE_OPEN: Final = """select not exists (select from sweep s join sweep_unit u on u.sweep_id = s.id
                                          where not u.done and s.notice = 'cancel')"""


class Step(msgspec.Struct, frozen=True):
    """Some alerts at once: seconds until all were sent, CPU seconds an alert of PostgreSQL and of the server.

    `waited_s`: from the filing of the case right behind them until it was sent. `first_s`, `complete_s`: from that
    of the next one, when they were all sent, to its first request, and until it was sent. `cancel_ms`: CPU of
    PostgreSQL for a cancel of an alert that notified nobody. `idle`: cores of server and stores while all live on.
    """

    alerts: int
    seconds: float
    postgres_s: float
    server_s: float
    waited_s: float
    first_s: float
    complete_s: float
    cancel_ms: float
    idle: float
    missing: int


async def crowd(stores: StoreUrls, folder: Path) -> dict[str, Figure]:
    """Measure alerts in one lane."""
    return await _crowd(stores, folder, PEOPLE, ALERTS, (TPNS,))


async def crowd_in_lanes(stores: StoreUrls, folder: Path) -> dict[str, Figure]:
    """Measure alerts in every lane that has a simulated provider here."""
    return await _crowd(stores, folder, PEOPLE_IN_LANES, ALERTS_IN_LANES, tuple(LANES))


async def _crowd(
    stores: StoreUrls, folder: Path, people: int, alerts: Sequence[int], lanes: Sequence[str]
) -> dict[str, Figure]:
    """Return what the most alerts cost each, and what the next case takes, with the fewest as floor."""
    if stores.postgres is None or stores.redis is None:
        raise RuntimeError("the benchmarks need both stores")
    in_area = (await populate(stores.redis, people, scene_of(), lambda _: None, lanes)).in_area
    async with running(stores, folder, WORKERS, boundaries(), lanes) as world:
        connection = await asyncpg.connect(stores.postgres)
        machine = await machine_of(stores, world)
        try:
            await _step(world, connection, machine, 1, in_area)
            steps: list[Step] = []
            for number in alerts:
                steps.append(await _step(world, connection, machine, number, in_area))
                _say(steps[-1], len(lanes), in_area)
        finally:
            await connection.close()
    fewest, most = steps[0], steps[-1]
    name = f"{most.alerts} alerts, {len(lanes)} lanes"
    floor = f"(floor: {fewest.alerts} alerts)"
    return {
        f"{name}: PostgreSQL": _ratio(most.postgres_s, fewest.postgres_s, f"CPU s an alert {floor}"),
        f"{name}: server": _ratio(most.server_s, fewest.server_s, f"CPU s an alert {floor}"),
        f"{name}: next, first": _ratio(most.first_s, fewest.first_s, f"s to a request {floor}"),
        f"{name}: next, complete": _ratio(most.complete_s, fewest.complete_s, f"s to the end {floor}"),
        f"{name}: cancel": _ratio(most.cancel_ms, 50.0, "CPU ms of a cancel of nobody (floor: the bound)"),
        f"{name}: idle": _ratio(most.idle * 100, 3.0, "% of a core (floor: the bound)"),
    }


def _say(step: Step, lanes: int, in_area: int) -> None:
    click.echo(
        f"{step.alerts} alerts in {lanes} lanes: sent after {step.seconds:.1f} s, the one behind them after "
        f"{step.waited_s:.1f} s; {step.postgres_s:.3f} s of PostgreSQL and {step.server_s:.3f} s of the server an "
        f"alert; the next case: first request {step.first_s * 1000:.0f} ms, complete {step.complete_s:.2f} s; "
        f"{step.cancel_ms:.1f} ms of PostgreSQL a cancel that reaches nobody; idle {step.idle:.1%} of a core; "
        f"{step.missing:,} of {in_area * (step.alerts + 2):,} recipients missing",
        err=True,
    )


def _ratio(value: float, floor: float, unit: str) -> Figure:
    return Figure(round(value, 3), round(floor, 3), round(value / floor, 2) if floor else 0.0, unit)


async def _step(world: World, connection: asyncpg.Connection, machine: Machine, number: int, in_area: int) -> Step:
    headers = {"Authorization": f"Bearer {world.token}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        await session.post(f"{world.provider_url}/simulated/reset")
        before_s = machine.used_s()
        started_s = time.perf_counter()
        alerts = [await _file(world, "小明") for _ in range(number)]
        behind_s = time.perf_counter()
        alerts.append(await _file(world, "小明"))
        waited_s = await _until(connection, _ONE_SENT, alerts[-1], since_s=behind_s)
        seconds = await _until(connection, _ALL_SENT, since_s=started_s)
        server_s, _, postgres_s = (machine.used_s() - before_s) / (number + 1)
        filed_at, next_s = time.time(), time.perf_counter()
        alerts.append(await _file(world, NEXT))
        complete_s = await _until(connection, _ONE_SENT, alerts[-1], since_s=next_s)
        async with session.get(f"{world.provider_url}/simulated/counts") as response:
            firsts = (await response.json())["first_by_title"]
        notified = await connection.fetchval(_NOTIFIED, alerts)
        idle = await _idle(connection, machine)
        await _cancel(session, world, connection, alerts)
        cancel_ms = await _cancel_nobodys(session, world, connection, machine)
    return Step(
        alerts=number,
        seconds=seconds,
        postgres_s=float(postgres_s),
        server_s=float(server_s),
        waited_s=waited_s,
        first_s=next((at for title, at in firsts.items() if NEXT in title), float("nan")) - filed_at,
        complete_s=complete_s,
        cancel_ms=cancel_ms,
        idle=idle,
        missing=in_area * (number + 2) - notified,
    )


async def _until(connection: asyncpg.Connection, condition: str, *arguments: object, since_s: float) -> float:
    """Wait until a condition of the record is true; returns the seconds since `since_s`."""
    try:
        async with asyncio.timeout(WITHIN_S):
            while not await connection.fetchval(condition, *arguments):
                await asyncio.sleep(POLL_INTERVAL_S)
    except TimeoutError:
        click.echo(f"not within {WITHIN_S:.0f} s: {condition}", err=True)
    return time.perf_counter() - since_s


async def _idle(connection: asyncpg.Connection, machine: Machine) -> float:
    """Return how many cores both stores and the server use while nothing is due.

    A minute after its first send each alert has a full pass over its area, which is work and not idleness: they are
    waited for.
    """
    await _until(connection, _NONE_DUE, timedelta(seconds=2 * IDLE_S), since_s=0.0)
    before_s = machine.used_s()
    await asyncio.sleep(IDLE_S)
    return float((machine.used_s() - before_s).sum()) / IDLE_S


async def _cancel_nobodys(
    session: aiohttp.ClientSession, world: World, connection: asyncpg.Connection, machine: Machine
) -> float:
    """Cancel alerts far from everybody; returns the CPU of PostgreSQL for each, in milliseconds."""
    alerts = [await _file(world, "小明", longitude=90.0, latitude=35.0) for _ in range(NOBODYS)]
    await _until(connection, _ALL_SENT, since_s=0.0)
    before_s = machine.used_s()
    await _cancel(session, world, connection, alerts)
    _, _, postgres_s = machine.used_s() - before_s
    return float(postgres_s) / NOBODYS * 1000


async def _file(world: World, name: str, **place: float) -> str:
    filed = msgspec.json.decode(case(scene_of()))
    filed["child"]["name"] = name
    filed["last_seen"] |= place
    status, answer = await send_case(world.server_url, AUTHORITY, world.secret, msgspec.json.encode(filed))
    if status != 202:
        raise RuntimeError(f"a case was answered {status}")
    alert: str = msgspec.json.decode(answer)["alert"]["id"]
    return alert


async def _cancel(
    session: aiohttp.ClientSession, world: World, connection: asyncpg.Connection, alerts: Sequence[str]
) -> None:
    """End the alerts of a step, and wait until their follow-up notices are through."""
    for alert in alerts:
        number = await connection.fetchval(
            "select c.case_number from child_case c join alert a on a.case_id = c.id where a.id = $1", alert
        )
        body = msgspec.json.encode({"reason": "the end of a step", "case_number": number})
        async with session.post(f"{world.server_url}/v1/alerts/{alert}/cancel", data=body) as response:
            if response.status != 200:
                raise RuntimeError(f"cancel was answered {response.status}")
    await _until(connection, _NONE_OPEN, since_s=0.0)
