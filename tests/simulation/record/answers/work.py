"""The queries about units: claims, leases, ends, stops. Bounded by the tables."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from geo.index.shards import SHARDS
from tests.simulation.record.queries import answers
from tests.simulation.record.tables import INFINITY, Alert, Moment, Ring, Sweep, Tables, Unit, may_send

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from uuid import UUID

DAY = timedelta(days=1)


def _sendable(alert: Alert, sweep: Sweep) -> bool:
    version = alert.version if sweep.notice == "alert" else sweep.version
    return may_send(alert.state, alert.version, sweep.notice, version)


def _holds_up(other: Sweep, sweep: Sweep) -> bool:
    """Tell whether a sweep of the lane comes before another one, and was not held before anything of it began."""
    if other.notice != sweep.notice or other.lane != sweep.lane:
        return False
    one, ring = sweep.alert.ring_of(other), sweep.alert.ring_of(sweep)
    if one is None or ring is None or (one.due_at, one.ring) >= (ring.due_at, ring.ring):
        return False
    units = [unit for each in sweep.alert.sweeps if each.ring == one.ring for unit in each.units]
    return one.held is None or any(unit.worked_by is not None and not unit.entrants for unit in units)


def _nearer_ready(sweep: Sweep, unit: Unit, owner: UUID, now: datetime, interrupted: Sequence[int]) -> bool:
    """Tell whether the same shards of every ring before are done, or searched by this same process."""
    for other in sweep.alert.sweeps:
        if not _holds_up(other, sweep):
            continue
        for nearer in other.units:
            apart = nearer.shard_to <= unit.shard_from or nearer.shard_from >= unit.shard_to
            if apart or nearer.done:
                continue
            own = nearer.lease_owner == owner and nearer.lease_until is not None and nearer.lease_until > now
            if not (nearer.searched and own and nearer.id not in interrupted):
                return False
    return True


def _older_ready(sweep: Sweep, now: datetime) -> bool:
    """Tell whether nothing older of the alert is on its way in the lane."""
    return not any(
        older.message_version is not None
        and older.message_version < sweep.version
        and not older.done
        and older.lease_until is not None
        and older.lease_until > now
        for other in sweep.alert.sweeps
        if other.lane == sweep.lane and other is not sweep
        for older in other.units
    )


def _ready(sweep: Sweep, unit: Unit, owner: UUID, now: datetime, interrupted: Sequence[int]) -> bool:
    alert, ring = sweep.alert, sweep.alert.ring_of(sweep)
    if ring is None:
        return _older_ready(sweep, now)
    due = alert.expires > now and ring.due_at <= now and ring.held is None
    return due and _nearer_ready(sweep, unit, owner, now, interrupted)


def _eligible(alert: Alert, sweep: Sweep, now: datetime) -> bool:
    """Tell whether a unit of a sweep may be sent now."""
    ring = alert.ring_of(sweep)
    due = ring is None or (alert.expires > now and ring.due_at <= now and ring.held is None)
    due = due and (sweep.due_at is None or sweep.due_at <= now)
    return due and _sendable(alert, sweep)


def _free(unit: Unit, now: datetime) -> bool:
    return not unit.done and (unit.lease_until is None or unit.lease_until < now)


def _first_send_after(sweep: Sweep, now: datetime, parked: Sequence[int]) -> Ring | None:
    """Return the first ring whose first send waits for a pass of a sweep, or is in the same one."""
    ring, alert = sweep.alert.ring_of(sweep), sweep.alert
    waiting = [
        other
        for one in alert.sweeps
        if one.notice == "alert" and one.lane == sweep.lane
        for other in [alert.ring_of(one)]
        if ring is not None and other is not None and (other.due_at, other.ring) >= (ring.due_at, ring.ring)
        if other.due_at <= now and other.held is None
        if any(not unit.done and unit.passes == 0 and unit.id not in parked for unit in one.units)
    ]
    if alert.state != "sending" or not waiting:
        return None
    return min(waiting, key=lambda one: (one.due_at, one.ring))


@answers("sweep_open", "id lane alert_id notice ring left_s is_last")
def sweep_open(
    tables: Tables, moment: Moment, lanes: Sequence[str], parked: Sequence[int], without: Sequence[int]
) -> Iterator[tuple[Any, ...]]:
    """List the sweeps that have a unit to claim; which are open is not kept here, but looked up."""
    for alert in tables.alerts.values():
        for sweep in alert.sweeps:
            free = next((unit for unit in sweep.units if _free(unit, moment.now) and unit.id not in parked), None)
            if (
                free is None
                or sweep.id in without
                or sweep.lane not in lanes
                or not _eligible(alert, sweep, moment.now)
            ):
                continue
            is_pass = sweep.notice == "alert" and free.passes > 0
            waiting = _first_send_after(sweep, moment.now, parked) if is_pass else None
            ring = alert.ring_of(sweep) if waiting is None else waiting
            deadline = alert.deadline if ring is None else ring.deadline
            left_s = (deadline - moment.now).total_seconds()
            yield (
                sweep.id,
                sweep.lane,
                alert.id,
                sweep.notice,
                alert.nearness(ring),
                left_s,
                (is_pass and waiting is None) or alert.status != "actual",
            )


@answers("sweep_ids", "id lane alert_id")
def sweep_ids(tables: Tables, moment: Moment, lanes: Sequence[str], limit: int) -> list[tuple[Any, ...]]:
    """List the sweeps of these lanes that are due, whatever their units are."""
    sweeps = [sweep for alert in tables.alerts.values() for sweep in alert.sweeps]
    due = [one for one in sweeps if one.lane in lanes and one.due_at is not None and one.due_at <= moment.now]
    return [(one.id, one.lane, one.alert.id) for one in due[:limit]]


@answers("unit_first_free", "id")
def first_free(tables: Tables, moment: Moment, sweep: int, without: Sequence[int]) -> list[tuple[Any, ...]]:
    """Find the unit that is claimed first of a sweep."""
    units = sorted(tables.units.values(), key=lambda unit: unit.shard_from)
    free = [one for one in units if one.sweep.id == sweep and _free(one, moment.now) and one.id not in without]
    return [(one.id,) for one in free[:1]]


@answers("sweep_stale", "id")
def sweep_stale(_: Tables, __: Moment, ___: int) -> None:
    """Find sweeps to close: none, because which are open is not kept here."""


@answers(
    "unit_claim",
    "id shard_from shard_to alert_id notice message_version ring lane radius_km city expires status content left_s "
    "sweep_id trail_seq entrants longitude latitude nearness subject_kind",
    soft=True,
)
def claim(
    tables: Tables,
    moment: Moment,
    sweeps: Sequence[int],
    owner: UUID,
    lease: timedelta,
    held: Sequence[int],
    units_max: int,
    interrupted: Sequence[int],
) -> Iterator[tuple[Any, ...]]:
    """Claim units of these sweeps, in their order."""
    now = moment.now
    known = {sweep.id: sweep for alert in tables.alerts.values() for sweep in alert.sweeps}
    wanted = [known[one] for one in sweeps if one in known]
    chosen = [
        unit
        for sweep in wanted
        if _eligible(sweep.alert, sweep, now)
        for unit in sorted(sweep.units, key=lambda unit: unit.shard_from)
        if _free(unit, now) and unit.id not in held and _ready(sweep, unit, owner, now, interrupted)
    ]
    for unit in chosen[:units_max]:
        sweep, alert = unit.sweep, unit.sweep.alert
        ring = alert.ring_of(sweep)
        tables.change(
            unit,
            lease_owner=owner,
            lease_until=now + lease,
            worked_by=owner,
            searched=False,
            reopened=False,
            interrupted=unit.interrupted or unit.lease_owner is not None,
            message_version=alert.version if sweep.notice == "alert" else sweep.version,
        )
        expires = alert.expires if sweep.notice == "alert" else max(alert.expires, now + DAY)
        yield (
            unit.id,
            unit.shard_from,
            unit.shard_to,
            alert.id,
            sweep.notice,
            unit.message_version,
            sweep.ring or 0,
            sweep.lane,
            None if ring is None else ring.radius_km,
            False if ring is None else ring.city,
            expires,
            alert.status,
            alert.content,
            (expires - now).total_seconds(),
            sweep.id,
            len(tables.events),
            False,
            None if ring is None else ring.longitude,
            None if ring is None else ring.latitude,
            alert.nearness(ring),
            alert.subject_kind,
        )


@answers("unit_extend", "id")
def extend(
    tables: Tables, moment: Moment, units: Sequence[int], owner: UUID, lease: timedelta
) -> Iterator[tuple[Any, ...]]:
    """Extend leases."""
    for unit in _of(tables, units):
        if unit.lease_owner == owner and (not unit.done or unit.entrants):
            tables.change(unit, lease_until=moment.now + lease)
            yield (unit.id,)


@answers("unit_finish", "id", soft=True)
def finish(
    tables: Tables, moment: Moment, unit_id: int, owner: UUID, found: int, opted_out: int, _: timedelta | None
) -> Iterator[tuple[Any, ...]]:
    """Mark a unit done, unless it was reopened meanwhile."""
    for unit in _of(tables, [unit_id]):
        if unit.lease_owner == owner:
            tables.change(
                unit,
                done=not unit.reopened,
                reopened=False,
                interrupted=False,
                searched=True,
                found=found,
                opted_out=opted_out,
                done_at=moment.now,
                lease_owner=None,
                lease_until=None,
            )
            yield (unit.id,)


@answers("unit_give_back")
def give_back(tables: Tables, _: Moment, unit_id: int, owner: UUID, __: timedelta | None) -> None:
    """Give back a unit that is not done."""
    for unit in _of(tables, [unit_id]):
        if unit.lease_owner == owner and (not unit.done or unit.entrants):
            tables.change(unit, lease_owner=None, lease_until=None)


@answers("unit_halted", "clock_timestamp id lost")
def halted(tables: Tables, moment: Moment, units: Sequence[int], owner: UUID) -> Iterator[tuple[Any, ...]]:
    """Return the time, and find units that may no longer be sent, or are another owner's."""
    yield moment.clock, None, None
    for unit_id in units:
        unit = tables.units.get(unit_id)
        if unit is None:
            yield moment.clock, unit_id, True
            continue
        sweep, alert = unit.sweep, unit.sweep.alert
        ring = alert.ring_of(sweep)
        allowed = may_send(alert.state, alert.version, sweep.notice, unit.message_version)
        lost = unit.lease_owner != owner
        if lost or not allowed or sweep.due_at == INFINITY or (ring is not None and ring.held is not None):
            yield moment.clock, unit.id, lost


