"""Changes of an alert's texts, reach or life: made at once, or proposed where they need approval.

Bounded: an alert's life by `life_max` from its receipt; what it reaches as `push.alerts.actions.widening` says.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

import sql.lifecycle
import sql.progress
from push.alerts.actions import uniting, widening
from push.alerts.actions.proposals import (
    ChangeRequest,
    Extension,
    Joining,
    Rewording,
    Widening,
    change_request_of,
    must_wait,
    propose,
    raised,
    too_many,
)
from push.alerts.actions.refusals import Refusal, Refused
from push.alerts.actions.transaction import Done
from push.alerts.lifecycle import NOT_NOTIFIED, Action, State
from push.message.content import Content
from push.notice import Notice

if TYPE_CHECKING:
    from uuid import UUID

    from push.alerts.actions.transaction import Operations, Order, Ready
    from push.alerts.planner import Planner
    from sql.database import Connection, Pool
    from sql.lifecycle import LockedAlert

_CONTENT = msgspec.json.Decoder(Content)


def reworded(content: Content, texts: dict[str, tuple[str, str]]) -> Content:
    """Return the content with other titles and bodies, by locale; whom to call stays as it is."""
    worded = {
        locale: msgspec.structs.replace(text, title=texts[locale][0], body=texts[locale][1], elastic=())
        for locale, text in content.texts.items()
    }
    return msgspec.structs.replace(content, texts=worded)


class Changes:
    """Carries out change requests."""

    def __init__(self, operations: Operations, pool: Pool, planner: Planner, life_max: timedelta) -> None:
        self._operations = operations
        self._pool = pool
        self._planner = planner
        self._life_max = life_max

    async def update(self, alert_id: UUID, order: Order, texts: dict[str, tuple[str, str]]) -> Refused | None:
        """Give the alert other texts (title and body by locale), and send them to those who were notified."""
        return await self._change(alert_id, Action.UPDATE, order, Rewording(texts=texts))

    async def extend(self, alert_id: UUID, order: Order, hours: float) -> Refused | None:
        """Let an alert live longer."""
        return await self._change(alert_id, Action.EXTEND, order, Extension(hours=hours))

    async def widen(self, alert_id: UUID, order: Order, radius_km: float, *, city: bool | None) -> Refused | None:
        """Widen an alert to a radius around its place, due at once."""
        cap_km = self._planner.plan.radius_cap_km
        if radius_km > cap_km:
            return Refused(Refusal.RADIUS_CAP, f"the cap is {cap_km:g} km")
        requested = Widening(radius_km=radius_km, city=city, by=order.actor.label, reason=order.reason)
        # Redis is asked before the alert is locked: a cancel waits for that lock.
        requested = await widening.estimated(self._pool, self._planner, alert_id, requested)
        return await self._change(alert_id, Action.WIDEN, order, requested)

    async def recounted(self, alert_id: UUID) -> dict[int, ChangeRequest | uniting.Counted]:
        """Return what is proposed, by its revision, where it is about people: counted anew, since they move."""
        proposal = await sql.lifecycle.proposal_of(self._pool, alert_id)
        requested = None if proposal is None else change_request_of(proposal.change_request)
        if proposal is None or not isinstance(requested, Widening | Joining):
            return {}
        if isinstance(requested, Joining):
            united = await uniting.counted(self._pool, self._planner, alert_id, requested)
            return {} if isinstance(united, Refused) else {proposal.revision: united}
        return {proposal.revision: await widening.estimated(self._pool, self._planner, alert_id, requested)}

    async def prepare(
        self, connection: Connection, alert_id: UUID, alert: LockedAlert, requested: ChangeRequest | uniting.Counted
    ) -> Ready | Refused:
        """Return how a change request is carried out, or why it cannot be; nothing is written before that is called."""
        match requested:
            case Rewording():
                return self._prepare_words(connection, alert_id, alert, requested)
            case Widening():
                return await widening.prepare(self._planner, connection, alert_id, alert, requested)
            case uniting.Counted():
                return uniting.prepare(self._planner, connection, alert_id, alert, requested)
            case Joining():
                return Refused(Refusal.BORDERS)
            case Extension():
                now = await sql.progress.record_time(connection)
                return self._prepare_extension(connection, alert_id, alert, requested, now)

    async def _change(self, alert_id: UUID, action: Action, order: Order, requested: ChangeRequest) -> Refused | None:
        async def change(connection: Connection, alert: LockedAlert) -> Done | Refused:
            held = raised(alert, order)
            ready = await self.prepare(connection, alert_id, held, requested)
            waits = must_wait(held)
            if isinstance(ready, Refused):
                if held is alert or ready.refusal is not Refusal.NOTHING_NEW:
                    return ready
                # The words stay, and what the case rests on does not.
                ready, waits = _nothing_else(alert), False
            taken = waits and alert.proposed and order.message is None
            if (refused := too_many(alert) or (Refused(Refusal.PROPOSED) if taken else None)) is not None:
                return refused
            if held is not alert:
                await sql.lifecycle.raise_review(connection, alert_id, held.review, list(order.held_for))
            done = await (propose(connection, alert_id, held, action, order, requested) if waits else ready())
            if held is not alert and isinstance(done, Done):
                done = _held(done, order)
            if action is not Action.EXTEND and isinstance(done, Done):
                await sql.lifecycle.add_author(connection, alert_id, order.actor.person, order.actor.person_id)
            return done

        return await self._operations.do(alert_id, action, order, change)

    def _prepare_words(
        self, connection: Connection, alert_id: UUID, alert: LockedAlert, requested: Rewording
    ) -> Ready | Refused:
        content = _CONTENT.decode(alert.content)
        if requested.texts.keys() != content.texts.keys():
            return Refused(Refusal.LOCALES, ", ".join(sorted(content.texts)))
        changed = reworded(content, requested.texts)
        if changed == content:
            return Refused(Refusal.NOTHING_NEW, "it says that already")
        encoded = msgspec.json.encode(changed).decode()

        async def reword() -> Done:
            state = State(alert.state)
            if state in NOT_NOTIFIED:
                await sql.lifecycle.reword(connection, alert_id, encoded)
                return Done(after=state, details={"version": alert.version})
            version = alert.version + 1
            await sql.lifecycle.append_notice(connection, alert_id, version, Notice.UPDATE, encoded)
            await self._planner.add_follow_up(connection, alert_id, alert.status, Notice.UPDATE, version)
            return Done(after=state, details={"version": version}, halts=True)

        return reword

    def _prepare_extension(
        self, connection: Connection, alert_id: UUID, alert: LockedAlert, requested: Extension, now: datetime
    ) -> Ready | Refused:
        expires, latest = alert.expires + timedelta(hours=requested.hours), alert.received_at + self._life_max
        if expires > latest:
            return Refused(Refusal.EXPIRY_CAP, f"at most until {latest.isoformat(timespec='seconds')}")
        if expires <= now:
            return Refused(Refusal.NOT_LATER)

        async def extend() -> Done:
            await sql.lifecycle.extend(connection, alert_id, expires)
            details = {"expires": expires.isoformat(timespec="seconds")}
            return Done(after=State(alert.state), details=details, halts=True)

        return extend


def _nothing_else(alert: LockedAlert) -> Ready:
    """Return a change that changes nothing else."""

    async def leave() -> Done:
        return Done(after=State(alert.state))

    return leave


def _held(done: Done, order: Order) -> Done:
    """Return a change with why its alert needs more approval from now on; in its grace it is not sent by itself."""
    after = State.IN_REVIEW if done.after is State.SCHEDULED else done.after
    details = done.details | {"held_for": list(order.held_for)}
    return msgspec.structs.replace(done, after=after, details=details)
