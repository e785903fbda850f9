"""What is asked and answered about alarms."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from handlers.alert_answers import Answer
from push.notice import Status  # noqa: TC001 - msgspec reads it
from push.standing_alarms import AlarmProcess, StandingAlarm


class ShownAlarm(StandingAlarm, frozen=True, kw_only=True):
    """An alarm; `status`: of the alert that it is about, null where it is about none."""

    status: Status | None = None


class AlarmsAnswer(Answer, frozen=True, kw_only=True):
    """The alarms that stand, those that nobody has first, then the worst, then the oldest.

    `record`: `away`, while only what stands in the process that answers is known as of now.
    """

    alarms: list[ShownAlarm]
    processes: list[AlarmProcess]
    record: Literal["ok", "away"]


class Acknowledge(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Take an alarm; `take_over`: also one that somebody else has. A note is kept as a reason is."""

    note: Annotated[str, Meta(max_length=500)] = ""
    take_over: bool = False
