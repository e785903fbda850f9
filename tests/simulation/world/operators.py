"""The operators: they file cases and act on alerts through a process that runs, as their console does.

Bounded: `ACT_S` for each thing that they do; what a store refuses meanwhile is refused.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from push.alerts.actions.actor import Actor
from push.alerts.actions.transaction import Order
from push.alerts.filing import Filing
from push.alerts.outcomes import Ending
from push.fanout.areas import Place
from push.message.content import Content, Text
from sql.database import UNAVAILABLE_ERRORS
from tests.simulation.world.people import LANGUAGES, LATITUDE, LONGITUDE
from tests.simulation.world.world import AUTHORITY

if TYPE_CHECKING:
    from push.engine import Engine
    from tests.simulation.record.tables import Alert
    from tests.simulation.world.world import World

ACT_S: Final = 8.0
AGAIN: Final = 8
WIDER_KM: Final = 60.0

CONTENT: Final = Content(
    texts={one: Text(title="t", body="b", call="110") for one in LANGUAGES},
    follow_ups={
        notice: {one: Text(title=notice, body="b", call="110") for one in LANGUAGES} for notice in ("found", "cancel")
    },
)
OPERATOR: Final = Actor(role="operator", name="one")
DECISIONS: Final = ("resume", "cancel", "found")
STOPS: Final = ("pause", "update", "cancel", "found")
ACTIONS: Final = ("pause", "pause", "resume", "update", "update", "widen", "cancel", "found")


class Operators:
    """Those who act."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._cases = 0
        self._texts = 0

    async def file(self, policy: str, life_s: float | None = None) -> bool:
        """File a case, at one process after the other until one takes it; tells whether one did."""
        self._cases += 1
        return await self._until_done("file", self._filing(f"C{self._cases}", policy, life_s))

    async def act(self, action: str, alert: Alert) -> bool:
        """Act on an alert; tells whether it was done or refused, and not just lost."""
        return await self._until_done(action, alert)

    async def _until_done(self, what: str, about: Alert | Filing) -> bool:
        world = self._world
        for _ in range(AGAIN):
            living = world.living
            if not living:
                await asyncio.sleep(1)
                continue
            process = world.random.choice(living)
            assert process.engine is not None
            work = _file(process.engine, about) if isinstance(about, Filing) else self._do(process.engine, what, about)
            task = process.spawn(work, what)
            await asyncio.wait({task}, timeout=ACT_S)
            if task.done() and not task.cancelled():
                error = task.exception()
                name = about.case_number if isinstance(about, Filing) else about.case.case_number
                if error is None:
                    world.note(f"operator: {what} of {name} at {process}: {task.result() or 'done'}")
                    return True
                world.note(f"operator: {what} of {name} at {process}: {type(error).__name__}")
                if not isinstance(error, UNAVAILABLE_ERRORS):
                    world.violated("no process ends by itself", f"{what} raised {error!r}")
                    return False
            else:
                task.cancel()
            await asyncio.sleep(0.5)
        return False

    async def _do(self, engine: Engine, action: str, alert: Alert) -> object:
        for rewind in self._world.rewinds:
            rewind.decided |= {alert.id} if action in DECISIONS else set()
        order, actions = Order(actor=OPERATOR, reason="as told"), engine.actions
        match action:
            case "pause":
                return await actions.pause(alert.id, order)
            case "resume":
                return await actions.resume(alert.id, order)
            case "update":
                self._texts += 1
                texts = dict.fromkeys(LANGUAGES, (f"t{self._texts}", "b"))
                return await engine.changes.update(alert.id, order, texts)
            case "widen":
                return await engine.changes.widen(alert.id, order, WIDER_KM, city=None)
            case "cancel":
                return await actions.cancel(alert.id, order)
            case "found":
                return await actions.find(alert.id, order, Ending())
        raise LookupError(action)

    def _filing(self, number: str, policy: str, life_s: float | None) -> Filing:
        now = self._world.record.now
        return Filing(
            authority=AUTHORITY,
            actor=Actor(role="authority", name=AUTHORITY, authority=AUTHORITY),
            webhook_id=number,
            body_digest=number.encode(),
            case_number=number,
            content_digest=number.encode(),
            content="{}",
            status="actual",
            place=Place(longitude=LONGITUDE, latitude=LATITUDE),
            last_seen_at=now - timedelta(minutes=5),
            policy=policy,
            override=None,
            message_content=CONTENT,
            expires=None if life_s is None else now + timedelta(seconds=life_s),
        )


async def _file(engine: Engine, filing: Filing) -> object:
    async with engine.filing_service.file(filing) as result:
        result.keep(202, b"")
    return result.filed.value
