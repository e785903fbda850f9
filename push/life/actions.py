"""Actions: an order for one alert flows in, the change that it means flows out to `push.life.operations`.

Bounded: an alert's life by `life_max` from its receipt; its audience by what an approver says.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

import sql.life
from push.estimate import Estimate
from push.life.lifecycle import UNTOLD, Action, State
from push.life.operations import Done, Operations, Order
from push.life.refusals import Refusal, Refused
from push.life.review import APPROVALS, Review
from push.model import Notice
from push.said import Content, Text

if TYPE_CHECKING:
    from uuid import UUID

    from push.planner import Planner
    from sql.database import Connection
    from sql.life import LockedAlert

_CONTENT = msgspec.json.Decoder(Content)


class Actions:
    """What people do to alerts."""

    def __init__(self, operations: Operations, planner: Planner, life_max: timedelta) -> None:
        self._operations = operations
        self._planner = planner
        self._life_max = life_max

    async def approve(self, alert_id: UUID, order: Order) -> Refused | None:
        """Approve an alert; it is sent once enough different people did, none of whom had a hand in it."""
        person = order.actor.person

        async def change(connection: Connection, alert: LockedAlert) -> Done | Refused:
            if await _own_work(connection, alert_id, alert, order):
                return Refused(Refusal.OWN_WORK)
            if not await sql.life.add_approval(connection, alert_id, person):
                return Refused(Refusal.APPROVED)
            count = len(await sql.life.approvals(connection, alert_id))
            needed = APPROVALS.get(Review(alert.review), 1)
            return Done(
                after=State.SENDING if count >= needed else State.IN_REVIEW,
                details={"approvals": count, "needed": needed},
            )

        return await self._operations.do(alert_id, Action.APPROVE, order, change)

    async def veto(self, alert_id: UUID, order: Order) -> Refused | None:
        """Hold back an alert that would be sent by itself: somebody has to approve it now."""
        return await self._move(alert_id, Action.VETO, order, Done(after=State.IN_REVIEW))

    async def pause(self, alert_id: UUID, order: Order) -> Refused | None:
        """Tell nobody more until it is resumed."""
        return await self._move(alert_id, Action.PAUSE, order, Done(after=State.PAUSED, halts=True))

    async def resume(self, alert_id: UUID, order: Order) -> Refused | None:
        """Go on with those not yet told."""
        return await self._move(alert_id, Action.RESUME, order, Done(after=State.SENDING))

    async def cancel(self, alert_id: UUID, order: Order) -> Refused | None:
        """Withdraw an alert: nobody more is told, and who was told is told that."""
        return await self._end(alert_id, Action.CANCEL, order, State.CANCELLED, Notice.CANCEL)

    async def find(self, alert_id: UUID, order: Order, *, through_alert: bool | None) -> Refused | None:
        """Say that the child is found, and whether because of the alert where that is known."""
        return await self._end(alert_id, Action.FIND, order, State.FOUND, Notice.FOUND, through_alert=through_alert)

    async def update(self, alert_id: UUID, order: Order, texts: dict[str, tuple[str, str]]) -> Refused | None:
        """Say something else (title and body by locale) from now on, and tell it to those who were told."""

        async def change(connection: Connection, alert: LockedAlert) -> Done | Refused:
            content = _CONTENT.decode(alert.content)
            if texts.keys() != content.texts.keys():
                return Refused(Refusal.LOCALES, ", ".join(sorted(content.texts)))
            worded = {
                locale: msgspec.structs.replace(text, title=texts[locale][0], body=texts[locale][1])
                for locale, text in content.texts.items()
            }
            state, encoded = State(alert.state), _encoded(content, worded)
            await sql.life.add_author(connection, alert_id, order.actor.person)
            if state in UNTOLD:
                # What was approved is not what is said now.
                await sql.life.forget_approvals(connection, alert_id)
                await sql.life.reword(connection, alert_id, encoded)
                return Done(after=state, details={"version": alert.version})
            version = alert.version + 1
            await sql.life.say(connection, alert_id, version, Notice.UPDATE, encoded)
            await self._planner.add_word(connection, alert_id, alert.status, Notice.UPDATE, version)
            return Done(after=state, details={"version": version}, halts=True)

        return await self._operations.do(alert_id, Action.UPDATE, order, change)

    async def extend(self, alert_id: UUID, order: Order, hours: float) -> Refused | None:
        """Let an alert live longer."""

        async def change(connection: Connection, alert: LockedAlert) -> Done | Refused:
            expires = alert.expires + timedelta(hours=hours)
            if expires > alert.received_at + self._life_max:
                latest = alert.received_at + self._life_max
                return Refused(Refusal.EXPIRY_CAP, f"at most until {latest.isoformat(timespec='seconds')}")
            if expires <= datetime.now(UTC):
                return Refused(Refusal.NOT_LATER)
            await sql.life.extend(connection, alert_id, expires)
            return Done(
                after=State(alert.state), details={"expires": expires.isoformat(timespec="seconds")}, halts=True
            )

        return await self._operations.do(alert_id, Action.EXTEND, order, change)

    async def release(self, alert_id: UUID, order: Order, people_max: int) -> Refused | None:
        """Let an alert reach more people than the cap; not by whoever asked for more."""

        async def change(connection: Connection, alert: LockedAlert) -> Done | Refused:
            if await _own_work(connection, alert_id, alert, order):
                return Refused(Refusal.OWN_WORK)
            held = await sql.life.held_rings(connection, alert_id)
            if not held:
                return Refused(Refusal.NOTHING_HELD)
            expected = {ring: _expected(alert, ring) for ring in held}
            freed = [ring for ring in held if expected[ring] <= people_max]
            if not freed:
                return Refused(Refusal.AUDIENCE_CAP, f"about {min(expected.values())} people at least")
            await sql.life.release(connection, alert_id, people_max, freed)
            return Done(after=State(alert.state), details={"people_max": people_max, "rings": freed})

        return await self._operations.do(alert_id, Action.RELEASE, order, change)

    async def _move(self, alert_id: UUID, action: Action, order: Order, done: Done) -> Refused | None:
        async def change(_: Connection, __: LockedAlert) -> Done | Refused:
            return done

        return await self._operations.do(alert_id, action, order, change)

    async def _end(
        self,
        alert_id: UUID,
        action: Action,
        order: Order,
        after: State,
        notice: Notice,
        *,
        through_alert: bool | None = None,
    ) -> Refused | None:
        """End an alert with its last word, which was ready from the first moment."""

        async def change(connection: Connection, alert: LockedAlert) -> Done | Refused:
            told = State(alert.state) not in UNTOLD
            if told:
                version = alert.version + 1
                await sql.life.say(connection, alert_id, version, notice, alert.content)
                await self._planner.add_word(connection, alert_id, alert.status, notice, version)
            return Done(after=after, details={"through_alert": through_alert}, halts=True, through_alert=through_alert)

        return await self._operations.do(alert_id, action, order, change)


async def _own_work(connection: Connection, alert_id: UUID, alert: LockedAlert, order: Order) -> bool:
    """Tell whether somebody would approve what they filed, worded or widened."""
    return order.actor.authority == alert.authority or await sql.life.is_author(
        connection, alert_id, order.actor.person
    )


def _expected(alert: LockedAlert, ring: int) -> int:
    """Return how many people a ring and those before it hold by the estimate; 0 where there is none."""
    if alert.estimate is None:
        return 0
    return msgspec.json.decode(alert.estimate, type=Estimate).up_to(ring)


def _encoded(content: Content, texts: dict[str, Text]) -> str:
    return msgspec.json.encode(msgspec.structs.replace(content, texts=texts)).decode()
