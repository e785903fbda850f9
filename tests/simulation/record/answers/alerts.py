"""The queries that add and change one alert. Bounded by the tables."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.simulation.record.queries import answers
from tests.simulation.record.tables import Alert, Case, Proposal, Ring

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from uuid import UUID

    from tests.simulation.record.tables import Moment, Tables


@answers("alert_add", "id")
def alert_add(tables: Tables, _: Moment, *columns: Any) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401 - columns
    """Add a case with its alert and the first notice."""
    authority, number, digest, _content, alert_id, status = columns[:6]
    received_at, deadline, expires, longitude, latitude, city, city_polygon, jurisdiction, policy = columns[6:15]
    content, estimate, state, review, send_at, unverified, subject_kind, _held_for = columns[15:]
    case = Case(tables.next_id(), authority, number, digest)
    tables.put(tables.cases, case.id, case)
    alert = Alert(
        id=alert_id,
        case=case,
        status=status,
        state=state,
        received_at=received_at,
        deadline=deadline,
        expires=expires,
        longitude=longitude,
        latitude=latitude,
        city=city,
        city_polygon=city_polygon,
        jurisdiction=jurisdiction,
        policy=policy,
        content=content,
        estimate=estimate,
        swept_at=received_at,
        review=review,
        verified=unverified is None,
        send_at=send_at,
        unverified=unverified,
        subject_kind=subject_kind,
    )
    tables.put(tables.alerts, alert_id, alert)
    tables.put(alert.notices, 1, ("alert", received_at))
    yield (case.id,)


@answers("notice_append")
def notice_append(
    tables: Tables, moment: Moment, alert_id: UUID, version: int, notice: str, content: str, reopens: bool
) -> None:
    """Add a notice and its content."""
    alert = tables.alerts[alert_id]
    tables.put(alert.notices, version, (notice, moment.clock))
    if reopens:
        tables.put(alert.reopenings, version, None)
    tables.change(alert, version=version, content=content)


@answers("ring_add")
def ring_add(tables: Tables, _: Moment, alert_id: UUID, *columns: Sequence[Any]) -> None:
    """Add rings."""
    for ring in map(Ring, *columns):
        tables.put(tables.alerts[alert_id].rings, ring.ring, ring)


@answers("ring_list", "ring radius_km city due_at deadline decided_by reason held longitude latitude nearness")
def ring_list(tables: Tables, _: Moment, alert_id: UUID) -> Iterator[tuple[Any, ...]]:
    """List an alert's rings."""
    alert = tables.alerts.get(alert_id)
    for _number, one in [] if alert is None else sorted(alert.rings.items()):
        first = one.ring, one.radius_km, one.city, one.due_at, one.deadline, one.decided_by, one.reason, one.held
        yield *first, one.longitude, one.latitude, one.nearness


@answers("ring_due", "alert_id radius_km city longitude latitude")
def ring_due(tables: Tables, moment: Moment, alert_ids: Sequence[UUID]) -> Iterator[tuple[Any, ...]]:
    """List the due rings that together are the areas of alerts."""
    for alert_id in sorted({*alert_ids} & tables.alerts.keys()):
        for one in tables.alerts[alert_id].outer(moment.now):
            yield alert_id, one.radius_km, one.city, one.longitude, one.latitude


@answers("update_due", "due_at")
def update_due(tables: Tables, moment: Moment, alert_id: UUID, after: timedelta) -> Iterator[tuple[Any, ...]]:
    """Return when an update that can wait is sent."""
    alert = tables.alerts[alert_id]
    waiting = [
        one.due_at
        for one in alert.sweeps
        if (one.notice, one.version) == ("update", alert.version) and one.due_at and one.due_at > moment.clock
    ]
    yield (min(waiting, default=moment.clock + after),)


@answers("alert_estimated")
def alert_estimated(tables: Tables, _: Moment, alert_id: UUID, estimate: str) -> None:
    """Replace an alert's estimate."""
    tables.change(tables.alerts[alert_id], estimate=estimate)


@answers("ring_due_now", "ring")
def ring_due_now(
    tables: Tables, _: Moment, alert_id: UUID, up_to: int, due_at: datetime, deadline: datetime, by: str, reason: str
) -> Iterator[tuple[Any, ...]]:
    """Make rings due earlier."""
    for ring in tables.alerts[alert_id].rings.values():
        if ring.ring <= up_to and ring.due_at > due_at and ring.held is None and ring.longitude is None:
            tables.change(ring, due_at=due_at, deadline=deadline, decided_by=by, reason=reason)
            yield (ring.ring,)


