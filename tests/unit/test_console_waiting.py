"""What waits for somebody: only what they can decide, as far as is known before they try."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest

from handlers.console.showing.waiting import number_waiting, what_waits, why_not
from handlers.http.bearer import Bearer
from handlers.http.roles import Role
from push.alerts.lifecycle import State
from sql.progress import ListedAlert, ProposedRow
from sql.rings import RingRow

NOW = datetime(2026, 11, 29, tzinfo=UTC)


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
        (_bearer(), "proposal", [], "operator Jo Anna", None),
        (_bearer(), "approval", ["anna"], None, "queue.approved"),
        (_bearer(), "proposal", ["anna"], "operator Bo", "queue.approved"),
        (_bearer(), "release", ["anna"], None, None),
        (_bearer(Role.OPERATOR), "release", [], None, "queue.approver"),
        (_bearer(authority="sz"), "release", [], None, "queue.own_authority"),
        (_bearer(authority="gz"), "approval", [], None, "queue.own_authority"),
        (_bearer(authority="sz"), "grace", [], None, None),
        (_bearer(Role.OPERATOR, "sz"), "grace", ["anna"], None, None),
        (_bearer(Role.VIEWER), "grace", [], None, "queue.operator"),
    ],
)
def test_it_waits_for_those_alone_who_may_decide(
    bearer: Bearer, what: str, approvals: list[str], by: str | None, reason: str | None
) -> None:
    """Not for operators, nor for who proposed it, approved it before, or is of one of its authorities; they read why.

    Held back in its grace it is by anybody who acts; a release asks nobody what they approved before.
    """
    assert why_not(bearer, what, authorities=["sz", "gz"], approvals=approvals, proposed_by=by) == reason


def test_an_alert_waits_for_one_thing_at_a_time() -> None:
    """A case for its approval, a live alert for its proposal or its release, one that is over for nothing."""
    assert what_waits(State.IN_REVIEW, is_proposed=False, is_held=True) == "approval"
    assert what_waits(State.SCHEDULED, is_proposed=False, is_held=False) == "grace"
    assert what_waits(State.SENT, is_proposed=True, is_held=True) == "proposal"
    assert what_waits(State.PAUSED, is_proposed=False, is_held=True) == "release"
    assert what_waits(State.FOUND, is_proposed=True, is_held=True) is None


def _listed(state: State, *, is_held: bool = False, **fields: Any) -> ListedAlert:  # noqa: ANN401 - fields of an alert
    ring = RingRow(
        ring=0, radius_km=5.0, city=False, due_at=NOW, deadline=NOW, decided_by="policy", reason="", held=None
    )
    usual: dict[str, Any] = {one.name: None for one in msgspec.structs.fields(ListedAlert) if one.required}
    given = {"id": UUID(int=1), "authority_id": "sz", "state": state.value, "approvals": [], "countersigned": []}
    rings = [msgspec.structs.replace(ring, held="people" if is_held else None)]
    return ListedAlert(**usual | given | {"rings": rings} | fields)


def test_the_number_beside_the_queue_is_that_of_what_waits_for_the_reader() -> None:
    """Of one's own authority what is in its grace, and not what waits for approval; not what one has approved."""
    proposal = ProposedRow(action="rings", by="operator Bo", at=NOW, reason="taken away")
    alerts = [
        _listed(State.SCHEDULED),
        _listed(State.IN_REVIEW),
        _listed(State.IN_REVIEW, approvals=["anna"]),
        _listed(State.SENT, is_held=True, approvals=["anna"]),
        _listed(State.SENT, proposal=proposal),
        _listed(State.SENT, proposal=proposal, authority_id="bj", countersigned=["sz"]),
        _listed(State.SENT),
        _listed(State.FOUND, is_held=True, proposal=proposal),
    ]
    assert number_waiting(alerts, _bearer()) == 5
    assert number_waiting(alerts, _bearer(authority="sz")) == 1
    assert number_waiting(alerts, _bearer(Role.OPERATOR, "sz")) == 1
    assert number_waiting(alerts, _bearer(Role.VIEWER)) == 0
