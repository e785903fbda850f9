"""What waits for a decision, and whose: of whom it is known that they may not decide, it does not wait for them.

Whether somebody worded an alert is known when they try. Pure; bounded by the alerts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers.http.roles import ALLOWS, Role
from push.alerts.lifecycle import LIVE, State
from push.alerts.people.names import folded_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from handlers.http.bearer import Bearer
    from sql.progress import ListedAlert


def what_waits(state: State, *, is_proposed: bool, is_held: bool) -> str | None:
    """Return for what an alert waits, None where it waits for nothing."""
    if state is State.IN_REVIEW:
        return "approval"
    if state is State.SCHEDULED:
        return "grace"
    if state not in LIVE:
        return None
    return "proposal" if is_proposed else "release" if is_held else None


def why_not(
    bearer: Bearer, what: str, *, authorities: Collection[str], approvals: Collection[str], proposed_by: str | None
) -> str | None:
    """Return why somebody does not decide (a key of the texts), None where it waits for them.

    Whoever acts may hold back what is in its grace, whoever filed it. `approvals`: of what waits for approval.
    """
    if bearer.role not in ALLOWS[Role.OPERATOR if what == "grace" else Role.APPROVER]:
        return "queue.operator" if what == "grace" else "queue.approver"
    if what == "grace":
        return None
    if bearer.authority in authorities:
        return "queue.own_authority"
    name = folded_name(bearer.name)
    if what != "release" and name in approvals:
        return "queue.approved"
    # The record names who proposed it with their role before the name.
    by = None if proposed_by is None else folded_name(proposed_by.partition(" ")[2])
    return "queue.own_work" if by == name else None


def number_waiting(alerts: Iterable[ListedAlert], bearer: Bearer) -> int:
    """Return how many of these alerts wait for somebody."""
    number = 0
    for one in alerts:
        proposal = one.proposal
        what = what_waits(State(one.state), is_proposed=proposal is not None, is_held=one.held)
        if what is not None:
            by = None if proposal is None else proposal.by
            number += not why_not(bearer, what, authorities=one.authorities, approvals=one.approvals, proposed_by=by)
    return number
