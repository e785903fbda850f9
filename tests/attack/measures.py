"""Measures what must not suffer: how fast alerts are sent, and how long a probe and a signed case wait for an answer.

Bounded: the seconds that are asked for, and the alert that is being sent when they are over.
"""

from __future__ import annotations

import asyncio
import itertools
import math
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import aiohttp

from runtime.tasks import cancel_and_wait
from tests.support.processes.deployment import CASE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable

    from tests.attack.world import Target

PROBE_EVERY_S: Final = 0.05
CASE_EVERY_S: Final = 0.25
"""Four a second are 240 a minute: below the limit of an authority, also with the cases that are sent."""

TIMEOUT_S: Final = 10.0
"""An answer that takes longer counts as so long."""

LOOK_EVERY_S: Final = 0.05
SENT_S: Final = 120.0
"""An alert that takes longer counts as far as it came."""

SENT: Final = "select coalesce(sum(recipients), 0) from ledger where alert_id = $1 and lane = 'tpns'"
"""What is measured must not depend on the server's answers. Of one lane: another one's provider may be hostile."""

ELSEWHERE: Final = {**CASE["last_seen"], "longitude": 104.0665, "latitude": 30.5723, "place": "成都"}
"""Far from everybody: a case there costs its answer, and no search of those who are being notified."""

_numbers = itertools.count(1)


class Answers(NamedTuple):
    """How long answers took, and how many failed."""

    took_s: list[float]
    failed: list[bool]


class Figures(NamedTuple):
    """What one measurement found: recipients a second of the lane TPNS, and for each second of the server's CPU.

    And answers.
    """

    recipients_per_s: float
    recipients_per_cpu_s: float
    probes: Answers
    cases: Answers

    @property
    def failed(self) -> int:
        """How many answers failed."""
        return sum(self.probes.failed) + sum(self.cases.failed)


def p99_ms(answers: Iterable[Answers]) -> float:
    """Return what the slowest of a hundred answers took."""
    ordered = sorted(took_s for one in answers for took_s in one.took_s)
    return ordered[max(0, math.ceil(0.99 * len(ordered)) - 1)] * 1000 if ordered else TIMEOUT_S * 1000


async def measure(target: Target, seconds: float) -> Figures:
    """Send alerts for some seconds, one after the other, and meanwhile probe and file cases."""
    probes, cases = Answers([], []), Answers([], [])
    beside = [
        asyncio.create_task(_probe(target, probes), name="probes"),
        asyncio.create_task(_file(target, cases), name="cases"),
    ]
    loop = asyncio.get_running_loop()
    began_s, began_cpu_s = loop.time(), _cpu_s(target)
    sent = 0
    try:
        while loop.time() - began_s < seconds:
            alert = await file_alert(target)
            if alert is None:
                cases.failed.append(True)
                await asyncio.sleep(CASE_EVERY_S)
            else:
                sent += await recipients_of(target, alert)
    finally:
        took_s, took_cpu_s = loop.time() - began_s, _cpu_s(target) - began_cpu_s
        await cancel_and_wait(beside)
    return Figures(sent / took_s, sent / took_cpu_s, probes, cases)


def _cpu_s(target: Target) -> float:
    """Return the CPU that the server's process has used so far, in seconds."""
    fields = Path(f"/proc/{target.server.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def file_alert(target: Target) -> str | None:
    """File a case that is sent; returns its alert, None when the server did not take it."""
    with suppress(aiohttp.ClientError, OSError, ValueError):
        async with asyncio.timeout(TIMEOUT_S):
            number = f"SENT-{next(_numbers)}"
            status, answer = await target.world.deployment.file(target.server, case_number=number)
            return str(answer["alert"]["id"]) if status == 202 else None
    return None


async def recipients_of(target: Target, alert: str) -> int:
    """Wait until everybody of an alert is notified, as the record has it; returns how many are."""
    loop = asyncio.get_running_loop()
    until_s = loop.time() + SENT_S
    while True:
        notified = int((await target.world.deployment.query(SENT, alert))[0][0])
        if notified >= target.world.recipients or loop.time() > until_s:
            return notified
        await asyncio.sleep(LOOK_EVERY_S)


async def _probe(target: Target, answers: Answers) -> None:
    """Probe on a new connection each time, as orchestrators do."""
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    while True:
        async with aiohttp.ClientSession(timeout=timeout) as session:
            await _timed(answers, _health(session, f"{target.server.url}/health"))
        await asyncio.sleep(PROBE_EVERY_S)


async def _health(session: aiohttp.ClientSession, url: str) -> bool:
    async with session.get(url) as response:
        return response.status == 200


async def _file(target: Target, answers: Answers) -> None:
    """File signed cases that reach nobody: exercises where nobody is."""

    async def file() -> bool:
        number = f"EX-{next(_numbers)}"
        status, _ = await target.world.deployment.file(
            target.server, case_number=number, status="exercise", last_seen=ELSEWHERE
        )
        return status == 202

    while True:
        await _timed(answers, file())
        await asyncio.sleep(CASE_EVERY_S)


async def _timed(answers: Answers, asking: Awaitable[bool]) -> None:
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    is_good = False
    with suppress(aiohttp.ClientError, OSError, ValueError):
        async with asyncio.timeout(TIMEOUT_S):
            is_good = await asking
    answers.took_s.append(loop.time() - began_s if is_good else TIMEOUT_S)
    answers.failed.append(not is_good)
