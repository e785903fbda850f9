"""Kills in the middle of publishing: afterwards no page is missing, and none is that of before.

`KILLS_OF_PAGES` in the environment says how many times each process is killed.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
from functools import partial
from typing import TYPE_CHECKING, Final
from uuid import UUID

import aiohttp

from runtime.page_codes import code_of
from tests.support.processes.processes import until
from tests.support.processes.public_site import public_env, public_site

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process

KILLS: Final = int(os.environ.get("KILLS_OF_PAGES", "4"))
ALERTS: Final = 12
WITHIN_S: Final = 0.15
"""So long the pages of all alerts take at most on a machine that rests: a kill comes before, in or behind it."""

OVER: Final = "update alert set state = 'found', ended_at = now() where id = any($1::uuid[])"
LIVE: Final = """update alert set state = 'paused', ended_at = null,
    content = jsonb_set(content, '{texts,en,title}', to_jsonb($2::text)) where id = any($1::uuid[])"""
STATES: Final = "select id::text, state, content #>> '{texts,en,title}' from alert"
BEHIND: Final = "select count(*) from page where made < wanted"


async def _filed(deployment: Deployment, server: Process) -> list[str]:
    alerts = []
    for number in range(ALERTS):
        _, answer = await deployment.file(server, case_number=f"SZ-{number}")
        alerts.append(answer["alert"]["id"])
        await deployment.sent(server, alerts[-1])
    return alerts


async def _change(deployment: Deployment, alerts: list[str], rng: random.Random, number: int) -> None:
    """End some of the alerts, and let the others live with another title."""
    ended = rng.sample(alerts, rng.randint(0, len(alerts)))
    await deployment.query(OVER, ended)
    await deployment.query(LIVE, [one for one in alerts if one not in ended], f"Missing child {number}")


async def _is_made(deployment: Deployment) -> bool:
    [(behind,)] = await deployment.query(BEHIND)
    return not behind


async def _wrong(deployment: Deployment, site: Process) -> list[str]:
    """Return the pages that are not as the record has them."""
    wrong = []
    async with aiohttp.ClientSession(site.url) as session:
        for alert, state, title in await deployment.query(STATES):
            async with session.get(f"/p/{code_of(UUID(alert))}/en") as answer:
                text = await answer.text()
            async with session.get(f"/p/{code_of(UUID(alert))}/state.json") as answer:
                known = await answer.text()
            is_over = state == "found"
            said = "This alert is over" if is_over else f"<h1>{title}</h1>"
            if said not in text or (is_over and "<dl>" in text) or ("over" in known) is not is_over:
                wrong.append(f"{alert} {state} {title}")
    return wrong


async def _is_right(deployment: Deployment, site: Process) -> bool:
    return not await _wrong(deployment, site)


async def test_kills_of_a_publisher_leave_no_page_behind(deployment: Deployment) -> None:
    """SIGKILL at random moments of publishing, of the server that does it, whatever alerts begin and end meanwhile."""
    await deployment.provider()
    await deployment.people(100)
    server = await deployment.server(**public_env(deployment))
    alerts = await _filed(deployment, server)
    site = await public_site(deployment)
    rng = random.Random(29)
    for kill in range(KILLS):
        await _change(deployment, alerts, rng, kill)
        await asyncio.sleep(rng.uniform(0, WITHIN_S))
        server.end(signal.SIGKILL)
        server = await deployment.server(**public_env(deployment))
    await until(partial(_is_made, deployment))
    await until(partial(_is_right, deployment, site))


async def test_kills_of_serve_public_leave_no_page_behind(deployment: Deployment) -> None:
    """SIGKILL at random moments: the next one serves what is published, and nothing of what the one before kept."""
    await deployment.provider()
    await deployment.people(100)
    server = await deployment.server(**public_env(deployment))
    alerts = await _filed(deployment, server)
    site = await public_site(deployment)
    rng = random.Random(30)
    for kill in range(KILLS):
        await _change(deployment, alerts, rng, kill)
        reading = asyncio.create_task(_read_on(deployment, site))
        await asyncio.sleep(rng.uniform(0, WITHIN_S))
        site.end(signal.SIGKILL)
        await reading
        site = await public_site(deployment)
    await until(partial(_is_made, deployment))
    await until(partial(_is_right, deployment, site))


async def _read_on(deployment: Deployment, site: Process) -> None:
    """Read all pages until the process is gone."""
    try:
        while True:
            await _wrong(deployment, site)
    except aiohttp.ClientError:
        return
