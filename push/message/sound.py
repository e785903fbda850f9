"""Sound: decides by ring and hour whether a message makes a sound, and when it comes again with one.

At night only those nearby are woken: a phone that makes a noise for something 100 km away is switched off the
next time. Others may be reminded in the morning. Bounded by the rings of an alert.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Final, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

Clock = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]\Z")]

ZoneName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_+/-]{1,64}\Z")]
"""The name of a time zone in the IANA database."""


FIRST_MORNING: Final = date(2020, 1, 1)


class Morning(NamedTuple):
    """A morning on which somebody is to be reminded: its number and its moment.

    `number`: the days from `FIRST_MORNING`, counted down below zero, because it stands where versions of messages do.
    """

    number: int
    at: datetime


class Sound(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From `night_from` to `night_until`, by `time_zone`, only messages in the first `night_rings` rings have sound.

    `morning_reminder`: whom the alert reached without a sound then, or in quiet hours of their own, gets it once more
    with a sound from `night_until` on.
    """

    time_zone: ZoneName = "Asia/Shanghai"
    night_from: Clock = "22:00"
    night_until: Clock = "07:00"
    night_rings: Annotated[int, Meta(ge=0, le=16)] = 1
    morning_reminder: bool = False

    def silent(self, ring: int, now: datetime) -> bool:
        """Tell whether a message in `ring` (1 is the nearest) comes without a sound at the moment `now`."""
        return ring > self.night_rings and self.is_night(now)

    def is_night(self, now: datetime) -> bool:
        """Tell whether a moment is in the night."""
        clock = now.astimezone(ZoneInfo(self.time_zone)).time()
        return is_between(clock, time.fromisoformat(self.night_from), time.fromisoformat(self.night_until))

    def morning_after(self, now: datetime) -> Morning:
        """Return the next moment after `now` at which the clocks show `night_until`."""
        day, at = _next(self.night_until, self.time_zone, now)
        return Morning(min(-1, (FIRST_MORNING - day).days), at)

    def night_after(self, now: datetime) -> datetime | None:
        """Return the next moment after `now` at which a night begins; None: there are no nights."""
        return None if self.night_from == self.night_until else _next(self.night_from, self.time_zone, now)[1]


class Sounds(msgspec.Struct, frozen=True):
    """How messages sound: as usual, and otherwise where one kind of person is missing."""

    usual: Sound = Sound()
    by_kind: dict[str, Sound] = {}

    def of(self, subject_kind: str) -> Sound:
        """Return how messages about a kind of person sound."""
        return self.by_kind.get(subject_kind, self.usual)


def _next(clock: str, time_zone: str, now: datetime) -> tuple[date, datetime]:
    """Return the day, and the moment, at which the clocks of a time zone show `clock` the next time after `now`.

    A clock that is put forward over it shows it then; one that is put back, the first time.
    """
    zone = ZoneInfo(time_zone)
    day = now.astimezone(zone).date()
    while True:
        at = datetime.combine(day, time.fromisoformat(clock), zone).astimezone(UTC)
        if at > now:
            return day, at
        day += timedelta(days=1)


def is_between(clock: time, begins: time, ends: time) -> bool:
    """Tell whether a clock shows a time from `begins` on and before `ends`, which may be on the next day."""
    if begins <= ends:
        return begins <= clock < ends
    return clock >= begins or clock < ends
