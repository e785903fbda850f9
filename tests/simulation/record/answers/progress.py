"""The queries that list alerts, move them by themselves and reopen units; the audit trail. Bounded by the tables."""

from __future__ import annotations

from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tests.simulation.record.queries import answers
from tests.simulation.record.tables import INFINITY, Alert, Event, Sweep, may_send

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from uuid import UUID

    from tests.simulation.record.tables import Moment, Tables

LIVE: Final = ("in_review", "scheduled", "sending", "sent", "paused")


@answers("record_time", "clock_timestamp")
def record_time(tables: Tables, moment: Moment) -> Iterator[tuple[Any, ...]]:
    """Return the time."""
    yield (moment.clock,)


@answers("ping", "one")
def ping(tables: Tables, _: Moment) -> Iterator[tuple[Any, ...]]:
    """Answer, and take writes."""
    yield (True,)


@answers("alert_ids", "id")
def alert_ids(
    tables: Tables,
    _: Moment,
    limit: int,
    number: str | None,
    authority: str | None,
    reader: str | None,
    waiting_too: bool,
) -> list[tuple[Any, ...]]:
    """Choose the alerts of a listing; officers do not read here."""
    assert (reader, waiting_too) == (None, False)
    rows = [
        alert
        for alert in tables.alerts.values()
        if number in {None, alert.case.case_number} and authority in {None, alert.case.authority_id}
    ]
    waiting = {"received", "in_review", "scheduled"}
    rows.sort(key=lambda a: a.received_at, reverse=True)
    rows.sort(key=lambda a: (a.state not in {"sending", "sent", "paused"}, a.state not in waiting, not a.verified))
    return [(alert.id,) for alert in rows[:limit]]


@answers("alert_changed", "id since")
def alert_changed(tables: Tables, _: Moment, since: str) -> list[tuple[Any, ...]]:
    """Say that every alert changed: which did is not kept here, and to read one too many does no harm."""
    return [(None, since), *((alert, since) for alert in tables.alerts)]


@answers("alert_lock_many", "1")
def alert_lock_many(_: Tables, __: Moment, ___: Sequence[UUID]) -> None:
    """Lock alerts: transactions run one after another here."""


@answers(
    "alert_list",
    "id case_number authority_id status state received_at deadline expires longitude latitude city policy estimate "
    "swept_at entered_at sent_at verified unverified unverified_messages review send_at version ended_at through_alert "
    "audience_max child_deleted_at recipients_deleted_at approvals revision proposal rings "
    "busy notice_held subject_kind held_for",
)
def alert_list(tables: Tables, _: Moment, alert_ids: Sequence[UUID]) -> list[tuple[Any, ...]]:
    """Return these alerts."""
    return [_listed(tables.alerts[one]) for one in alert_ids if one in tables.alerts]


def _listed(a: Alert) -> tuple[Any, ...]:
    approvals = sorted((at, name) for (revision, name), at in a.approvals.items() if revision == a.revision)
    proposal = None
    if a.proposal is not None and a.state in {"sending", "sent", "paused"}:
        requested = msgspec.json.decode(a.proposal.change_request)
        known = ("radius_km", "city", "people", "longitude", "latitude", "hours", "expires", "parts")
        shown = {name: requested[name] for name in known if requested.get(name) is not None}
        own = {"action": a.proposal.action, "by": a.proposal.by, "at": a.proposal.at, "reason": a.proposal.reason}
        proposal = msgspec.json.encode(own | shown).decode()
    rings = [
        {
            "ring": r.ring,
            "radius_km": r.radius_km,
            "city": r.city,
            "due_at": r.due_at,
            "deadline": r.deadline,
            "decided_by": r.decided_by,
            "reason": r.reason,
            "held": r.held,
            "longitude": r.longitude,
            "latitude": r.latitude,
            "nearness": r.nearness,
        }
        for _, r in sorted(a.rings.items())
    ]
    case = a.case
    first = a.id, case.case_number, case.authority_id, a.status, a.state, a.received_at, a.deadline, a.expires
    place = a.longitude, a.latitude, a.city, a.policy, a.estimate, a.swept_at, a.entered_at, a.sent_at
    review = (
        a.verified,
        a.unverified,
        [*a.unverified_messages],
        a.review,
        a.send_at,
        a.version,
        a.ended_at,
        a.through_alert,
        a.audience_max,
    )
    deleted = None, a.recipients_deleted_at
    names = [name for _, name in approvals]
    encoded = msgspec.json.encode(rings).decode()
    # What a case rests on is not simulated: nothing holds it.
    last = encoded, _busy(a), a.notice_held, a.subject_kind, list[str]()
    return *first, *place, *review, *deleted, names, a.revision, proposal, *last


