"""What people do in a round: the police file cases, an operator pauses, resumes, cancels, and records the child found.

Each asks again, on another healthy server, until it knows the answer. Bounded: `REQUEST_S` a request, the round's
`SETTLE_S` for all of them.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import aiohttp
import msgspec

from server.administration.file_case import send_case
from tests.support.processes.deployment import CASE

if TYPE_CHECKING:
    from random import Random

    from tests.campaign.world import World

REQUEST_S: Final = 10.0
AGAIN_S: Final = 0.2
REACHED: Final = {"pause": "paused", "resume": "sending", "cancel": "cancelled", "found": "found"}
PAUSED: Final = """
    select a.id, c.case_number from alert a join child_case c on c.id = a.case_id
    where (a.state = 'paused'
           or exists (select from sweep s where s.alert_id = a.id and s.version = a.version and s.due_at = 'infinity'))
      and not a.id = any($1::uuid[])"""
HELD: Final = """
    select count(*) from alert a join sweep s on s.alert_id = a.id and s.version = a.version
    where a.id = $1::uuid and a.state in ('found', 'cancelled') and s.due_at = 'infinity'"""


class Stop(msgspec.Struct, frozen=True):
    """A stop that was answered at `at` (seconds since the epoch); `until`: when a resume of it was asked for."""

    action: str
    at: float
    until: float = float("inf")


class FiledAlert(msgspec.Struct, kw_only=True):
    """An alert of the round, as those who filed and stopped it know it."""

    case_number: str
    id: str
    filed_at: float
    stops: list[Stop] = []
    ended: str = ""

    @property
    def number(self) -> int:
        """The collapse number of its messages."""
        return (UUID(self.id).int & 0x7FFF_FFFF) or 1


class Operator:
    """The people of one round."""

    def __init__(self, world: World, rng: Random, number: int) -> None:
        self._world = world
        self._rng = rng
        self._number = number
        self.alerts: list[FiledAlert] = []
        self.notes: list[str] = []
        self._deciding = asyncio.Lock()

    async def file(self, name: str) -> FiledAlert:
        """File a case; returns its alert."""
        case_number = f"C{self._number}-{name}"
        child = {**CASE["child"], "name": f"小明{self._number}{name}"}
        body = msgspec.json.encode({**CASE, "case_number": case_number, "child": child})
        while True:
            async with self._world.filing_lock:
                slot = await self._world.healthy(self._rng)
                with suppress(aiohttp.ClientError, OSError, TimeoutError):
                    async with asyncio.timeout(REQUEST_S):
                        status, answer = await send_case(slot.process.url, "sz", self._world.deployment.secret, body)
                    if status in {200, 202}:
                        alert = FiledAlert(
                            case_number=case_number,
                            id=msgspec.json.decode(answer)["alert"]["id"],
                            filed_at=time.time(),
                        )
                        self.alerts.append(alert)
                        return alert
                    self._note(f"filing {case_number} was answered {status}: {answer[:200]!r}")
            await asyncio.sleep(AGAIN_S)

    async def stop(self, alert: FiledAlert, action: str) -> None:
        """Pause or end an alert."""
        async with self._deciding:
            if alert.ended:
                return
            await self._do(alert, action)
            alert.stops.append(Stop(action, time.time()))
            if action != "pause":
                alert.ended = REACHED[action]

    async def resume(self, alert: FiledAlert) -> None:
        """Resume an alert after a pause, unless it has ended since."""
        async with self._deciding:
            if alert.ended:
                return
            asked = time.time()
            alert.stops = [msgspec.structs.replace(one, until=min(one.until, asked)) for one in alert.stops]
            await self._do(alert, "resume")

    async def pause_and_resume(self) -> None:
        """Do something to an alert of which nothing is left after it, if there is one."""
        live = [alert for alert in self.alerts if not alert.ended]
        if live:
            alert = self._rng.choice(live)
            await self.stop(alert, "pause")
            await self.resume(alert)

    async def decide(self) -> None:
        """Look at all alerts, as an operator does after trouble: resume what waits for it, end again what was over."""
        for alert in self.alerts:
            state = await self._state(alert)
            if alert.ended and state not in {alert.ended, "closed"}:
                action = "cancel" if alert.ended == "cancelled" else "found"
                self._note(f"{alert.case_number} is {state} and was {alert.ended}: {action} again")
                await self._do(alert, action)
            elif alert.ended and await self._is_held(alert.id):
                self._note(f"the notice of the end of {alert.case_number} is held: resumed")
                await self._do(alert, "resume")
            elif not alert.ended and state == "paused":
                self._note(f"{alert.case_number} is paused: resumed")
                await self.resume(alert)

        await self._resume_earlier()

    async def _resume_earlier(self) -> None:
        """Resume what earlier rounds filed, so that no alarm about it explains what happens now."""
        ours = [alert.id for alert in self.alerts]
        for alert_id, case_number in await self._world.deployment.query(PAUSED, ours):
            await self._do(FiledAlert(case_number=case_number, id=str(alert_id), filed_at=0.0), "resume")

    async def _state(self, alert: FiledAlert) -> str:
        rows = await self._world.deployment.query("select state from alert where id = $1::uuid", alert.id)
        return str(rows[0][0]) if rows else "unknown to the record"

    async def _is_held(self, alert_id: str) -> bool:
        """Tell whether the notice of an alert's end is held, because the record went back."""
        return bool((await self._world.deployment.query(HELD, alert_id))[0][0])

    async def _do(self, alert: FiledAlert, action: str) -> None:
        """Ask until the answer is that it is done, or was done by an earlier request whose answer was lost."""
        body: dict[str, Any] = {"reason": "campaign", "case_number": alert.case_number}
        while True:
            slot = await self._world.healthy(self._rng)
            url = f"{slot.process.url}/v1/alerts/{alert.id}/{action}"
            with suppress(aiohttp.ClientError, OSError, TimeoutError, msgspec.DecodeError):
                async with asyncio.timeout(REQUEST_S):
                    status, answer = await self._world.deployment.post(url, body)
                if status == 200:
                    return
                if status == 409 and await self._is_done(alert, action):
                    return
                self._note(f"{action} of {alert.case_number} was answered {status}: {str(answer)[:200]}")
            await asyncio.sleep(AGAIN_S)

    async def _is_done(self, alert: FiledAlert, action: str) -> bool:
        state = await self._state(alert)
        if action == "resume":
            return state != "paused" and not await self._is_held(alert.id)
        return state == REACHED[action]

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)
