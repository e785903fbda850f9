"""Measures what must not suffer: how fast alerts are sent, and how long a probe and a signed case wait for an answer.

Bounded: the seconds that are asked for, and the alert that is being sent when they are over.
"""

from __future__ import annotations

import asyncio
import itertools
import math
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

import aiohttp

from runtime.tasks import cancel_and_wait

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from tests.attack.world import World

PROBE_EVERY_S: Final = 0.05
CASE_EVERY_S: Final = 0.25
"""Four a second are 240 a minute: below the limit of an authority, also with the cases that are sent."""

TIMEOUT_S: Final = 10.0
"""An answer that takes longer counts as so long."""

SENT_S: Final = 300.0
_numbers = itertools.count(1)


class Figures(NamedTuple):
    """Recipients a second, and the slowest of a hundred answers in milliseconds; how many answers failed."""

    recipients_per_s: float
    health_p99_ms: float
    case_p99_ms: float
    failed: int


class _Answers:
    """How long answers took."""

    def __init__(self) -> None:
        self.took_s: list[float] = []
        self.failed = 0

    def p99_ms(self) -> float:
        ordered = sorted(self.took_s)
        return ordered[max(0, math.ceil(0.99 * len(ordered)) - 1)] * 1000 if ordered else TIMEOUT_S * 1000


async def measure(world: World, seconds: float) -> Figures:
    """Send alerts for some seconds, and meanwhile probe and file cases."""
    probes, cases = _Answers(), _Answers()
    beside = [
        asyncio.create_task(_probe(world, probes), name="probes"),
        asyncio.create_task(_file(world, cases), name="cases"),
    ]
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    sent = 0
    try:
        while loop.time() - began_s < seconds:
            alert = await _alert(world)
            if alert is None:
                cases.failed += 1
                await asyncio.sleep(CASE_EVERY_S)
                continue
            await _sent(world, alert)
            sent += world.recipients
    finally:
        took_s = loop.time() - began_s
        await cancel_and_wait(beside)
    return Figures(sent / took_s, probes.p99_ms(), cases.p99_ms(), probes.failed + cases.failed)


async def _alert(world: World) -> str | None:
    """File a case that is sent; returns its alert, None when the server did not take it."""
    with suppress(aiohttp.ClientError, OSError, ValueError):
        async with asyncio.timeout(TIMEOUT_S):
            status, answer = await world.deployment.file(world.server, case_number=f"SENT-{next(_numbers)}")
            return str(answer["alert"]["id"]) if status == 202 else None
    return None


async def _sent(world: World, alert: str) -> None:
    """Wait until an alert is sent, as the record has it: what is measured must not depend on the server's answers."""
    async with asyncio.timeout(SENT_S):
        while await world.deployment.query("select 1 from alert where id = $1 and state <> 'sent'", alert):
            await asyncio.sleep(PROBE_EVERY_S)


async def _probe(world: World, answers: _Answers) -> None:
    """Probe on a new connection each time, as orchestrators do."""
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    while True:
        async with aiohttp.ClientSession(timeout=timeout) as session:
            await _timed(answers, _health(session, f"{world.server.url}/health"))
        await asyncio.sleep(PROBE_EVERY_S)


async def _health(session: aiohttp.ClientSession, url: str) -> bool:
    async with session.get(url) as response:
        return response.status == 200


async def _file(world: World, answers: _Answers) -> None:
    """File signed cases that reach nobody: an exercise for which nobody is enrolled."""

    async def file() -> bool:
        status, _ = await world.deployment.file(world.server, case_number=f"EX-{next(_numbers)}", status="exercise")
        return status == 202

    while True:
        await _timed(answers, file())
        await asyncio.sleep(CASE_EVERY_S)


async def _timed(answers: _Answers, asking: Awaitable[bool]) -> None:
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    is_good = False
    with suppress(aiohttp.ClientError, OSError, ValueError):
        async with asyncio.timeout(TIMEOUT_S):
            is_good = await asking
    answers.took_s.append(loop.time() - began_s if is_good else TIMEOUT_S)
    answers.failed += not is_good
