"""Sound: decides by ring and hour whether a message makes a sound.

At night only those nearby are woken: a phone that makes a noise for something 100 km away is switched off the
next time. Bounded by the rings of an alert.
"""

from __future__ import annotations

from datetime import datetime, time
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

Clock = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]\Z")]

ZoneName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_+/-]{1,64}\Z")]
"""The name of a time zone in the IANA database."""


class Sound(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From `night_from` to `night_until`, by `time_zone`, only messages in the first `night_rings` rings have sound."""

    time_zone: ZoneName = "Asia/Shanghai"
    night_from: Clock = "22:00"
    night_until: Clock = "07:00"
    night_rings: Annotated[int, Meta(ge=0, le=16)] = 1

    def silent(self, ring: int, now: datetime) -> bool:
        """Tell whether a message in `ring` (1 is the nearest) comes without a sound at the moment `now`."""
        return ring > self.night_rings and self._is_night(now.astimezone(ZoneInfo(self.time_zone)).time())

    def _is_night(self, clock: time) -> bool:
        return is_between(clock, time.fromisoformat(self.night_from), time.fromisoformat(self.night_until))


def is_between(clock: time, begins: time, ends: time) -> bool:
    """Tell whether a clock shows a time from `begins` on and before `ends`, which may be on the next day."""
    if begins <= ends:
        return begins <= clock < ends
    return clock >= begins or clock < ends
