"""What calls for attention on every page: alarms that nobody has taken, cases that wait, and what sounds for them.

Pure; bounded by the alarms that stand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from handlers.operators.scope import DECISIONS
from push.alarm_kinds import Severity
from push.notice import Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handlers.operators.alarms.answers import ShownAlarm

SOUNDS: Final = ("review", "alarm", "exercise", "test")
"""What there is to hear: a live case that waits, any other alarm, anything about an exercise, about a test."""


class Attention(msgspec.Struct, frozen=True, kw_only=True):
    """How many alarms nobody has, how many cases wait for the reader, and which of `SOUNDS` are to be heard.

    `sightings`: that nobody has decided.
    """

    alarms: int = 0
    waiting: int = 0
    sightings: int = 0
    sounds: tuple[str, ...] = ()

    @property
    def icon(self) -> str:
        """The file of the icon that says so in the browser's tab."""
        return (
            "attention/icon-alarm.svg" if self.alarms else "attention/icon-waiting.svg" if self.waiting else "icon.svg"
        )


def attention_of(alarms: Sequence[ShownAlarm], waiting: int = 0, sightings: int = 0) -> Attention:
    """Return what alarms ask of whom they are shown to; `waiting`, `sightings`: how many cases, and reports."""
    untaken = [one for one in alarms if one.acknowledged is None]
    heard = {sound_of(one) for one in untaken if one.severity is not Severity.MINOR}
    return Attention(
        alarms=len(untaken),
        waiting=waiting,
        sightings=sightings,
        sounds=tuple(sound for sound in SOUNDS if sound in heard),
    )


def sound_of(alarm: ShownAlarm) -> str:
    """Return which of `SOUNDS` an alarm makes: what is no live case sounds like none."""
    if alarm.status in {Status.EXERCISE, Status.TEST}:
        return alarm.status.value
    return "review" if alarm.kind in DECISIONS else "alarm"
