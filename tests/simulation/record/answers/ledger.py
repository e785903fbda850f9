"""The queries about the ledger, and those about enrolment. Bounded by the tables."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from tests.simulation.record.queries import answers
from tests.simulation.record.tables import LedgerEntry

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime, timedelta
    from uuid import UUID

    from tests.simulation.record.tables import Alert, Moment, Tables

LATE_ROWS_REOPEN = True
"""False only in a mutation."""

ENDS: Final = ("found", "cancel")
KNOWN: Final = ("accepted", "indeterminate")
COUNTED: Final = ("accepted", "invalid", "refused", "quarantined", "failed")


@answers("ledger_commit")
def commit(tables: Tables, moment: Moment, *columns: Sequence[Any]) -> None:
    """Commit rows, reopen the follow-up notices that began before, and count."""
    counts: dict[int, Counter[str]] = {}
    late: list[tuple[Alert, LedgerEntry]] = []
    for row in zip(*columns, strict=True):
        (
            alert_id,
            notice,
            shard_from,
            shard_to,
            batch_id,
            outcome,
            lane,
            unit_id,
            recipients,
            packed,
            version,
            locale,
        ) = row
        alert = tables.alerts.get(alert_id)
        if alert is None:
            # A record that went back behind this alert takes the row all the same, and nothing ever reads it.
            continue
        key = (notice, shard_from, batch_id, outcome)
        if key in alert.ledger:
            continue
        entry = LedgerEntry(
            notice,
            shard_from,
            shard_to,
            batch_id,
            outcome,
            lane,
            unit_id,
            recipients,
            packed,
            version,
            moment.now,
            locale,
        )
        tables.put(alert.ledger, key, entry)
        if outcome in COUNTED:
            counts.setdefault(unit_id, Counter())[outcome] += recipients
        if LATE_ROWS_REOPEN and notice != "update" and outcome in {"accepted", "indeterminate"}:
            late.append((alert, entry))
    _reopen_follow_ups(tables, late)
    for unit_id, counted in counts.items():
        unit = tables.units.get(unit_id)
        if unit is not None:
            tables.change(unit, **{name: getattr(unit, name) + number for name, number in counted.items()})


def _reopen_follow_ups(tables: Tables, late: list[tuple[Alert, LedgerEntry]]) -> None:
    """Let who is recorded late hear of the follow-up notices that began before."""
    for alert, entry in late:
        for unit in alert.units():
            sweep = unit.sweep
            if sweep.notice == "alert" or not sweep.version > entry.message_version:
                continue
            if entry.notice != "alert" and sweep.notice != "update":
                continue
            if unit.shard_from < entry.shard_to and unit.shard_to > entry.shard_from:
                tables.change(unit, done=False, reopened=unit.lease_until is not None)


@answers("ledger_settled", "packed")
def settled(
    tables: Tables,
    moment: Moment,
    alert_id: UUID,
    notice: str,
    shard_from: int,
    shard_to: int,
    lane: str,
    invalid_for: timedelta,
    version: int,
) -> Iterator[tuple[Any, ...]]:
    """Find who need not be notified by a lane."""
    alert = tables.alerts.get(alert_id)
    for row in [] if alert is None else alert.ledger.values():
        if not (row.shard_from < shard_to and row.shard_to > shard_from):
            continue
        if notice == "alert" and row.notice in ENDS and row.outcome in KNOWN:
            yield (row.packed,)
        if row.notice != notice or not _counts(alert, row, version):
            continue
        bad_elsewhere = row.outcome in {"invalid", "quarantined"} and row.lane != lane
        old = row.outcome == "invalid" and row.at < moment.now - invalid_for
        if row.outcome != "indeterminate" and not bad_elsewhere and not old:
            yield (row.packed,)


def _counts(alert: Alert | None, row: LedgerEntry, version: int) -> bool:
    """Tell whether a row is of the notice that is sent, and not of one before the alert was reopened."""
    if row.notice == "alert" or row.message_version == version:
        return True
    earlier = [] if alert is None else [one for one in alert.reopenings if one < version]
    return row.notice != "update" and row.message_version > max(earlier, default=0)


@answers("ledger_ends", "notice outcome packed")
def ends(
    tables: Tables, _: Moment, alert_id: UUID, before: int, shard_from: int, shard_to: int
) -> Iterator[tuple[Any, ...]]:
    """Find who got which follow-up notice of a reopened alert, the newest first."""
    alert = tables.alerts.get(alert_id)
    if alert is None or not any(one <= before for one in alert.reopenings):
        return
    for row in sorted(alert.ledger.values(), key=lambda row: -row.message_version):
        near = row.shard_from < shard_to and row.shard_to > shard_from
        if row.notice != "alert" and row.message_version < before and row.outcome in KNOWN and near:
            yield row.notice, row.outcome, row.packed


@answers("ledger_unsettled", "packed")
def unsettled(
    tables: Tables,
    _: Moment,
    alert_id: UUID,
    before: int,
    shard_from: int,
    shard_to: int,
    lane: str,
    notices: Sequence[str],
) -> Iterator[tuple[Any, ...]]:
    """Find whom an interrupted process may have notified unrecorded."""
    alert = tables.alerts.get(alert_id)
    units = [
        unit
        for unit in ([] if alert is None else alert.units())
        if unit.sweep.lane == lane
        and unit.sweep.notice in notices
        and unit.sweep.version < before
        and not unit.done
        and (unit.interrupted or unit.lease_owner is not None)
        and unit.shard_from < shard_to
        and unit.shard_to > shard_from
    ]
    for row in [] if alert is None else alert.ledger.values():
        near = row.shard_from < shard_to and row.shard_to > shard_from
        hit = any(unit.shard_from < row.shard_to and unit.shard_to > row.shard_from for unit in units)
        if row.notice == "alert" and row.outcome in KNOWN and near and hit:
            yield (row.packed,)


@answers("notice_reopens", "reopens")
def notice_reopens(tables: Tables, _: Moment, alert_id: UUID, version: int) -> Iterator[tuple[Any, ...]]:
    """Tell whether a notice says that an alert goes on."""
    alert = tables.alerts.get(alert_id)
    if alert is not None and version in alert.notices:
        yield (version in alert.reopenings,)


@answers("ledger_notified", "packed locale")
def notified(
    tables: Tables, _: Moment, alert_id: UUID, before: int, shard_from: int, shard_to: int, indeterminate: bool
) -> Iterator[tuple[Any, ...]]:
    """Find who was notified; of a version that is not final, before it."""
    alert = tables.alerts.get(alert_id)
    rows = [] if alert is None else sorted(alert.ledger.values(), key=lambda row: (row.outcome, row.at))
    for row in rows:
        known = row.outcome == "accepted" or (row.outcome == "indeterminate" and indeterminate)
        near = row.shard_from < shard_to and row.shard_to > shard_from
        if row.notice == "alert" and known and near and (row.message_version < before or indeterminate):
            yield row.packed, row.locale


@answers("ledger_reopen", "recipients")
def reopen(tables: Tables, moment: Moment, lane: str) -> Iterator[tuple[Any, ...]]:
    """Reopen recipients whose tokens were refused."""
    counts: dict[int, Counter[str]] = {}
    for alert in tables.alerts.values():
        if alert.state not in {"sending", "sent", "paused", "found", "cancelled"}:
            continue
        for key, row in [*alert.ledger.items()]:
            if row.lane == lane and row.outcome in {"invalid", "quarantined"}:
                counts.setdefault(row.unit_id, Counter())[row.outcome] += row.recipients
                tables.remove(alert.ledger, key)
    for unit_id, counted in counts.items():
        unit = tables.units.get(unit_id)
        if unit is None:
            continue
        tables.change(
            unit,
            invalid=unit.invalid - counted["invalid"],
            quarantined=unit.quarantined - counted["quarantined"],
            done=unit.entrants,
            passes=max(unit.passes, 1) if unit.done else unit.passes,
            reopened=unit.lease_until is not None,
        )
        if unit.entrants and unit.sweep.alert.state in {"sending", "sent", "paused"}:
            tables.change(unit.sweep.alert, next_sweep_at=moment.now)
        yield (counted.total(),)


@answers("ledger_prove")
def prove(tables: Tables, _: Moment, batch_id: int) -> None:
    """Write a row of no alert."""
    tables.put(tables.probes, batch_id, None)


@answers("ledger_unprove")
def unprove(tables: Tables, _: Moment, batch_id: int) -> None:
    """Delete it."""
    if batch_id in tables.probes:
        tables.remove(tables.probes, batch_id)


@answers("enrolled_add")
def enrol(tables: Tables, _: Moment, users: Sequence[int], __: datetime) -> None:
    """Enrol users."""
    for user in users:
        tables.put(tables.enrolled, user, None)


@answers("enrolled_count", "count")
def count(tables: Tables, _: Moment) -> Iterator[tuple[Any, ...]]:
    """Count who is enrolled."""
    yield (len(tables.enrolled),)


@answers("enrolled_list", "user_id")
def enrolled(tables: Tables, _: Moment, limit: int) -> Iterator[tuple[Any, ...]]:
    """List who is enrolled."""
    yield from [(user,) for user in sorted(tables.enrolled)][:limit]


@answers("enrolled_among", "user_id")
def among(tables: Tables, _: Moment, users: Sequence[int]) -> Iterator[tuple[Any, ...]]:
    """Find who of these is enrolled."""
    yield from [(user,) for user in users if user in tables.enrolled]
