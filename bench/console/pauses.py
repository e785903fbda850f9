"""Measure how fast a pause that is pressed in Chromium stops an alert at full rate.

From the press of the key, by the browser's clock, to the arrival of the last request at the SIMULATED provider, by the
same machine's. Bounded: the caller's presses, `TRIES_A_PRESS` alerts for each, `WITHIN_S` an alert.
"""

from __future__ import annotations

import asyncio
import random
import statistics
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import click
import msgspec

from bench.console.browser import LIVE, WITHIN_MS, chromium, sign_in
from bench.measures import Figure, cancel, case, p99
from server.administration.file_case import send_case
from server.demo.world import AUTHORITY

if TYPE_CHECKING:
    from playwright.async_api import Page

    from server.demo.scene import Scene
    from server.demo.world import World

PROMISED_MS: Final = 300.0
WITHIN_S: Final = 120.0
SHARES: Final = (0.02, 0.25)
"""The least and the largest share of the audience that is reached before the press, beside the time a page takes."""

TRIES_A_PRESS: Final = 3
"""A press that finds everybody notified measures nothing, so that another alert is filed."""

POLL_INTERVAL_S: Final = 0.02
QUIET_S: Final = 0.5
"""Longer than a request takes: then none is under way any more."""


async def pauses(world: World, scene: Scene, in_area: int, presses: int) -> dict[str, Figure]:
    """Return the 99th percentile over all presses, with the promised bound."""
    late_ms: list[float] = []
    idle = 0
    headers = {"Authorization": f"Bearer {world.token}"}
    async with chromium() as browser, aiohttp.ClientSession(headers=headers) as session:
        context = await browser.new_context(viewport={"width": 1280, "height": 800})
        page, _ = await sign_in(context, world)
        for number in range(TRIES_A_PRESS * presses):
            if len(late_ms) == presses:
                break
            pressed = await _press(world, scene, page, session, number, in_area)
            if pressed is None:
                idle += 1
            else:
                late_ms.append(pressed)
    if not late_ms:
        raise RuntimeError("no press found an alert that was being sent")
    click.echo(
        f"{len(late_ms)} presses at full rate ({idle} more found it all sent): last request "
        f"{statistics.median(late_ms):.1f} ms (median), {p99(late_ms):.1f} ms (p99), {max(late_ms):.1f} ms (most) "
        "after the key",
        err=True,
    )
    value = max(p99(late_ms), 0.001)
    unit = f"ms from the key to the last request, p99 of {len(late_ms)} (floor: promised)"
    return {"pause": Figure(round(value, 1), PROMISED_MS, round(value / PROMISED_MS, 3), unit)}


async def _press(
    world: World, scene: Scene, page: Page, session: aiohttp.ClientSession, number: int, in_area: int
) -> float | None:
    """File a case, press the key while it is sent; returns milliseconds, None where it was all sent before."""
    filed = msgspec.json.encode(msgspec.json.decode(case(scene)) | {"case_number": f"PAUSE-{number}"})
    async with asyncio.timeout(WITHIN_S):
        await session.post(f"{world.provider_url}/simulated/reset")
        _, answer = await send_case(world.server_url, AUTHORITY, world.secret, filed)
        alert = msgspec.json.decode(answer)["alert"]["id"]
        await page.goto(f"{world.server_url}/console/alerts/{alert}")
        await page.wait_for_selector(LIVE, timeout=WITHIN_MS)
        await page.wait_for_selector("[data-key=p]", timeout=WITHIN_MS)
        await page.evaluate(
            "addEventListener('keydown', () => { window.pressedAt = performance.timeOrigin + performance.now(); },"
            " { capture: true, once: true })"
        )
        share = random.uniform(*SHARES)
        while (await _counts(world, session))["accepted"] < share * in_area:
            await asyncio.sleep(POLL_INTERVAL_S)
        await page.keyboard.press("p")
        await page.wait_for_selector(".state-paused", timeout=WITHIN_MS)
        pressed_ms: float = await page.evaluate("window.pressedAt")
        counts = await _quiet(world, session)
        await cancel(world, session, alert, filed)
        await _quiet(world, session)
    if counts["accepted"] >= in_area:
        return None
    return max(0.0, float(counts["last_request_at"]) * 1000 - pressed_ms)


async def _quiet(world: World, session: aiohttp.ClientSession) -> dict[str, Any]:
    """Return the provider's counts once nothing comes any more."""
    before: dict[str, Any] = {}
    while (now := await _counts(world, session)) != before:
        before = now
        await asyncio.sleep(QUIET_S)
    return before


async def _counts(world: World, session: aiohttp.ClientSession) -> dict[str, Any]:
    async with session.get(f"{world.provider_url}/simulated/counts") as response:
        counts: dict[str, Any] = await response.json()
    return counts