def _busy(alert: Alert) -> bool:
    for sweep in alert.sweeps:
        first = sweep.notice == "alert"
        if sweep.due_at == INFINITY or (first and alert.state not in {"sending", "sent"}):
            continue
        if not may_send(alert.state, alert.version, sweep.notice, alert.version if first else sweep.version):
            continue
        if any(not unit.done and (unit.passes > 0 or not first) for unit in sweep.units):
            return True
    return False


@answers(
    "progress_read",
    "alert_id notice version lane ring units units_searched units_done found accepted invalid refused quarantined "
    "failed settled opted_out entrants requested_at",
)
def progress_read(tables: Tables, _: Moment, alerts: Sequence[UUID], step: int) -> Iterator[tuple[Any, ...]]:
    """Sum the counts of each sweep, those of late entrants rounded down."""
    wanted = [tables.alerts[one] for one in sorted({*alerts}) if one in tables.alerts]
    for alert in wanted:
        key = _sweep_key
        for (version, notice, lane, ring), sweeps in groupby(sorted(alert.sweeps, key=key), key=key):
            units = [unit for sweep in sweeps for unit in sweep.units]
            counts = [
                sum(_rounded(getattr(unit, name), step if unit.entrants else 1) for unit in units)
                for name in ("found", "accepted", "invalid", "refused", "quarantined", "failed")
            ]
            settled = sum(
                unit.accepted + unit.invalid + unit.refused + unit.quarantined + unit.failed for unit in units
            )
            own = [unit for unit in units if not unit.entrants]
            of_own = [len(own), *(sum(getattr(unit, name) for unit in own) for name in ("searched", "done"))]
            opted_out = sum(unit.opted_out for unit in units)
            entrants = sum(_rounded(unit.accepted, step) for unit in units if unit.entrants)
            yield alert.id, notice, version, lane, ring, *of_own, *counts, settled, opted_out, entrants, None


def _rounded(count: int, step: int) -> int:
    return count // step * step


def _sweep_key(sweep: Sweep) -> tuple[int, str, str, int]:
    return sweep.version, sweep.notice, sweep.lane, sweep.ring or 0


@answers("alert_settle", "id before after")
def alert_settle(
    tables: Tables, moment: Moment, again_after: timedelta, without: Sequence[UUID]
) -> Iterator[tuple[Any, ...]]:
    """Make the transitions that need no person."""
    now = moment.now
    for alert in tables.alerts.values():
        if alert.state not in LIVE or alert.id in without:
            continue
        before, after = alert.state, _judged(alert, now)
        if before == after:
            continue
        tables.change(
            alert,
            state=after,
            sent_at=now if after == "sent" else alert.sent_at,
            ended_at=moment.clock if after == "expired" else alert.ended_at,
            next_sweep_at={"sent": now + again_after, "sending": alert.next_sweep_at}.get(after),
        )
        yield alert.id, before, after


@answers("alert_going_ids", "id")
def going_on(tables: Tables, moment: Moment, limit: int) -> list[tuple[Any, ...]]:
    """List the alerts that move by themselves."""
    since = moment.now - timedelta(days=1)
    alerts = tables.alerts.values()
    return [(one.id,) for one in alerts if one.state in LIVE or (one.ended_at or since) > since][:limit]


