"""Decisions about an alert: approve, veto, pause, resume, cancel, found, reopen, release.

Other texts, rings or a longer life are changes (`push.alerts.actions.changes`). Bounded: the audience of a release by
what its approver says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

import sql.held_notices
import sql.lifecycle
import sql.persons
from push.alerts.actions.ends.endings import end
from push.alerts.actions.ends.reopening import reopen
from push.alerts.actions.proposals import change_request_of
from push.alerts.actions.refusals import Refusal, Refused
from push.alerts.actions.transaction import Done, Operations, Order
from push.alerts.estimate import read_estimate
from push.alerts.lifecycle import HELD_NOTICE, NOT_NOTIFIED, Action, State, leads_to
from push.alerts.outcomes import Ending
from push.alerts.record.contents import read_content
from push.alerts.review import Review, approvals_needed

if TYPE_CHECKING:
    from uuid import UUID

    from push.alerts.actions.actor import Actor
    from push.alerts.actions.changes import Changes
    from push.alerts.actions.transaction import Ready
    from push.alerts.planner import Planner
    from sql.database import Connection
    from sql.lifecycle import LockedAlert, ProposalRow


class Actions:
    """What people decide about alerts."""

    def __init__(self, operations: Operations, changes: Changes, planner: Planner) -> None:
        self._operations = operations
        self._changes = changes
        self._planner = planner

    async def approve(self, alert_id: UUID, order: Order, revision: int) -> Refused | None:
        """Approve what was read as a revision: the alert, or a proposal after people were notified.

        It takes effect once enough different people approved who did not file, word or widen it.
        """
        actor = order.actor
        counted = await self._changes.recounted(alert_id)

        async def change(connection: Connection, alert: LockedAlert) -> Done | Refused:
            # What nobody can read, nobody has read.
            read_content(alert.content)
            proposal = await sql.lifecycle.proposal_of(connection, alert_id)
            approved = await sql.lifecycle.approvals(connection, alert_id, alert.revision)
            refused = await self._not_approved(connection, alert_id, alert, order, revision, proposal)
            if refused is not None or any(actor.is_person(one.person_id, one.person) for one in approved):
                return refused or Refused(Refusal.APPROVED)
            count = len(approved) + 1
            needed = approvals_needed(Review(alert.review))
            ready: Ready | Refused | None = None
            if proposal is not None and count >= needed:
                requested = counted.get(proposal.revision, change_request_of(proposal.change_request))
                ready = await self._changes.prepare(connection, alert_id, alert, requested)
            if isinstance(ready, Refused):
                return ready
            await sql.lifecycle.add_approval(
                connection, alert_id, revision, actor.person, actor.person_id, actor.token_id
            )
            details = {"revision": revision, "approvals": count, "needed": needed}
            if proposal is None:
                return Done(after=State.SENDING if count >= needed else State.IN_REVIEW, details=details)
            if ready is None:
                return Done(after=State(alert.state), details=details)
            await sql.lifecycle.withdraw(connection, alert_id)
            done = await ready()
            return msgspec.structs.replace(done, details=details | {"does": proposal.action} | done.details)

        return await self._operations.do(alert_id, Action.APPROVE, order, change)

    async def veto(self, alert_id: UUID, order: Order) -> Refused | None:
        """Hold back an alert that would be sent by itself, or withdraw the proposal that waits for approval."""

        async def change(connection: Connection, alert: LockedAlert) -> Done | Refused:
            if State(alert.state) in NOT_NOTIFIED:
                # From now on it is like any other that somebody has to approve, and so is what is changed later.
                await sql.lifecycle.review_as(connection, alert_id, Review.APPROVE)
                return Done(after=State.IN_REVIEW)
            revision = await sql.lifecycle.withdraw(connection, alert_id)
            if revision is None:
                return Refused(Refusal.NOTHING_PROPOSED)
            await sql.lifecycle.forget_approvals(connection, alert_id, revision)
            return Done(after=State(alert.state), details={"withdrawn": revision})

        return await self._operations.do(alert_id, Action.VETO, order, change)

    async def pause(self, alert_id: UUID, order: Order) -> Refused | None:
        """Notify no one more until it is resumed, which acknowledges the unverified messages known at the pause."""

        async def change(connection: Connection, _: LockedAlert) -> Done | Refused:
            await sql.lifecycle.see_unverified(connection, alert_id)
            return Done(after=State.PAUSED, halts=True)

        return await self._operations.do(alert_id, Action.PAUSE, order, change)

    async def resume(self, alert_id: UUID, order: Order) -> Refused | None:
        """Go on with those not yet notified, and acknowledge the unverified messages known at the pause.

        Of an alert that ended, the held notice of its end goes on.
        """

        async def change(connection: Connection, alert: LockedAlert) -> Done | Refused:
            if (state := State(alert.state)) in HELD_NOTICE:
                await sql.held_notices.resume_notice(connection, alert_id)
                return Done(after=state)
            acknowledged = await sql.lifecycle.acknowledge_unverified(connection, alert_id)
            return Done(after=State.SENDING, details={"acknowledged": acknowledged} if acknowledged else {})

        return await self._operations.do(alert_id, Action.RESUME, order, change)

    async def hold_notice(self, alert_id: UUID, order: Order) -> Refused | None:
        """Hold the notice of an alert's end until it is resumed: nobody more is notified that it is over."""

        async def change(connection: Connection, alert: LockedAlert) -> Done | Refused:
            await sql.held_notices.hold_notice(connection, alert_id)
            return Done(after=State(alert.state), halts=True)

        return await self._operations.do(alert_id, Action.HOLD, order, change)

    async def cancel(self, alert_id: UUID, order: Order) -> Refused | None:
        """Withdraw an alert: no one more is notified, and those notified get a follow-up notice."""
        return await self._end(alert_id, Action.CANCEL, order, State.CANCELLED, Ending())

    async def find(self, alert_id: UUID, order: Order, ending: Ending) -> Refused | None:
        """Record that the search is over, and how it ended as far as that is known, if only later."""
        return await self._end(alert_id, Action.FIND, order, State.FOUND, ending)

    async def reopen(self, alert_id: UUID, order: Order) -> Refused | None:
        """Let an alert go on that was ended by mistake, after its authority's review."""

        async def change(connection: Connection, alert: LockedAlert) -> Done | Refused:
            return await reopen(self._planner, connection, alert_id, alert, order, self._changes.life_max)

        return await self._operations.do(alert_id, Action.REOPEN, order, change)

    async def release(self, alert_id: UUID, order: Order, people_max: int) -> Refused | None:
        """Let an alert reach more people than the cap; not by the person who asked for more."""

        async def change(connection: Connection, alert: LockedAlert) -> Done | Refused:
            if (refused := await _own_work(connection, alert_id, alert, order)) is not None:
                return refused
            held = await sql.lifecycle.held_rings(connection, alert_id)
            if not held:
                return Refused(Refusal.NOTHING_HELD, "what has reached its cap is held within seconds: look again")
            reached = await sql.lifecycle.reached(connection, alert_id)
            rule = self._planner.plan.disclosure
            if people_max <= reached or rule.is_few(people_max):
                shown = rule.floored(reached)
                before = rule.fewer() if shown is None else f"{shown} people"
                return Refused(Refusal.AUDIENCE_CAP, f"{before} were notified already")
            # As shown: numbers could be found out by asking for one after the other.
            expected = {ring: rule.estimated(_expected(alert, ring)) or 0 for ring in held}
            freed = [ring for ring in held if expected[ring] <= people_max]
            if not freed:
                return Refused(Refusal.AUDIENCE_CAP, f"{rule.about(min(expected.values()))} at least")
            await sql.lifecycle.release(connection, alert_id, people_max, freed)
            return Done(after=State(alert.state), details={"people_max": people_max, "rings": freed})

        return await self._operations.do(alert_id, Action.RELEASE, order, change)

    async def _end(self, alert_id: UUID, action: Action, order: Order, after: State, ending: Ending) -> Refused | None:
        async def change(connection: Connection, alert: LockedAlert) -> Done | Refused:
            return await end(self._planner, connection, alert_id, alert, after, ending)

        return await self._operations.do(alert_id, action, order, change)

    async def _not_approved(
        self,
        connection: Connection,
        alert_id: UUID,
        alert: LockedAlert,
        order: Order,
        revision: int,
        proposal: ProposalRow | None,
    ) -> Refused | None:
        """Refuse an approval of what was not read, of nothing, of what is not possible, or of one's own work."""
        actor, notified = order.actor, State(alert.state) not in NOT_NOTIFIED
        if notified and proposal is None:
            return Refused(Refusal.NOTHING_PROPOSED)
        if revision != alert.revision:
            return Refused(Refusal.REVISION, f"it is revision {alert.revision} now: read it again")
        if proposal is not None and not leads_to(State(alert.state), Action(proposal.action)):
            return Refused(Refusal.NOT_NOW, f"{proposal.action}: the alert is {alert.state}")
        if proposal is not None and not proposal.is_valid:
            return Refused(Refusal.NOT_NOW, "who proposed it was revoked since: a veto drops it")
        if proposal is None:
            return await _own_work(connection, alert_id, alert, order)
        if await _is_of_authority(connection, alert, actor):
            return Refused(Refusal.OWN_AUTHORITY)
        return Refused(Refusal.OWN_WORK) if actor.is_person(proposal.person_id, proposal.person) else None


async def _own_work(connection: Connection, alert_id: UUID, alert: LockedAlert, order: Order) -> Refused | None:
    """Refuse that somebody approves what they, or those they belong to, filed, worded or widened."""
    actor = order.actor
    if await _is_of_authority(connection, alert, actor):
        return Refused(Refusal.OWN_AUTHORITY)
    is_author = await sql.lifecycle.is_author(connection, alert_id, actor.person, actor.person_id)
    return Refused(Refusal.OWN_WORK) if is_author else None


async def _is_of_authority(connection: Connection, alert: LockedAlert, actor: Actor) -> bool:
    """Tell whether a person is of an authority whose alert it is: by this token, or by any since it was filed."""
    if actor.authority in alert.authorities:
        return True
    if actor.person_id is None:
        return False
    since = alert.received_at
    of = [await sql.persons.is_officer(connection, actor.person_id, one, since) for one in alert.authorities]
    return any(of)


def _expected(alert: LockedAlert, ring: int) -> int:
    """Return how many people a ring and those before it hold by the estimate; 0 where there is none."""
    estimate = read_estimate(alert.estimate)
    return 0 if estimate is None else estimate.up_to(ring)
