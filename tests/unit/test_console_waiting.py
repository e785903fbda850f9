"""What waits for somebody: only what they can decide, as far as is known before they try."""

from __future__ import annotations

import pytest

from handlers.console.showing.waiting import what_waits, why_not
from handlers.http.bearer import Bearer
from handlers.http.roles import Role
from push.alerts.lifecycle import State


def _bearer(role: Role = Role.APPROVER, authority: str | None = None) -> Bearer:
    return Bearer(token_id=1, role=role, name="Anna", digest=b"", authority=authority, person=1)


@pytest.mark.parametrize(
    ("bearer", "what", "approvals", "by", "reason"),
    [
        (_bearer(), "approval", [], None, None),
        (_bearer(Role.OPERATOR), "approval", [], None, "queue.approver"),
        (_bearer(Role.OPERATOR), "grace", [], None, None),
        (_bearer(authority="sz"), "proposal", [], "operator Bo", "queue.own_authority"),
        (_bearer(), "proposal", [], "approver Anna", "queue.own_work"),
        (_bearer(), "proposal", [], "approver Joanna", None),
        (_bearer(), "approval", ["anna"], None, "queue.approved"),
    ],
)
def test_it_waits_for_those_alone_who_may_decide(
    bearer: Bearer, what: str, approvals: list[str], by: str | None, reason: str | None
) -> None:
    """Not for operators, nor for who proposed it, approved it before, or belongs to the authority; they read why."""
    assert why_not(bearer, what, authority="sz", approvals=approvals, proposed_by=by) == reason


def test_an_alert_waits_for_one_thing_at_a_time() -> None:
    """A case for its approval, a live alert for its proposal or its release, one that is over for nothing."""
    assert what_waits(State.IN_REVIEW, is_proposed=False, is_held=True) == "approval"
    assert what_waits(State.SCHEDULED, is_proposed=False, is_held=False) == "grace"
    assert what_waits(State.SENT, is_proposed=True, is_held=True) == "proposal"
    assert what_waits(State.PAUSED, is_proposed=False, is_held=True) == "release"
    assert what_waits(State.FOUND, is_proposed=True, is_held=True) is None
