"""What calls for attention at the console: every kind of alarm has its texts and its sound."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from handlers.console.showing.attention import Attention, attention_of, sound_of
from handlers.console.showing.texts import LOCALES, texts_of
from handlers.operators.alarms.answers import ShownAlarm
from push.alarm_kinds import AlarmKind, Severity
from push.notice import Status
from push.standing_alarms import Acknowledgement

NOW = datetime(2026, 11, 29, tzinfo=UTC)


def _alarm(kind: AlarmKind, status: Status | None = None, *, taken: bool = False) -> ShownAlarm:
    alert = None if status is None else "00000000-0000-4000-8000-000000000001"
    by = Acknowledgement("operator Anna", NOW, "") if taken else None
    return ShownAlarm(kind, "*", alert, "", raised=True, at=NOW, severity=kind.severity, status=status, acknowledged=by)


@pytest.mark.parametrize("locale", LOCALES)
def test_every_kind_of_alarm_has_a_name_a_meaning_and_a_remedy(locale: str) -> None:
    """In every language of the console; a kind that is new needs its texts."""
    texts = texts_of(locale)
    needed = {f"alarm_kind.{kind.value}.{part}" for kind in AlarmKind for part in ("name", "means", "do")}
    assert needed - texts.keys == set()
    assert {f"severity.{one.value}" for one in Severity} - texts.keys == set()


def test_the_icon_says_first_that_an_alarm_stands_then_that_a_case_waits() -> None:
    """What nobody has taken before what waits for the reader; the plain icon where there is neither."""
    alarm = _alarm(AlarmKind.OUTAGE)
    assert attention_of([alarm], 1).icon == "attention/icon-alarm.svg"
    assert attention_of([_alarm(AlarmKind.OUTAGE, taken=True)], 1).icon == "attention/icon-waiting.svg"
    assert attention_of([_alarm(AlarmKind.OUTAGE, taken=True)]).icon == "icon.svg"


def test_what_is_taken_or_minor_makes_no_sound() -> None:
    """Taken, it is no alarm to be counted; a case that waits for the reader waits all the same."""
    alarms = [
        _alarm(AlarmKind.REVIEW, Status.ACTUAL, taken=True),
        _alarm(AlarmKind.EXPIRES_SOON),
        _alarm(AlarmKind.OUTAGE, taken=True),
    ]
    assert attention_of(alarms, 1) == Attention(alarms=1, waiting=1, sounds=())


@pytest.mark.parametrize(
    ("kind", "status", "sound"),
    [
        (AlarmKind.REVIEW, Status.ACTUAL, "review"),
        (AlarmKind.AUDIENCE_CAP, Status.ACTUAL, "review"),
        (AlarmKind.LATE, Status.ACTUAL, "alarm"),
        (AlarmKind.OUTAGE, None, "alarm"),
        (AlarmKind.REVIEW, Status.EXERCISE, "exercise"),
        (AlarmKind.LATE, Status.EXERCISE, "exercise"),
        (AlarmKind.REVIEW, Status.TEST, "test"),
    ],
)
def test_what_is_no_live_case_sounds_like_none(kind: AlarmKind, status: Status | None, sound: str) -> None:
    """An exercise and a test have sounds of their own, whatever the alarm about them says."""
    assert sound_of(_alarm(kind, status)) == sound
