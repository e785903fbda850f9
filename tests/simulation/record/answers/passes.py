"""The queries that reopen units: passes for late entrants, and those of follow-up notices. Bounded by the tables."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from tests.simulation.record.queries import answers
from tests.simulation.record.tables import may_send

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from uuid import UUID

    from tests.simulation.record.tables import Alert, Moment, Tables, Unit

DAY: Final = timedelta(days=1)


@answers("alert_sweep_again", "alert_id")
def sweep_again(tables: Tables, moment: Moment, every: timedelta, without: Sequence[UUID]) -> Iterator[tuple[Any, ...]]:
    """Reopen the due rings that together are the area, for late entrants, in the lanes that are through."""
    now = moment.now
    for alert in tables.alerts.values():
        first = alert.state == "sending"
        due_at = alert.next_sweep_at or (alert.deadline if first else None)
        if alert.state not in {"sending", "sent"} or alert.expires <= now or due_at is None or due_at > now:
            continue
        if alert.id in without:
            continue
        if first and not _has_first_sends(alert, now):
            continue
        anew = alert.next_sweep_at is None or alert.next_sweep_at > alert.swept_at or alert.swept_at + every <= now
        widest = _widest(alert, now)
        target = max((unit.passes for units in widest.values() for unit in units), default=0) + anew
        behind = {lane for lane, units in widest.items() if min(unit.passes for unit in units) < target}
        chosen = {lane for lane in behind if _through(alert, lane, now)}
        if not chosen:
            continue
        swept_at = now if anew else alert.swept_at
        next_at = min(alert.next_sweep_at or now, now) if behind > chosen else swept_at + every
        tables.change(alert, swept_at=swept_at, next_sweep_at=next_at)
        for unit in [unit for lane in sorted(chosen) for unit in widest[lane] if unit.done]:
            tables.change(unit, done=False, passes=target)
            yield (alert.id,)


def _has_first_sends(alert: Alert, now: datetime) -> bool:
    rings = [(unit, alert.ring_of(unit.sweep)) for unit in alert.units("alert") if not unit.done and unit.passes == 0]
    return any(ring is not None and ring.due_at <= now for _, ring in rings)


def _widest(alert: Alert, now: datetime) -> dict[str, list[Unit]]:
    """Return the units of the due rings that together are the area, by lane."""
    outer = {ring.ring for ring in alert.outer(now)}
    found: dict[str, list[Unit]] = {}
    for unit in alert.units("alert"):
        if unit.sweep.ring in outer and not unit.entrants:
            found.setdefault(unit.sweep.lane, []).append(unit)
    return found


def _through(alert: Alert, lane: str, now: datetime) -> bool:
    """Tell whether a lane has nothing to do of the rings that are due and not held."""
    for unit in alert.units("alert"):
        ring = alert.ring_of(unit.sweep)
        if unit.sweep.lane == lane and not unit.done and ring is not None and ring.due_at <= now and ring.held is None:
            return False
    return True


@answers("alert_sweep_sooner")
def sweep_sooner(tables: Tables, moment: Moment, alerts: Sequence[UUID] | None, gap: timedelta) -> None:
    """Bring the next pass of these alerts, or of all, forward."""
    for alert in tables.alerts.values():
        live = alert.state in {"sending", "sent", "paused"} and alert.expires > moment.now
        if live and (alerts is None or alert.id in alerts):
            soonest = max(moment.now, alert.swept_at + max(gap, timedelta(microseconds=1)))
            tables.change(alert, next_sweep_at=alert.sooner(soonest))


@answers("sweep_notify_again", "alert_id")
def notify_again(
    tables: Tables, moment: Moment, every: timedelta, passes_max: int, gap: timedelta, without: Sequence[UUID]
) -> Iterator[tuple[Any, ...]]:
    """Reopen follow-up notices for who may have been missed."""
    now = moment.now
    lately = any(at is not None and at > now - DAY for _, at in tables.epochs.values())
    apart = min(every, gap) if lately else every
    for alert in [one for one in tables.alerts.values() if one.id not in without]:
        if alert.state not in {"sending", "sent", "found", "cancelled"} or alert.recipients_deleted_at is not None:
            continue
        for sweep in alert.sweeps:
            if sweep.notice == "alert" or sweep.version not in alert.notices:
                continue
            at = alert.notices[sweep.version][1]
            if at <= now - DAY or not may_send(alert.state, alert.version, sweep.notice, sweep.version):
                continue
            open_passes = [unit.passes for unit in sweep.units if not unit.done]
            for unit in [*sweep.units]:
                if at + apart * 6 > now and any(passes <= unit.passes for passes in open_passes):
                    continue
                if unit.done_at is not None and unit.done_at + apart > now:
                    continue
                has_pass = unit.passes < passes_max or lately
                if unit.done and has_pass and at + apart * (unit.passes + 1) <= now:
                    tables.change(unit, done=False, passes=unit.passes + 1)
                    yield (alert.id,)
