"""Settings under which it is night for a server now, or day, and policies that have morning reminders.

A test starts a server in the night, and another one on the same stores in the morning. Bounded by a day.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

ZONE: Final = "Asia/Shanghai"
MORNING_IN_H: Final = 2
"""In so many hours the night ends."""


def clock(hours: float) -> str:
    """Return what the clocks of the place show in some hours."""
    return f"{(datetime.now(UTC) + timedelta(hours=hours)).astimezone(ZoneInfo(ZONE)):%H:%M}"


def sound(begins_h: float, ends_h: float, *, night_rings: int = 0, reminder: bool = True) -> dict[str, str]:
    """Return the settings of a server whose night is from and until some hours from now."""
    return {
        "QQ_ALERT_ALERT__SOUND__NIGHT_FROM": clock(begins_h),
        "QQ_ALERT_ALERT__SOUND__NIGHT_UNTIL": clock(ends_h),
        "QQ_ALERT_ALERT__SOUND__NIGHT_RINGS": str(night_rings),
        "QQ_ALERT_ALERT__SOUND__MORNING_REMINDER": str(reminder).lower(),
    }


def at_night(*, night_rings: int = 0, reminder: bool = True) -> dict[str, str]:
    """Return the settings of a server for which it is night, for two more hours."""
    return sound(-2, MORNING_IN_H, night_rings=night_rings, reminder=reminder)


def by_day(*, reminder: bool = True) -> dict[str, str]:
    """Return the settings of a server for which it is day, for six more hours."""
    return sound(6, 8, reminder=reminder)
