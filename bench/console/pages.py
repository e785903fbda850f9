"""Measure what pages cost: bytes of the first visit and of later ones, and an overview of many alerts.

Bounded: `ALERTS` alerts, `WATCHED_S` of watching.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import asyncpg
import click
import msgspec

from bench.console.browser import LIVE, WITHIN_MS, chromium, sign_in
from bench.measures import Figure, cancel, case
from server.administration.file_case import send_case
from server.demo.world import AUTHORITY

if TYPE_CHECKING:
    from playwright.async_api import Page

    from server.demo.scene import Scene
    from server.demo.world import World

FIRST_KB, LATER_KB = 250.0, 30.0
OVERVIEW_KB, PAINT_MS, CORE_SHARE = 300.0, 1000.0, 0.1
ALERTS, LIVE_ALERTS = 1000, 50
SETTLES_S: Final = 3.0
"""After a page is live its parts are written again once: that counts as the visit's."""

WATCHED_S: Final = 10.0
KB: Final = 1000.0
AT_ONCE: Final = 8
TRIES: Final = 20
TRY_AGAIN_S: Final = 0.5
"""A record that is busy answers 503: then a case is filed again."""

_END: Final = """update alert set state = 'cancelled', ended_at = now()
                 where state in ('received', 'in_review', 'scheduled', 'sending', 'sent', 'paused')"""


def _bound(value: float, promised: float, unit: str) -> Figure:
    return Figure(round(value, 3), promised, round(value / promised, 3), f"{unit} (floor: promised)")


async def visits(world: World, scene: Scene) -> dict[str, Figure]:
    """Return the kilobytes of the first visit, from the sign-in to a review, and the most of a later one."""
    filed = case(scene)
    _, answer = await send_case(world.server_url, AUTHORITY, world.secret, filed)
    alert = msgspec.json.decode(answer)["alert"]["id"]
    async with chromium() as browser:
        page, counted = await sign_in(await browser.new_context(), world)
        paths = ("/console", f"/console/alerts/{alert}", f"/console/alerts/{alert}/review")
        for path in paths:
            await _visit(page, f"{world.server_url}{path}")
        first = counted.taken()
        later: list[int] = []
        for path in paths:
            await _visit(page, f"{world.server_url}{path}")
            later.append(counted.taken())
    # Else it would reach whoever comes into its area while other alerts are measured.
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {world.token}"}) as session:
        await cancel(world, session, alert, filed)
    sizes = ", ".join(f"{path.rpartition('/')[2]} {size:,}" for path, size in zip(paths, later, strict=True))
    click.echo(f"first visit: {first:,} bytes; later ones: {sizes}", err=True)
    return {
        "first visit": _bound(first / KB, FIRST_KB, "kB compressed: sign-in, overview, alert and review, cold"),
        "later visit": _bound(max(later) / KB, LATER_KB, "kB compressed, the most of overview, alert and review"),
    }


async def _visit(page: Page, url: str) -> None:
    await page.goto(url)
    await page.wait_for_selector(LIVE, timeout=WITHIN_MS)
    await asyncio.sleep(SETTLES_S)


async def overview(world: World, database_url: str, scene: Scene) -> dict[str, Figure]:
    """Return what an overview of many alerts costs, fifty of them being sent.

    `world` sends so slowly that they are sent all the time.
    """
    connection = await asyncpg.connect(database_url)
    try:
        await _file(world, scene, ALERTS - LIVE_ALERTS)
        await connection.execute(_END)
        await _file(world, scene, LIVE_ALERTS)
    finally:
        await connection.close()
    async with chromium() as browser:
        context = await browser.new_context(viewport={"width": 1280, "height": 800})
        page, _ = await sign_in(context, world)
        answer = await page.goto(f"{world.server_url}/console")
        size = 0 if answer is None else len(await answer.body())
        await page.wait_for_selector(LIVE, timeout=WITHIN_MS)
        paint_ms: float = await page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        shown = await page.locator(".card.alert").count()
        sending = await page.locator('.card.alert[data-state="sending"]').count()
        session = await context.new_cdp_session(page)
        await session.send("Performance.enable")
        await asyncio.sleep(SETTLES_S)
        before = await _busy_s(await session.send("Performance.getMetrics"))
        await asyncio.sleep(WATCHED_S)
        share = (await _busy_s(await session.send("Performance.getMetrics")) - before) / WATCHED_S
    click.echo(f"overview: {shown} alerts shown of {ALERTS}, {sending} of them being sent", err=True)
    return {
        "overview": _bound(size / KB, OVERVIEW_KB, f"kB of the page, uncompressed, {ALERTS} alerts"),
        "overview paint": _bound(paint_ms, PAINT_MS, "ms to the first paint"),
        "overview browser": _bound(share, CORE_SHARE, f"of a core in the page's main thread, {sending} being sent"),
    }


async def _busy_s(metrics: dict[str, Any]) -> float:
    return float(next(one["value"] for one in metrics["metrics"] if one["name"] == "TaskDuration"))


async def _file(world: World, scene: Scene, number: int) -> None:
    """File so many cases."""
    filed = msgspec.json.decode(case(scene))
    limit = asyncio.Semaphore(AT_ONCE)

    async def one(name: str) -> None:
        async with limit:
            body = msgspec.json.encode(filed | {"case_number": name})
            for _ in range(TRIES):
                status, _ = await send_case(world.server_url, AUTHORITY, world.secret, body)
                if status in {200, 202}:
                    return
                await asyncio.sleep(TRY_AGAIN_S)
            raise RuntimeError(f"a case was answered {status}")

    async with asyncio.TaskGroup() as group:
        for place in range(number):
            group.create_task(one(f"MANY-{number}-{place}"), name="case")