def _judged(alert: Alert, now: datetime) -> str:
    if alert.expires <= now:
        return "expired"
    if alert.state == "scheduled" and alert.send_at is not None and alert.send_at <= now:
        return "sending"
    if alert.state not in {"sending", "sent"}:
        return alert.state
    for sweep in alert.sweeps:
        ring = alert.ring_of(sweep)
        due = ring is not None and ring.due_at <= now and ring.held is None
        if due and any(not unit.done and unit.passes == 0 for unit in sweep.units):
            return "sending"
    return "sent"


@answers("alert_reached", "people")
def alert_reached(tables: Tables, _: Moment, alert_id: UUID) -> Iterator[tuple[Any, ...]]:
    """Count whom the first message of an alert was sent to."""
    units = tables.alerts[alert_id].units("alert")
    yield (sum(u.accepted + u.invalid + u.refused + u.quarantined + u.failed for u in units),)


@answers("ring_hold", "alert_id pg_notify")
def ring_hold(tables: Tables, _: Moment, alerts: Sequence[UUID], people_max: int) -> Iterator[tuple[Any, ...]]:
    """Hold all rings of an alert that has reached its cap."""
    for alert in tables.alerts.values():
        people = sum(u.accepted + u.invalid + u.refused + u.quarantined + u.failed for u in alert.units("alert"))
        if alert.id not in alerts or people < (alert.audience_max or people_max):
            continue
        free = [ring for ring in alert.rings.values() if ring.held is None]
        for ring in free:
            tables.change(ring, held="audience cap")
        if free:
            tables.notify(str(alert.id))
            yield alert.id, ""


@answers("audit_head", "now seq digest content")
def audit_head(tables: Tables, moment: Moment) -> Iterator[tuple[Any, ...]]:
    """Lock the trail, where transactions run one after another here, and return the newest event."""
    last = tables.events[len(tables.events)] if tables.events else None
    yield (moment.clock, None, None, None) if last is None else (moment.clock, last.seq, last.digest, last.content)


@answers("audit_last", "seq digest content")
def audit_last(tables: Tables, _: Moment) -> Iterator[tuple[Any, ...]]:
    """Return the newest event."""
    if tables.events:
        last = tables.events[len(tables.events)]
        yield last.seq, last.digest, last.content


@answers("audit_add")
def audit_add(tables: Tables, _: Moment, *columns: Sequence[Any]) -> None:
    """Append events; nothing here reads their reasons."""
    for seq, alert_id, content, digest, _salt, _reason in zip(*columns, strict=True):
        tables.put(tables.events, seq, Event(seq, alert_id, content, digest))


@answers("audit_digest", "digest")
def audit_digest(tables: Tables, _: Moment, seq: int) -> Iterator[tuple[Any, ...]]:
    """Return the digest of an event."""
    if seq in tables.events:
        yield (tables.events[seq].digest,)


@answers("lost_event_note")
def lost_event_note(tables: Tables, moment: Moment, seqs: Sequence[int], digests: Sequence[bytes]) -> None:
    """Note events that the record had and lost."""
    for event in zip(seqs, digests, strict=True):
        tables.put(tables.lost_events, event, moment.now)


@answers("lost_event_list", "seq digest")
def lost_event_list(
    tables: Tables, _: Moment, seqs: Sequence[int], digests: Sequence[bytes]
) -> Iterator[tuple[Any, ...]]:
    """List those that are noted."""
    for event in zip(seqs, digests, strict=True):
        if event in tables.lost_events:
            yield event


@answers("lost_event_count", "count")
def lost_event_count(tables: Tables, _: Moment) -> Iterator[tuple[Any, ...]]:
    """Count those that are noted."""
    yield (len(tables.lost_events),)


@answers("rate_note", "", soft=True)
def rate_note(*_: object) -> None:
    """Note rates, on which nothing here depends."""


@answers("rate_thin", "", soft=True)
def rate_thin(*_: object) -> None:
    """Thin the rates."""
