"""The queries about notices of an end that are held. Bounded by the tables."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tests.simulation.record.queries import answers
from tests.simulation.record.tables import INFINITY, Alert, Moment, Sweep, Tables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from uuid import UUID

DAY = timedelta(days=1)


def _of_end(alert: Alert) -> list[Sweep]:
    """Return the sweeps of the newest notice, where it says that the alert ended."""
    return [one for one in alert.sweeps if one.version == alert.version and one.notice in {"found", "cancel"}]


def _may_reach(alert: Alert, now: datetime) -> bool:
    if alert.state not in {"found", "cancelled"} or alert.recipients_deleted_at is not None:
        return False
    at = alert.notices[alert.version][1]
    return any(
        sweep.due_at != INFINITY and (at > now - DAY or any(not unit.done for unit in sweep.units))
        for sweep in _of_end(alert)
    )


def _sorted(tables: Tables) -> list[Alert]:
    return [alert for _, alert in sorted(tables.alerts.items())]


def _named(alert: Alert) -> tuple[UUID, str]:
    return alert.id, f"{alert.case.authority_id} {alert.case.case_number}"


@answers("notices_to_hold", "id case_name")
def notices_to_hold(tables: Tables, moment: Moment, limit: int) -> Iterator[tuple[UUID, str]]:
    """List the alerts that ended whose notice may still reach somebody."""
    reaching = [alert for alert in _sorted(tables) if _may_reach(alert, moment.now)]
    for alert in reaching[:limit]:
        yield _named(alert)


@answers("notices_held", "id case_name")
def notices_held(tables: Tables, _: Moment, limit: int) -> Iterator[tuple[UUID, str]]:
    """List the alerts that ended whose notice is held."""
    held = [alert for alert in _sorted(tables) if alert.notice_held]
    for alert in held[:limit]:
        yield _named(alert)


@answers("notice_hold")
def notice_hold(tables: Tables, _: Moment, alert_id: UUID) -> None:
    """Hold the notice of an alert's end."""
    for sweep in _of_end(tables.alerts[alert_id]):
        tables.change(sweep, due_at=INFINITY)


@answers("notice_resume")
def notice_resume(tables: Tables, moment: Moment, alert_id: UUID) -> None:
    """Let it go on."""
    for sweep in tables.alerts[alert_id].sweeps:
        if sweep.due_at == INFINITY:
            tables.change(sweep, due_at=moment.now)
