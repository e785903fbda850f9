"""Measure how fast a stop is: how late the last request is when an alert is cancelled in the middle of its sweeps.

Two servers share every alert at full rate; the push provider is SIMULATED and records when each request arrives, by the
same clock. Everybody notified until then must get the cancel, once. Bounded: `CANCELS` alerts, `WITHIN_S` each.
"""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING, Final

import aiohttp
import asyncpg
import click
import msgspec

from bench.measures import Figure, case
from server.administration.file_case import send_case
from server.demo.lanes import TPNS, environ
from server.demo.people import populate
from server.demo.scene import boundaries, scene_of
from server.demo.world import AUTHORITY, World, another_server, provider, server

if TYPE_CHECKING:
    from pathlib import Path

    from server.embedded import StoreUrls

CANCELS: Final = 50
WORKERS: Final = 16
WITHIN_S: Final = 120.0
POLL_INTERVAL_S: Final = 0.02
PROMISED_MS: Final = 250.0
SHARES: Final = (0.1, 0.8)
"""The least and the largest share of the audience that is notified before the cancel; chosen at random."""

_NOTIFIED: Final = """select coalesce(sum(u.accepted), 0)::bigint from sweep s join sweep_unit u on u.sweep_id = s.id
                      where s.alert_id = $1 and s.notice = $2"""
_OPEN: Final = """select count(*) from sweep s join sweep_unit u on u.sweep_id = s.id
                  where s.alert_id = $1 and s.notice = 'cancel' and not u.done"""


class Stopped(msgspec.Struct, frozen=True):
    """One cancel: milliseconds from its answer to the last request of the alert, and the recipients until then."""

    late_ms: float
    notified: int


async def stop(stores: StoreUrls, folder: Path, people: int, cancels: int = CANCELS) -> dict[str, Figure]:
    """Return the 99th percentile of the delay over all cancels, with the promised bound."""
    if stores.postgres is None or stores.redis is None:
        raise RuntimeError("the benchmarks need both stores")
    in_area = (await populate(stores.redis, people, scene_of(), lambda _: None)).in_area
    async with provider(TPNS, folder) as endpoint:
        settings = environ(TPNS, folder, endpoint, workers=str(WORKERS))
        async with (
            server(stores, folder, {TPNS: endpoint}, settings, boundaries()) as world,
            another_server(stores, folder, settings, boundaries()) as (other_url, _),
        ):
            connection = await asyncpg.connect(stores.postgres)
            try:
                stops = [
                    await _cancel(world, (world.server_url, other_url)[number % 2], connection, number, in_area)
                    for number in range(cancels)
                ]
            finally:
                await connection.close()
    late = sorted(one.late_ms for one in stops)
    p50, p99 = late[len(late) // 2], late[min(len(late) - 1, len(late) * 99 // 100)]
    notified = sorted(one.notified for one in stops)
    click.echo(
        f"{len(late)} cancels: last request {p50:.1f} ms (median), {p99:.1f} ms (p99), {late[-1]:.1f} ms (most) after "
        f"the answer; {notified[0]:,} to {notified[-1]:,} of {in_area:,} were notified before, "
        "and each got the cancel once",
        err=True,
    )
    # The last request can arrive before the answer; a ratio needs a number above zero.
    value = max(p99, 0.001)
    return {"stop": Figure(value, PROMISED_MS, value / PROMISED_MS, "ms to the last request, p99 (floor: promised)")}


async def _cancel(world: World, url: str, connection: asyncpg.Connection, number: int, in_area: int) -> Stopped:
    """File a case, cancel it at a random moment, and compare the provider's counts with the record."""
    headers = {"Authorization": f"Bearer {world.token}"}
    case_number = f"STOP-{number}"
    filed = msgspec.json.encode(msgspec.json.decode(case(scene_of())) | {"case_number": case_number})
    async with aiohttp.ClientSession(headers=headers) as session, asyncio.timeout(WITHIN_S):
        await session.post(f"{world.provider_url}/simulated/reset")
        _, answer = await send_case(url, AUTHORITY, world.secret, filed)
        alert = msgspec.json.decode(answer)["alert"]["id"]
        share = random.uniform(*SHARES)
        while await connection.fetchval(_NOTIFIED, alert, "alert") < share * in_area:
            await asyncio.sleep(POLL_INTERVAL_S)
        change_request = msgspec.json.encode({"reason": "a benchmark of stops", "case_number": case_number})
        async with session.post(f"{url}/v1/alerts/{alert}/cancel", data=change_request) as response:
            answered_at = time.time()
            if response.status != 200:
                raise RuntimeError(f"cancel was answered {response.status}")
        while await connection.fetchval(_OPEN, alert):
            await asyncio.sleep(POLL_INTERVAL_S)
        async with session.get(f"{world.provider_url}/simulated/counts") as response:
            counts = await response.json()
        notified = await connection.fetchval(_NOTIFIED, alert, "alert")
        withdrawn = await connection.fetchval(_NOTIFIED, alert, "cancel")
    notified_once = (
        notified == withdrawn == counts["distinct"] == counts["duplicates"] and counts["max_per_account"] == 2
    )
    if not notified_once or set(counts["titles"].values()) != {notified}:
        raise RuntimeError(f"{notified} were notified, {withdrawn} got the cancel; the provider counted {counts}")
    first, last = counts["titles"], counts["last_by_title"]
    title = next(title for title in first if "撤销" not in title)
    return Stopped(max(0.0, (last[title] - answered_at) * 1000), notified)
