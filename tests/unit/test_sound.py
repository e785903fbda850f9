"""The sound: at night a message rings only nearby, and everybody gets it all the same."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from push.message.sound import Sound

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
