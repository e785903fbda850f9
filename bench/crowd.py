"""Measure many alerts at once: what each costs, and how long the next case waits behind them.

Cases are filed one after the other and run together; one more is filed behind them. The push providers are SIMULATED.
Every ratio is to the fewest alerts of the same run. Bounded: `WITHIN_S` for all alerts of a step.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

import aiohttp
import asyncpg
import click
import msgspec

from bench.cpu import cpu_s, parent_of
from bench.measures import Figure, case
from server.administration.file_case import send_case
from server.demo.lanes import TPNS
from server.demo.people import populate
from server.demo.scene import boundaries, scene_of
from server.demo.world import AUTHORITY, World, running

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from server.embedded import StoreUrls

ALERTS: Final = (4, 16, 64)
PEOPLE: Final = 33_000
"""About 20,000 of them stand in the area."""

WORKERS: Final = 16
WITHIN_S: Final = 300.0
POLL_INTERVAL_S: Final = 0.05
NEXT: Final = "小红"

_ALL_SENT: Final = "select not exists (select from alert where state = 'sending')"
_NOTIFIED: Final = """select coalesce(sum(u.accepted), 0)::bigint from sweep s join sweep_unit u on u.sweep_id = s.id
                      where s.notice = 'alert' and s.alert_id = any($1::uuid[])"""
_SENT: Final = "select sent_at from alert where id = $1"
_OPEN: Final = """select count(*) from sweep s join sweep_unit u on u.sweep_id = s.id join alert a on a.id = s.alert_id
                  where not u.done and s.notice = 'cancel'"""


class Step(msgspec.Struct, frozen=True):
    """Some alerts at once: seconds until all were sent, CPU seconds an alert of PostgreSQL and of the server.

    `first_s`, `complete_s`: from the next case's filing to its first request, and until it was sent.
    """

    alerts: int
    seconds: float
    postgres_s: float
    server_s: float
    first_s: float
    complete_s: float
    missing: int


async def crowd(
    stores: StoreUrls, folder: Path, alerts: Sequence[int] = ALERTS, lanes: Sequence[str] = (TPNS,)
) -> dict[str, Figure]:
    """Return what the most alerts cost each, and what the next case waits, with the fewest as floor."""
    if stores.postgres is None or stores.redis is None:
        raise RuntimeError("the benchmarks need both stores")
    in_area = (await populate(stores.redis, PEOPLE, scene_of(), lambda _: None)).in_area
    async with running(stores, folder, WORKERS, boundaries(), lanes) as world:
        connection = await asyncpg.connect(stores.postgres)
        postgres = parent_of(await connection.fetchval("select pg_backend_pid()"))
        try:
            await _step(world, connection, postgres, 1, in_area)
            steps = [await _step(world, connection, postgres, number, in_area) for number in alerts]
        finally:
            await connection.close()
    for step in steps:
        click.echo(
            f"{step.alerts} alerts: sent after {step.seconds:.1f} s, {step.postgres_s:.2f} s of PostgreSQL and "
            f"{step.server_s:.2f} s of the server an alert; the next case: first request {step.first_s * 1000:.0f} ms, "
            f"complete {step.complete_s:.1f} s; {step.missing} of {in_area * (step.alerts + 1):,} recipients missing",
            err=True,
        )
    fewest, most = steps[0], steps[-1]
    name = f"{most.alerts} alerts in {len(lanes)} lanes"
    return {
        f"{name}: PostgreSQL": _ratio(most.postgres_s, fewest.postgres_s, f"CPU s an alert (floor: {fewest.alerts})"),
        f"{name}: server": _ratio(most.server_s, fewest.server_s, f"CPU s an alert (floor: {fewest.alerts})"),
        f"{name}: next first": _ratio(most.first_s, fewest.first_s, f"s to a request (floor: {fewest.alerts})"),
        f"{name}: next complete": _ratio(most.complete_s, fewest.complete_s, f"s to the end (floor: {fewest.alerts})"),
    }


def _ratio(value: float, floor: float, unit: str) -> Figure:
    return Figure(round(value, 3), round(floor, 3), round(value / floor, 2) if floor else 0.0, unit)


async def _step(world: World, connection: asyncpg.Connection, postgres: int, number: int, in_area: int) -> Step:
    server = world.server_pid
    headers = {"Authorization": f"Bearer {world.token}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        await session.post(f"{world.provider_url}/simulated/reset")
        before = cpu_s(postgres, children=True), cpu_s(server, children=False)
        started_s = time.perf_counter()
        alerts = [await _file(world, "小明") for _ in range(number)]
        filed_at = time.time()
        last = await _file(world, NEXT)
        try:
            async with asyncio.timeout(WITHIN_S):
                while (await connection.fetchval(_SENT, last)) is None:
                    await asyncio.sleep(POLL_INTERVAL_S)
                complete_s = time.time() - filed_at
                while not await connection.fetchval(_ALL_SENT):
                    await asyncio.sleep(POLL_INTERVAL_S)
        except TimeoutError:
            click.echo(f"{number} alerts were not sent within {WITHIN_S:.0f} s", err=True)
            complete_s = time.time() - filed_at
        seconds = time.perf_counter() - started_s
        after = cpu_s(postgres, children=True), cpu_s(server, children=False)
        async with session.get(f"{world.provider_url}/simulated/counts") as response:
            counts = await response.json()
        first = next((at for title, at in counts["first_by_title"].items() if NEXT in title), float("nan"))
        notified = await connection.fetchval(_NOTIFIED, [*alerts, last])
        await _cancel(session, world, connection, [*alerts, last])
    return Step(
        alerts=number,
        seconds=seconds,
        postgres_s=(after[0] - before[0]) / (number + 1),
        server_s=(after[1] - before[1]) / (number + 1),
        first_s=first - filed_at,
        complete_s=complete_s,
        missing=in_area * (number + 1) - notified,
    )


async def _file(world: World, name: str) -> str:
    filed = msgspec.json.decode(case(scene_of()))
    filed["child"]["name"] = name
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
    async with asyncio.timeout(WITHIN_S):
        while await connection.fetchval(_OPEN):
            await asyncio.sleep(POLL_INTERVAL_S)
