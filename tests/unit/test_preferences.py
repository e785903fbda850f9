"""What a user prefers: which messages are taken, and when they make no sound."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from push.message.preferences import CACHED_MAX, DEFAULTS, Preferences, QuietHours, read_preferences, written
from push.notice import Notice, SubjectKind


def _hours(begins: str, until: str, time_zone: str = "Asia/Shanghai") -> Preferences:
    return Preferences(quiet_hours=QuietHours(begins=begins, until=until, time_zone=time_zone))


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "utc", "silent"),
    [
        # Across midnight: 22:30 in Shanghai is 14:30 UTC.
        (_hours("22:30", "07:00"), "2026-06-01T14:30:00", True),
        (_hours("22:30", "07:00"), "2026-06-01T14:29:59", False),
        (_hours("22:30", "07:00"), "2026-06-01T22:59:59", True),
        (_hours("22:30", "07:00"), "2026-06-01T23:00:00", False),
        # Within a day.
        (_hours("13:00", "14:00"), "2026-06-01T05:30:00", True),
        (_hours("13:00", "14:00"), "2026-06-01T06:00:00", False),
        # The same moment elsewhere; and by summer time, which New York has in June and not in January.
        (_hours("22:30", "07:00", "Europe/Paris"), "2026-06-01T14:30:00", False),
        (_hours("22:00", "23:00", "America/New_York"), "2026-06-01T02:30:00", True),
        (_hours("22:00", "23:00", "America/New_York"), "2026-01-01T02:30:00", False),
        # A quarter of an hour off the whole one.
        (_hours("00:00", "00:15", "Asia/Kathmandu"), "2026-06-01T18:20:00", True),
        (_hours("00:00", "00:15", "Asia/Kathmandu"), "2026-06-01T18:30:00", False),
    ],
)
def test_quiet_hours_are_by_the_clock_of_their_zone(hours: Preferences, utc: str, silent: bool) -> None:  # noqa: FBT001 - a parameter
    """From the first minute on, before the last one, across midnight and summer time."""
    assert hours.silent_at(_at(utc)) is silent
    assert hours.takes(SubjectKind.CHILD, Notice.ALERT)


def test_kinds_choose_subjects_and_notices_apart() -> None:
    """Kinds of subject limit whom messages are about, notices which of them come; `off` is none."""
    only = Preferences(kinds=("dementia", "alert"))
    taken = {(subject, notice) for subject in SubjectKind for notice in Notice if only.takes(subject, notice)}
    assert taken == {(SubjectKind.DEMENTIA, Notice.ALERT)}
    children = Preferences(kinds=("child",))
    assert all(children.takes(SubjectKind.CHILD, notice) for notice in Notice)
    assert not any(children.takes(SubjectKind.DISABILITY, notice) for notice in Notice)
    off = Preferences(off=True, kinds=("child",))
    assert not any(off.takes(subject, notice) for subject in SubjectKind for notice in Notice)
    assert all(DEFAULTS.takes(subject, notice) for subject in SubjectKind for notice in Notice)


def test_preferences_are_kept_in_one_form_and_nothing_else_is_believed() -> None:
    """What is written is read again; garbage, unknown fields and zones that there are not are none."""
    whole = Preferences(
        off=True,
        silent=True,
        quiet_hours=QuietHours(begins="22:00", until="07:00", time_zone="Asia/Urumqi"),
        kinds=("found", "child", "child"),
        volunteer=True,
    )
    assert read_preferences(written(whole).encode()) == msgspec.structs.replace(whole, kinds=("child", "found"))
    assert (written(DEFAULTS), written(Preferences(kinds=None))) == ("{}", "{}")
    bad = [
        b"",
        b"off",
        b"[]",
        b'{"off": 1}',
        b'{"on": true}',
        b'{"kinds": []}',
        b'{"kinds": ["cats"]}',
        b'{"quiet_hours": {"from": "24:00", "until": "07:00"}}',
        b'{"quiet_hours": {"from": "22:00", "until": "07:00", "time_zone": "Mars/Base"}}',
        b'{"quiet_hours": {"from": "22:00", "until": "07:00", "time_zone": "../../etc/passwd"}}',
        b"\xff\xfe",
        b"[" * 100_000,
    ]
    assert [read_preferences(one) for one in bad] == [None] * len(bad)
    assert read_preferences.cache_info().maxsize == CACHED_MAX
