"""What an alert is to everything that sends: its notices, its CAP status, its deadline and its expiry."""

from __future__ import annotations

import enum
from datetime import timedelta
from typing import Final, NewType
from uuid import UUID

DEADLINE: Final = timedelta(minutes=30)
"""From the receipt of a case until everybody in its area is notified."""

EXPIRY: Final = timedelta(hours=72)
"""The golden hours: for so long late entrants are notified as well."""

AlertId = NewType("AlertId", UUID)
LaneName = NewType("LaneName", str)


class Notice(enum.StrEnum):
    """The alert itself, a follow-up notice about it, or the alert again with a sound: a morning reminder."""

    ALERT = "alert"
    UPDATE = "update"
    FOUND = "found"
    CANCEL = "cancel"
    REMINDER = "reminder"


WITH_SOUND: Final = frozenset({Notice.ALERT, Notice.REMINDER})
"""The notices that make a sound where nothing takes it away; follow-up notices come without one."""


class CaseKind(enum.StrEnum):
    """How somebody came to be missing, as the police know it."""

    LOST = "lost"
    ABDUCTED = "abducted"
    FAMILY_ABDUCTION = "family_abduction"
    RUNAWAY = "runaway"


class SubjectKind(enum.StrEnum):
    """Who is missing: a child, an elder with dementia, a person with a disability."""

    CHILD = "child"
    DEMENTIA = "dementia"
    DISABILITY = "disability"


class Status(enum.StrEnum):
    """CAP status: whether it is meant."""

    ACTUAL = "actual"
    EXERCISE = "exercise"
    TEST = "test"
