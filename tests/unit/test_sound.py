"""The sound: at night a message rings only nearby, and everybody gets it all the same."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from push.message.sound import Morning, Sound, Sounds

NEAR, FAR = 1, 2


@pytest.mark.parametrize(
    ("clock_utc", "rings_far_away"),
    [("13:59", True), ("14:00", False), ("20:00", False), ("22:59", False), ("23:00", True), ("04:00", True)],
)
def test_far_rings_are_silent_at_night_by_the_clocks_of_the_place(clock_utc: str, rings_far_away: bool) -> None:  # noqa: FBT001 - a table
    """22:00 to 07:00 in China is 14:00 to 23:00 UTC; the near ring makes a sound at any hour."""
    now = datetime.fromisoformat(f"2026-11-25T{clock_utc}").replace(tzinfo=UTC)
    assert Sound().silent(FAR, now) is not rings_far_away
    assert not Sound().silent(NEAR, now)


def test_a_night_may_lie_within_a_day_or_be_none() -> None:
    """01:00 to 05:00 does not pass midnight; if both times are equal there is no night."""
    two = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)
    assert Sound(time_zone="UTC", night_from="01:00", night_until="05:00").silent(FAR, two)
    assert not Sound(time_zone="UTC", night_from="03:00", night_until="05:00").silent(FAR, two)
    assert not Sound(time_zone="UTC", night_from="02:00", night_until="02:00").silent(FAR, two)


def test_summer_time_is_respected() -> None:
    """The same UTC hour is night in London in winter and not in summer."""
    london = Sound(time_zone="Europe/London", night_from="22:00", night_until="07:00")
    assert london.silent(FAR, datetime(2026, 12, 1, 6, 30, tzinfo=UTC))
    assert not london.silent(FAR, datetime(2026, 7, 1, 6, 30, tzinfo=UTC))


SHANGHAI = Sound()
BERLIN = Sound(time_zone="Europe/Berlin")


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("sound", "sent", "morning"),
    [
        # 07:00 in Shanghai is 23:00 UTC of the day before: before and after midnight it is the same morning.
        (SHANGHAI, "2026-11-28T14:30", "2026-11-28T23:00"),
        (SHANGHAI, "2026-11-28T20:00", "2026-11-28T23:00"),
        (SHANGHAI, "2026-11-28T22:59:59", "2026-11-28T23:00"),
        # In the last second, in the first one of the day, and in the afternoon: as of quiet hours of one's own.
        (SHANGHAI, "2026-11-28T23:00", "2026-11-29T23:00"),
        (SHANGHAI, "2026-11-29T06:00", "2026-11-29T23:00"),
        # A night of 8 hours in spring, and of 10 in autumn.
        (BERLIN, "2026-03-28T21:30", "2026-03-29T05:00"),
        (BERLIN, "2026-10-24T20:30", "2026-10-25T06:00"),
        # A morning that the clocks skip comes with the hour after; one that they show twice, the first time.
        (Sound(time_zone="Europe/Berlin", night_until="02:30"), "2026-03-28T23:00", "2026-03-29T01:30"),
        (Sound(time_zone="Europe/Berlin", night_until="02:30"), "2026-10-24T22:00", "2026-10-25T00:30"),
        (Sound(time_zone="Europe/Berlin", night_until="02:30"), "2026-10-25T00:30", "2026-10-26T01:30"),
        (Sound(time_zone="Asia/Kathmandu", night_until="00:00"), "2026-06-01T12:00", "2026-06-01T18:15"),
    ],
)
def test_the_morning_is_the_next_end_of_the_night_by_the_clocks_of_the_place(
    sound: Sound, sent: str, morning: str
) -> None:
    """Across midnight and summer time; strictly after the send."""
    assert sound.morning_after(_utc(sent)).at == _utc(morning)


def test_each_morning_has_a_number_of_its_own_below_zero() -> None:
    """A year of days, by Berlin's clocks with the end of the night around a change of them, and around midnight UTC."""
    for until in ("02:30", "01:00", "23:30", "07:00"):
        sound, mornings = Sound(time_zone="Europe/Berlin", night_until=until), dict[int, datetime]()
        moment = _utc("2026-01-01T00:00")
        for _ in range(366):
            number, at = sound.morning_after(moment)
            assert at > moment
            assert number not in mornings
            mornings[number], moment = at, at
        assert [*mornings] == sorted(mornings, reverse=True)
        assert max(mornings) < 0
    assert Sound().morning_after(_utc("1999-01-01T00:00")) == Morning(-1, _utc("1999-01-01T23:00"))


def test_the_night_that_comes_next_ends_a_reminder() -> None:
    """At its very beginning it is the next one's; where there are no nights there is none."""
    assert SHANGHAI.night_after(_utc("2026-11-28T23:00")) == _utc("2026-11-29T14:00")
    assert SHANGHAI.night_after(_utc("2026-11-29T14:00")) == _utc("2026-11-30T14:00")
    assert Sound(night_from="07:00").night_after(_utc("2026-11-28T23:00")) is None
    assert not Sound(night_from="07:00").is_night(_utc("2026-11-28T20:00"))


def test_a_kind_of_subject_may_have_a_policy_of_its_own() -> None:
    """Reminders are on for one kind and off for all others."""
    sounds = Sounds(Sound(), {"dementia": Sound(morning_reminder=True)})
    assert [sounds.of(kind).morning_reminder for kind in ("child", "dementia", "disability")] == [False, True, False]
