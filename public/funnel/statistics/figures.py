"""The published numbers of all alerts together, and what each of them means.

People are counted in steps of the threshold of `[privacy] people_min`. Alerts are not people: that a child was found is
said to all who were notified, and whether it was through the alert stands in the summary of each alert. Pure.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from datetime import tzinfo

    from sql.page_counts import StatisticsRow

DEFINITIONS: Final = {
    "alerts": "Actual alerts of which sending has begun. Exercises and tests do not count.",
    "people_notified": (
        "Messages about these alerts that a push provider accepted, rounded down to a multiple of `step`; null below."
        " Acceptance is not delivery. Somebody who was notified of two alerts counts twice."
    ),
    "found": (
        "Of these alerts, those whose authority said that who was missing was found, whatever their condition and"
        " whatever led to it. An alert for several children counts once."
    ),
    "found_through_alert": "Of those found, where the authority said that it was because of the alert.",
    "found_unknown_how": "Of those found, where nobody said whether it was because of the alert.",
}


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers as they are published; `since`: the day of the first alert; `step`: to which people are rounded."""

    as_of: datetime
    since: date | None
    alerts: int
    people_notified: int | None
    found: int
    found_through_alert: int
    found_unknown_how: int
    step: int
    definitions: dict[str, str]


def figures_of(row: StatisticsRow, people_min: int, as_of: datetime, zone: tzinfo) -> Figures:
    """Return what is published; `zone`: of the day of the first alert."""
    step = max(1, people_min)
    return Figures(
        as_of=as_of,
        since=None if row.since is None else row.since.astimezone(zone).date(),
        alerts=row.alerts,
        people_notified=None if row.people < step and step > 1 else row.people // step * step,
        found=row.found,
        found_through_alert=row.through_alert,
        found_unknown_how=row.through_alert_unknown,
        step=step,
        definitions=DEFINITIONS,
    )
