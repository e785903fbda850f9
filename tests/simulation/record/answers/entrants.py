"""The queries about late entrants. Bounded by the tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tests.simulation.record.queries import answers
from tests.simulation.record.tables import Entrant

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime, timedelta
    from uuid import UUID

    from tests.simulation.record.tables import Alert, LedgerEntry, Moment, Sweep, Tables, Unit

CHANNEL: Final = "qq_alert_entrants"


@answers("entrant_note", "pg_notify")
def note(
    tables: Tables, moment: Moment, alerts: Sequence[UUID], users: Sequence[int], shards: Sequence[int], lane: str
) -> Iterator[tuple[Any, ...]]:
    """Note who entered the area of which alert, and wake the lane in every process."""
    noted = False
    for user, alert_id, shard in sorted(zip(users, alerts, shards, strict=True)):
        alert = tables.alerts.get(alert_id)
        if alert is None or not any(one.notice == "alert" and one.lane == lane for one in alert.sweeps):
            continue
        key = user, alert_id
        # A row that is there already takes a second number from the sequence.
        tables.entry += 2 if key in tables.entrants else 1
        tables.put(tables.entrants, key, Entrant(user, alert_id, lane, shard, tables.entry, moment.now))
        noted = True
    if noted:
        tables.notify(lane, CHANNEL)
        yield ("",)


@answers("entrant_lanes", "lane")
def lanes_due(tables: Tables, moment: Moment, lanes: Sequence[str]) -> list[tuple[Any, ...]]:
    """List lanes in which somebody is due."""
    due = {row.lane for row in tables.entrants.values() if row.due_at <= moment.now}
    return [(lane,) for lane in lanes if lane in due]


@answers(
    "entrant_claim",
    "id shard_from shard_to alert_id notice message_version ring lane radius_km city expires status content left_s "
    "sweep_id trail_seq entrants longitude latitude nearness subject_kind",
    soft=True,
)
def claim(
    tables: Tables,
    moment: Moment,
    lane: str,
    owner: UUID,
    lease: timedelta,
    alerts_max: int,
    held: Sequence[int],
    renewed: Sequence[int],
    parked: Sequence[int],
) -> Iterator[tuple[Any, ...]]:
    """Claim what is for the entrants of alerts in a lane."""
    now, chosen = moment.now, []
    for alert in tables.alerts.values():
        widest, unit = _widest(alert, lane, now), _unit(alert, lane)
        if widest is None or unit is None or unit.id in parked or not _has_due(tables, alert, lane, now):
            continue
        free = unit.lease_until is None or unit.lease_until < now or unit.lease_owner == owner
        if free and not (unit.id in held and unit.sweep is widest and unit.id not in renewed):
            chosen.append((unit, widest))
    chosen.sort(key=lambda one: (one[0].lease_until is not None, one[0].lease_until))
    for unit, sweep in chosen[:alerts_max]:
        alert, is_held = sweep.alert, unit.id in held
        tables.move_unit(unit, sweep)
        tables.change(
            unit,
            lease_owner=owner,
            lease_until=max(unit.lease_until or now, now + lease),
            worked_by=owner,
            message_version=unit.message_version if is_held else alert.version,
        )
        ring = alert.rings[sweep.ring or 0]
        place = sweep.ring, lane, ring.radius_km, ring.city
        content, left_s = "" if is_held else alert.content, (alert.expires - now).total_seconds()
        first = unit.id, unit.shard_from, unit.shard_to, alert.id, sweep.notice, unit.message_version
        own = sweep.id, len(tables.events), True, ring.longitude, ring.latitude, alert.nearness(ring)
        yield *first, *place, alert.expires, alert.status, content, left_s, *own, alert.subject_kind


def _widest(alert: Alert, lane: str, now: datetime) -> Sweep | None:
    if alert.state not in {"sending", "sent"} or alert.expires <= now:
        return None
    due = [
        sweep
        for sweep in alert.sweeps
        if sweep.notice == "alert"
        and sweep.lane == lane
        and (ring := alert.ring_of(sweep)) is not None
        and ring.due_at <= now
        and ring.held is None
    ]
    return max(due, key=lambda one: one.ring or 0, default=None)


def _unit(alert: Alert, lane: str) -> Unit | None:
    return next((unit for unit in alert.units("alert") if unit.entrants and unit.sweep.lane == lane), None)


def _has_due(tables: Tables, alert: Alert, lane: str, now: datetime) -> bool:
    rows = tables.entrants.values()
    return any(row.alert_id == alert.id and row.lane == lane and row.due_at <= now for row in rows)


@answers("entrant_units", "id alert_id")
def units(tables: Tables, moment: Moment, lane: str, limit: int) -> list[tuple[Any, ...]]:
    """List the units for due entrants of a lane."""
    due = {row.alert_id for row in tables.entrants.values() if row.lane == lane and row.due_at <= moment.now}
    alerts = [one for one in tables.alerts.values() if one.id in due and one.state in {"sending", "sent"}]
    found = [(unit.id, one.id) for one in alerts for unit in one.units("alert") if unit.entrants]
    return [row for row in found if tables.units[row[0]].sweep.lane == lane][:limit]


@answers("entrant_list", "entry alert_id user_id")
def due(
    tables: Tables, moment: Moment, lane: str, alerts: Sequence[UUID], without: Sequence[int], limit: int
) -> list[tuple[Any, ...]]:
    """List entrants who are due."""
    rows = [
        row
        for row in tables.entrants.values()
        if row.alert_id in alerts and row.lane == lane and row.due_at <= moment.now and row.entry not in without
    ]
    rows.sort(key=lambda row: row.due_at)
    return [(row.entry, row.alert_id, row.user) for row in rows[:limit]]


@answers("entrant_put_off", soft=True)
def put_off(
    tables: Tables,
    moment: Moment,
    users: Sequence[int],
    alerts: Sequence[UUID],
    entries: Sequence[int],
    after: timedelta,
) -> None:
    """Look at entrants again after a while."""
    for row in _rows(tables, users, alerts, entries):
        tables.change(row, due_at=moment.now + after)


@answers("entrant_remove", soft=True)
def remove(tables: Tables, _: Moment, users: Sequence[int], alerts: Sequence[UUID], entries: Sequence[int]) -> None:
    """Remove entrants, unless they entered anew."""
    for row in _rows(tables, users, alerts, entries):
        tables.remove(tables.entrants, (row.user, row.alert_id))


def _rows(tables: Tables, users: Sequence[int], alerts: Sequence[UUID], entries: Sequence[int]) -> Iterator[Entrant]:
    for user, alert_id, entry in zip(users, alerts, entries, strict=True):
        row = tables.entrants.get((user, alert_id))
        if row is not None and row.entry == entry:
            yield row


@answers("entrant_pending", "user_id")
def pending(tables: Tables, _: Moment, alert_id: UUID, shard_from: int, shard_to: int) -> Iterator[tuple[Any, ...]]:
    """List who is noted in these shards of an alert."""
    for row in tables.entrants.values():
        if row.alert_id == alert_id and shard_from <= row.shard < shard_to:
            yield (row.user,)


@answers("entrant_busy", "alert_id shard")
def busy(
    tables: Tables, moment: Moment, lane: str, alerts: Sequence[UUID], shards: Sequence[int], owner: UUID
) -> Iterator[tuple[Any, ...]]:
    """Find the shards that a sweep of the lane is working on."""
    for alert_id, shard in sorted({*zip(alerts, shards, strict=True)}):
        alert = tables.alerts.get(alert_id)
        units = [] if alert is None else alert.units("alert")
        if any(
            unit.sweep.lane == lane
            and unit.shard_from <= shard < unit.shard_to
            and not unit.done
            and unit.lease_until is not None
            and unit.lease_until > moment.now
            and not (unit.searched and unit.lease_owner == owner)
            for unit in units
        ):
            yield alert_id, shard


@answers("entrant_settled", "alert_id shard_from batch_id outcome")
def settled(
    tables: Tables,
    moment: Moment,
    alerts: Sequence[UUID],
    shards: Sequence[int],
    lane: str,
    invalid_for: timedelta,
) -> Iterator[tuple[Any, ...]]:
    """Find the rows of the ledger with whom the lane need not notify there, each once."""
    pairs = [*zip(alerts, shards, strict=True)]
    for alert_id in dict.fromkeys(alerts):
        alert = tables.alerts.get(alert_id)
        for row in [] if alert is None else alert.ledger.values():
            there = any(one == alert_id and row.shard_from <= shard < row.shard_to for one, shard in pairs)
            if row.notice == "alert" and there and _counts(row, lane, moment.now - invalid_for):
                yield alert_id, row.shard_from, row.batch_id, row.outcome


@answers("entrant_recipients", "alert_id shard_from batch_id outcome packed")
def recipients(tables: Tables, _: Moment, *columns: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    """Read the recipients of rows of the ledger, by their keys."""
    for alert_id, *key in zip(*columns, strict=True):
        alert = tables.alerts.get(alert_id)
        row = None if alert is None else alert.ledger.get(("alert", *key))
        if row is not None:
            yield alert_id, *key, row.packed


def _counts(row: LedgerEntry, lane: str, oldest: datetime) -> bool:
    bad_elsewhere = row.outcome in {"invalid", "quarantined"} and row.lane != lane
    return row.outcome != "indeterminate" and not bad_elsewhere and not (row.outcome == "invalid" and row.at < oldest)


@answers("entrant_shown", "id", soft=True)
def shown(tables: Tables, moment: Moment, alerts: Sequence[UUID]) -> Iterator[tuple[Any, ...]]:
    """Say that late entrants of alerts were notified."""
    for alert_id in alerts:
        if alert_id in tables.alerts:
            tables.change(tables.alerts[alert_id], entered_at=moment.now)
            yield (alert_id,)


@answers("entrant_tidy")
def tidy(tables: Tables, moment: Moment, limit: int) -> None:
    """Delete entrants of alerts that notify nobody any more."""
    over = []
    for key, row in tables.entrants.items():
        alert = tables.alerts.get(row.alert_id)
        if alert is None or alert.expires <= moment.now or alert.state not in {"sending", "sent", "paused"}:
            over.append(key)
    for key in over[:limit]:
        tables.remove(tables.entrants, key)