@answers("unit_release")
def release(tables: Tables, _: Moment, owner: UUID) -> None:
    """Give back all units of an owner."""
    for unit in tables.units.values():
        if unit.lease_owner == owner and (not unit.done or unit.entrants):
            interrupted = unit.interrupted or not unit.done
            tables.change(unit, lease_owner=None, lease_until=None, interrupted=interrupted)


@answers("unit_searched", soft=True)
def searched(tables: Tables, _: Moment, unit_id: int, found: int, owner: UUID) -> None:
    """Note how many members a unit's area holds."""
    for unit in _of(tables, [unit_id]):
        if unit.lease_owner == owner and not unit.done:
            tables.change(unit, searched=True, found=found)


@answers("sweep_halt", "pg_notify")
def halt(tables: Tables, _: Moment, alert_id: UUID) -> Iterator[tuple[Any, ...]]:
    """Wake every process to stop sending an alert."""
    tables.notify(str(alert_id))
    yield ("",)


@answers("sweep_wake", "pg_notify")
def wake(tables: Tables, _: Moment) -> Iterator[tuple[Any, ...]]:
    """Wake every process to claim."""
    tables.notify("")
    yield ("",)


@answers("sweep_add", "pg_notify")
def sweep_add(tables: Tables, _: Moment, alert_id: UUID, *columns: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    """Add sweeps with their units; the first one of an alert and lane has that for late entrants, too."""
    alert, added = tables.alerts[alert_id], list[Sweep]()
    for notice, ring, lane, shards, span, version, due_at in zip(*columns, strict=True):
        sweep = Sweep(tables.next_id(), alert, notice, ring, lane, version, due_at)
        tables.add(alert.sweeps, sweep)
        added.append(sweep)
        for shard in range(0, shards, span):
            _add_unit(tables, Unit(tables.next_id(), sweep, shard, shard + span))
    for sweep in added:
        known = any(unit.entrants for one in alert.sweeps if one.lane == sweep.lane for unit in one.units)
        if sweep.notice == "alert" and not known:
            own = Unit(tables.next_id(), sweep, 0, SHARDS, done=True, searched=True, passes=1, entrants=True)
            _add_unit(tables, own)
    tables.notify("")
    yield ("",)


def _add_unit(tables: Tables, unit: Unit) -> None:
    tables.put(tables.units, unit.id, unit)
    unit.sweep.units.append(unit)


def _of(tables: Tables, units: Sequence[int]) -> list[Unit]:
    return [tables.units[one] for one in units if one in tables.units]