@answers("alert_area", "longitude latitude city_polygon jurisdiction")
def alert_area(tables: Tables, _: Moment, alert_id: UUID) -> Iterator[tuple[Any, ...]]:
    """Return an alert's place."""
    alert = tables.alerts.get(alert_id)
    if alert is not None:
        yield alert.longitude, alert.latitude, alert.city_polygon, alert.jurisdiction


@answers("alert_lock")
def alert_lock(tables: Tables, _: Moment, alert_id: UUID) -> None:
    """Lock an alert: transactions run one after another here."""


@answers(
    "alert_read_locked",
    "state status authority_id case_number version review received_at deadline expires revision through_alert notified "
    "longitude latitude city city_polygon jurisdiction content audience_max estimate proposed held verified",
)
def read_locked(tables: Tables, _: Moment, alert_id: UUID) -> Iterator[tuple[Any, ...]]:
    """Return a locked alert."""
    a = tables.alerts.get(alert_id)
    if a is None:
        return
    held = any(ring.held is not None for ring in a.rings.values())
    held = a.notice_held if a.state in {"found", "cancelled"} else held
    notified = a.sent_at is not None or bool(a.ledger)
    first = a.state, a.status, a.case.authority_id, a.case.case_number, a.version, a.review, a.received_at, a.deadline
    place = a.longitude, a.latitude, a.city, a.city_polygon, a.jurisdiction
    proposed = a.proposal is not None
    rest = a.content, a.audience_max, a.estimate, proposed, held, a.verified
    yield (*first, a.expires, a.revision, a.through_alert, notified, *place, *rest)


@answers("alert_move")
def alert_move(tables: Tables, moment: Moment, alert_id: UUID, state: str, through: bool | None) -> None:
    """Move an alert to a state."""
    alert = tables.alerts[alert_id]
    tables.change(
        alert,
        state=state,
        ended_at=(alert.ended_at or moment.clock) if state in {"found", "cancelled", "expired"} else None,
        through_alert=alert.through_alert if through is None else through,
        next_sweep_at=alert.next_sweep_at if state in {"sending", "sent", "paused"} else None,
    )


@answers("alert_reopen")
def alert_reopen(
    tables: Tables,
    _: Moment,
    alert_id: UUID,
    review: str,
    send_at: datetime | None,
    expires: datetime,
    at: datetime,
    within: timedelta,
) -> None:
    """Let an alert begin again; which sweeps are open is not kept here."""
    alert = tables.alerts[alert_id]
    for ring in alert.rings.values():
        tables.change(ring, deadline=max(ring.due_at, at) + within)
    tables.change(
        alert,
        review=review,
        send_at=send_at,
        expires=expires,
        deadline=at + within,
        revision=alert.revision + 1,
        through_alert=None,
        outcome=None,
        after_action=None,
    )


@answers("sighting_undecided", "count")
def sighting_undecided(_: Tables, __: Moment, alert_id: UUID) -> Iterator[tuple[int]]:
    """Nobody reports anything of a simulated alert."""
    yield (0,)


@answers("alert_outcome")
def alert_outcome(tables: Tables, _: Moment, alert_id: UUID, outcome: str | None, after_action: str | None) -> None:
    """Keep how a case ended."""
    alert = tables.alerts[alert_id]
    tables.change(alert, outcome=outcome or alert.outcome, after_action=after_action or alert.after_action)


@answers("outcome_read", "outcome through_alert after_action")
def outcome_read(tables: Tables, _: Moment, alert_id: UUID) -> Iterator[tuple[Any, ...]]:
    """Return how a case ended."""
    alert = tables.alerts.get(alert_id)
    if alert is not None:
        yield alert.outcome, alert.through_alert, alert.after_action


@answers("notice_begun", "exists")
def notice_begun(tables: Tables, _: Moment, alert_id: UUID, version: int) -> Iterator[tuple[Any, ...]]:
    """Tell whether a follow-up notice may have been sent to somebody."""
    units = tables.alerts[alert_id].units()
    follow_ups = [one for one in units if one.sweep.version == version and one.sweep.notice != "alert"]
    yield (any(one.worked_by is not None for one in follow_ups),)


