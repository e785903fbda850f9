"""What a user prefers: no alerts, alerts without a sound, quiet hours, and which alerts.

The record and Redis keep it as JSON, without what is as usual. Bounded: `KINDS_MAX` kinds, each once.
"""

from __future__ import annotations

from datetime import datetime, time
from functools import lru_cache
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from push.message.sound import Clock, ZoneName, is_between
from push.notice import Notice, SubjectKind
from runtime.decoding import DECODE_ERRORS

KINDS_MAX: Final = 7
CACHED_MAX: Final = 4096
"""Most users who prefer something prefer the same."""

Kind = Literal["child", "dementia", "disability", "alert", "update", "found", "cancel"]
"""A kind of subject, or of notice (`push.notice`)."""

_SUBJECTS: Final = frozenset(kind.value for kind in SubjectKind)
_NOTICES: Final = frozenset(notice.value for notice in Notice)


class QuietHours(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"begins": "from"}):
    """From `from` to `until`, across midnight where that is earlier, by the clocks of `time_zone`: no sound."""

    begins: Clock
    until: Clock
    time_zone: ZoneName = "Asia/Shanghai"

    def hold(self, now: datetime) -> bool:
        """Tell whether a moment is in them."""
        local = now.astimezone(ZoneInfo(self.time_zone)).time()
        return is_between(local, time.fromisoformat(self.begins), time.fromisoformat(self.until))


class Preferences(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a user prefers; the defaults are those of everybody who never said anything.

    `off`: no message at all, follow-ups of what came before included. `silent`: no sound. `kinds`: where kinds of
    subject are among them, messages about these only, and where notices are, these notices only; null: all.
    `volunteer`: joined as one; nothing is sent otherwise because of it.
    """

    off: bool = False
    silent: bool = False
    quiet_hours: QuietHours | None = None
    kinds: Annotated[tuple[Kind, ...], Meta(min_length=1, max_length=KINDS_MAX)] | None = None
    volunteer: bool = False

    def takes(self, subject: str, notice: str) -> bool:
        """Tell whether the user wants a notice about a kind of subject."""
        if self.off:
            return False
        subjects = _SUBJECTS.intersection(self.kinds or ())
        notices = _NOTICES.intersection(self.kinds or ())
        return (not subjects or subject in subjects) and (not notices or notice in notices)

    def silent_at(self, now: datetime) -> bool:
        """Tell whether a message comes without a sound at a moment."""
        return self.silent or (self.quiet_hours is not None and self.quiet_hours.hold(now))


DEFAULTS: Final = Preferences()
_DECODER: Final = msgspec.json.Decoder(Preferences)


def written(preferences: Preferences) -> str:
    """Return preferences as they are kept, in one form."""
    kinds = None if preferences.kinds is None else tuple(sorted(set(preferences.kinds)))
    return msgspec.json.encode(msgspec.structs.replace(preferences, kinds=kinds), order="deterministic").decode()


@lru_cache(CACHED_MAX)
def read_preferences(text: bytes) -> Preferences | None:
    """Read what `written` returned; None for anything else."""
    try:
        found = _DECODER.decode(text)
        if found.quiet_hours is not None:
            ZoneInfo(found.quiet_hours.time_zone)
    except (*DECODE_ERRORS, KeyError, OSError, ValueError):
        return None
    return found
