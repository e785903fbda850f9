"""Changes of an alert's texts, reach or life: made at once, or proposed where they need approval.

Bounded: an alert's life by `life_max` from its receipt; what it reaches as `push.alerts.actions.widening` says.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

import sql.lifecycle
import sql.progress
import sql.sealed
from push.alerts.actions import case_changes, placing, widening
from push.alerts.actions.case_changes import CaseChanging
from push.alerts.actions.joining import uniting
from push.alerts.actions.proposals import (
    CaseChange,
    ChangeRequest,
    Extension,
    Joining,
    LaterPlace,
    Rewording,
    Widening,
    change_request_of,
    must_wait,
    propose,
    raised,
    too_many,
    waiting,
)
from push.alerts.actions.refusals import Refusal, Refused
from push.alerts.actions.transaction import Done
from push.alerts.lifecycle import NOT_NOTIFIED, Action, State
from push.alerts.record.contents import read_content

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from push.alerts.actions.case_changes import Asked
    from push.alerts.actions.transaction import Operations, Order, Ready
    from push.alerts.actions.webhook_answer import WebhookAnswer
    from push.alerts.places import Centre
    from push.alerts.planner import Planner
    from push.message.content import Content
    from sql.database import Connection, Pool
    from sql.lifecycle import LockedAlert


def reworded(content: Content, texts: dict[str, tuple[str, str]]) -> Content:
    """Return the content with other titles and bodies, by locale; plate, guidance and whom to call stay as they are."""
    worded = {locale: text.reworded(*texts[locale]) for locale, text in content.texts.items()}
    return msgspec.structs.replace(content, texts=worded)


class Changes:
    """Carries out change requests."""

    def __init__(self, operations: Operations, pool: Pool, planner: Planner, life_max: timedelta) -> None:
        self._operations = operations
        self._pool = pool
        self._planner = planner
        self.life_max = life_max
        self._case_changing = CaseChanging(planner, life_max)

    async def update(self, alert_id: UUID, order: Order, texts: dict[str, tuple[str, str]]) -> Refused | None:
        """Give the alert other texts (title and body by locale), and send them to those who were notified."""
        return await self._change(alert_id, Action.UPDATE, order, Rewording(texts=texts))

    async def extend(self, alert_id: UUID, order: Order, hours: float) -> Refused | None:
        """Let an alert live longer."""
        return await self._change(alert_id, Action.EXTEND, order, Extension(hours=hours))

    async def widen(
        self, alert_id: UUID, order: Order, radius_km: float, *, city: bool | None, centre: Centre | None = None
    ) -> Refused | None:
        """Widen an alert to a radius around its place, or around another centre, due at once."""
        cap_km = self._planner.plan.radius_cap_km
        if radius_km > cap_km:
            return Refused(Refusal.RADIUS_CAP, f"the cap is {cap_km:g} km")
        longitude, latitude = centre or (None, None)
        requested = Widening(
            radius_km=radius_km,
            city=city,
            by=order.actor.label,
            reason=order.reason,
            longitude=longitude,
            latitude=latitude,
        )
        # Redis is asked before the alert is locked: a cancel waits for that lock.
        requested = await widening.estimated(self._pool, self._planner, alert_id, requested)
        return await self._change(alert_id, Action.WIDEN, order, requested)

    async def place(
        self, alert_id: UUID, order: Order, requested: LaterPlace, answer: WebhookAnswer, notes: Sequence[str]
    ) -> Refused | None:
        """Add a place where the child was seen later, at once or after approval, once for each message.

        `Refusal.ANSWERED`: the same message has its answer already.
        """
        requested = await self._estimated(alert_id, requested)

        async def change(connection: Connection, alert: LockedAlert) -> Done | Refused:
            if await answer.is_given(connection):
                return Refused(Refusal.ANSWERED)
            builds = isinstance(await waiting(connection, alert_id), LaterPlace)
            done = await self._apply(connection, alert_id, alert, Action.UPDATE, order, requested)
            if isinstance(done, Refused):
                return done
            said = (*notes, *case_changes.notes_on_waiting(alert, done, builds=builds))
            return msgspec.structs.replace(done, keep=lambda locked: answer.keep(locked, alert_id, said))

        return await self._operations.do(alert_id, Action.UPDATE, order, change)

    async def recounted(self, alert_id: UUID) -> dict[int, ChangeRequest | uniting.Counted]:
        """Return what is proposed, by its revision, where it is about people: counted anew, since they move."""
        proposal = await sql.lifecycle.proposal_of(self._pool, alert_id)
        requested = None if proposal is None else change_request_of(proposal.change_request)
        if proposal is None or requested is None:
            return {}
        if isinstance(requested, Joining):
            united = await uniting.counted(self._pool, self._planner, alert_id, requested)
            return {} if isinstance(united, Refused) else {proposal.revision: united}
        return {proposal.revision: await self._estimated(alert_id, requested)}

    async def change_case(self, alert_id: UUID, order: Order, asked: Asked, answer: WebhookAnswer) -> Refused | None:
        """Change the case to what the police know now, once for each message; what is not applied stands in the notes.

        `Refusal.ANSWERED`: the same message has its answer already. `Refusal.CASE_CHANGED`: the case, or what waits for
        approval, is another one than that from which the change was made.
        """
        # Redis is asked before the alert is locked: a cancel waits for that lock.
        asked = msgspec.structs.replace(asked, requested=await self._estimated(alert_id, asked.requested))

        async def change(connection: Connection, alert: LockedAlert) -> Done | Refused:
            if await answer.is_given(connection):
                return Refused(Refusal.ANSWERED)
            if asked.upon != (alert.revision if alert.proposed else None):
                return Refused(Refusal.CASE_CHANGED)
            settled = await self._case_changing.settle(connection, alert_id, alert, asked)
            held = raised(alert, order)
            if isinstance(settled, Refused):
                if (held is alert and order.sealed is None) or settled.refusal is not Refusal.NOTHING_NEW:
                    return settled
                # The words stay, and what the case rests on does not.
                stays = Done(after=State(alert.state))
                if held is not alert:
                    await sql.lifecycle.raise_review(connection, alert_id, held.review, list(order.held_for))
                    stays = _held(stays, order)
                await self._seal(connection, alert_id, order)
                if State(alert.state) in NOT_NOTIFIED:
                    # Who approved it approved another case.
                    await sql.lifecycle.reword(connection, alert_id, alert.content)
                return msgspec.structs.replace(stays, keep=lambda locked: answer.keep(locked, alert_id, ()))
            done = await self._apply(connection, alert_id, alert, Action.UPDATE, order, settled.requested, asked)
            if isinstance(done, Refused):
                return done
            await self._seal(connection, alert_id, order)
            notes = (*settled.notes, *case_changes.notes_on_waiting(alert, done, builds=asked.builds))
            return msgspec.structs.replace(done, keep=lambda locked: answer.keep(locked, alert_id, notes))

        return await self._operations.do(alert_id, Action.UPDATE, order, change)

    async def _seal(self, connection: Connection, alert_id: UUID, order: Order) -> None:
        """Seal what an update says of the notes and the basis, over what it leaves out."""
        if order.sealed is None:
            return
        sealing, row = self._planner.sealing, await sql.sealed.read(connection, alert_id)
        before = None if row is None else sealing.open(row.case_id, row.ciphertext)
        tree = {} if before is None else msgspec.json.decode(before)
        laid = case_changes.laid_over(tree, msgspec.json.decode(order.sealed))
        text = msgspec.json.encode(laid, order="deterministic")
        case_id = await sql.sealed.case_of(connection, alert_id)
        await sql.sealed.put(connection, case_id, sealing.seal(case_id, text))

    async def _estimated(self, alert_id: UUID, requested: ChangeRequest) -> Any:  # noqa: ANN401 - of the type that came
        """Return a change request with how many people its ring would reach; others as they are."""
        match requested:
            case Widening():
                return await widening.estimated(self._pool, self._planner, alert_id, requested)
            case LaterPlace():
                return await placing.estimated(self._pool, self._planner, alert_id, requested)
            case CaseChange(area=Widening() as area):
                wider = await widening.estimated(self._pool, self._planner, alert_id, area)
                return msgspec.structs.replace(requested, area=wider)
        return requested

    async def prepare(
        self, connection: Connection, alert_id: UUID, alert: LockedAlert, requested: ChangeRequest | uniting.Counted
    ) -> Ready | Refused:
        """Return how a change request is carried out, or why it cannot be; nothing is written before that is called."""
        match requested:
            case Rewording():
                return self._prepare_words(connection, alert_id, alert, requested)
            case Widening():
                return await widening.prepare(self._planner, connection, alert_id, alert, requested)
            case LaterPlace():
                return await placing.prepare(self._planner, connection, alert_id, alert, requested)
            case uniting.Counted():
                return uniting.prepare(self._planner, connection, alert_id, alert, requested)
            case Joining():
                return Refused(Refusal.BORDERS)
            case CaseChange():
                return await self._case_changing.prepare(connection, alert_id, alert, requested)
            case Extension():
                now = await sql.progress.record_time(connection)
                return self._prepare_extension(connection, alert_id, alert, requested, now)

    async def _change(self, alert_id: UUID, action: Action, order: Order, requested: ChangeRequest) -> Refused | None:
        async def change(connection: Connection, alert: LockedAlert) -> Done | Refused:
            return await self._apply(connection, alert_id, alert, action, order, requested)

        return await self._operations.do(alert_id, action, order, change)

    async def _apply(
        self,
        connection: Connection,
        alert_id: UUID,
        alert: LockedAlert,
        action: Action,
        order: Order,
        requested: ChangeRequest,
        asked: Asked | None = None,
    ) -> Done | Refused:
        """Carry a change request out, or propose it where it needs approval; `asked`: as which change of the case."""
        held = raised(alert, order)
        ready = await self.prepare(connection, alert_id, held, requested)
        waits = must_wait(held)
        if isinstance(ready, Refused):
            if held is alert or ready.refusal is not Refusal.NOTHING_NEW:
                return ready
            # The words stay, and what the case rests on does not.
            ready, waits = _nothing_else(alert), False
        if (refused := too_many(alert)) is not None:
            return refused
        if held is not alert:
            await sql.lifecycle.raise_review(connection, alert_id, held.review, list(order.held_for))
        if waits and asked is not None and isinstance(requested, CaseChange):
            requested = await case_changes.with_photo(connection, alert_id, requested, asked)
        done = await (propose(connection, alert_id, held, action, order, requested) if waits else ready())
        if not waits and asked is not None and isinstance(done, Done):
            done = await case_changes.give_photo(connection, alert_id, alert, asked, done)
        if held is not alert and isinstance(done, Done):
            done = _held(done, order)
        if action is not Action.EXTEND and isinstance(done, Done):
            await sql.lifecycle.add_author(connection, alert_id, order.actor.person, order.actor.person_id)
        return done

    def _prepare_words(
        self, connection: Connection, alert_id: UUID, alert: LockedAlert, requested: Rewording
    ) -> Ready | Refused:
        content = read_content(alert.content)
        if requested.texts.keys() != content.texts.keys():
            return Refused(Refusal.LOCALES, ", ".join(sorted(content.texts)))
        changed = reworded(content, requested.texts)
        if changed == content:
            return Refused(Refusal.NOTHING_NEW, "it says that already")

        async def reword() -> Done:
            return await case_changes.reword(self._planner, connection, alert_id, alert, changed)

        return reword

    def _prepare_extension(
        self, connection: Connection, alert_id: UUID, alert: LockedAlert, requested: Extension, now: datetime
    ) -> Ready | Refused:
        expires, latest = alert.expires + timedelta(hours=requested.hours), alert.received_at + self.life_max
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