@answers("alert_extend")
def alert_extend(tables: Tables, _: Moment, alert_id: UUID, expires: datetime) -> None:
    """Let an alert live longer."""
    tables.change(tables.alerts[alert_id], expires=expires)


@answers("alert_reword")
def alert_reword(tables: Tables, moment: Moment, alert_id: UUID, content: str) -> None:
    """Replace the content before anyone was notified."""
    alert = tables.alerts[alert_id]
    grace = timedelta(seconds=tables.authorities[alert.case.authority_id][1])
    send_at = None if alert.send_at is None else max(alert.send_at, moment.now + grace)
    tables.change(alert, content=content, revision=alert.revision + 1, send_at=send_at)


@answers("alert_review_as")
def alert_review_as(tables: Tables, _: Moment, alert_id: UUID, review: str) -> None:
    """Change the review of an alert."""
    tables.change(tables.alerts[alert_id], review=review, send_at=None)


@answers("alert_status", "status")
def alert_status(tables: Tables, _: Moment, alert_id: UUID) -> Iterator[tuple[Any, ...]]:
    """Return an alert's status."""
    alert = tables.alerts.get(alert_id)
    if alert is not None:
        yield (alert.status,)


@answers("alert_hold")
def alert_hold(tables: Tables, _: Moment, alert_id: UUID) -> None:
    """Keep an alert as it is: transactions run one after another here."""


@answers("unverified_see")
def unverified_see(tables: Tables, _: Moment, alert_id: UUID) -> None:
    """Note which unverified messages are known."""
    alert = tables.alerts[alert_id]
    tables.change(alert, unverified_seen=alert.unverified_messages)


@answers("unverified_acknowledge", "acknowledged")
def unverified_acknowledge(tables: Tables, _: Moment, alert_id: UUID) -> Iterator[tuple[Any, ...]]:
    """Acknowledge the unverified messages that were known."""
    alert = tables.alerts[alert_id]
    known = sorted({*alert.unverified_messages} & {*alert.unverified_seen})
    tables.change(alert, unverified_messages=tuple(one for one in alert.unverified_messages if one not in known))
    yield (known,)


@answers("author_add")
def author_add(tables: Tables, _: Moment, alert_id: UUID, name: str) -> None:
    """Add an author."""
    tables.put(tables.alerts[alert_id].authors, name, None)


@answers("author_is", "exists")
def author_is(tables: Tables, _: Moment, alert_id: UUID, name: str) -> Iterator[tuple[Any, ...]]:
    """Tell whether somebody is an author."""
    yield (name in tables.alerts[alert_id].authors,)


@answers("approval_add")
def approval_add(tables: Tables, moment: Moment, alert_id: UUID, revision: int, name: str) -> None:
    """Add an approval."""
    tables.put(tables.alerts[alert_id].approvals, (revision, name), moment.now)


@answers("approval_list", "name")
def approval_list(tables: Tables, _: Moment, alert_id: UUID, revision: int) -> Iterator[tuple[Any, ...]]:
    """List approvals."""
    rows = [(at, name) for (number, name), at in tables.alerts[alert_id].approvals.items() if number == revision]
    yield from [(name,) for _, name in sorted(rows)]


@answers("proposal_find", "revision action change_request person")
def proposal_find(tables: Tables, _: Moment, alert_id: UUID) -> Iterator[tuple[Any, ...]]:
    """Return what waits for approval."""
    alert = tables.alerts.get(alert_id)
    if alert is not None and (found := alert.proposal) is not None:
        yield found.revision, found.action, found.change_request, found.person


@answers("proposal_put", "revision")
def proposal_put(
    tables: Tables, moment: Moment, alert_id: UUID, action: str, request: str, person: str, by: str, reason: str
) -> Iterator[tuple[Any, ...]]:
    """Store what waits for approval."""
    alert = tables.alerts[alert_id]
    revision = alert.revision + 1
    tables.change(
        alert, revision=revision, proposal=Proposal(revision, action, request, person, by, reason, moment.now)
    )
    yield (revision,)


@answers("proposal_withdraw", "revision")
def proposal_withdraw(tables: Tables, _: Moment, alert_id: UUID) -> Iterator[tuple[Any, ...]]:
    """Withdraw what waits for approval."""
    alert = tables.alerts[alert_id]
    if alert.proposal is not None:
        yield (alert.proposal.revision,)
        tables.change(alert, proposal=None)
