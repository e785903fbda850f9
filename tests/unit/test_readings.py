"""What an open page of sightings leaves in the trail: a mark where it showed more, and one each ten minutes."""

from __future__ import annotations

from uuid import UUID

from handlers.operators.sightings.readings import READERS_MAX, SAME_AGAIN_S, SHOWN_MAX, Readings

FIRST, SECOND = UUID(int=1), UUID(int=2)


def test_the_same_sightings_are_forgotten_after_ten_minutes_and_new_ones_were_never_shown() -> None:
    """Fewer than before are nothing new; a reading in between does not put off the next mark."""
    readings = Readings()
    assert not readings.has("anna", [], 0.0), "an empty list says something, too"
    readings.add("anna", [FIRST], 0.0)
    assert readings.has("anna", [FIRST], 1.0)
    assert readings.has("anna", [], 1.0)
    assert not readings.has("anna", [FIRST, SECOND], 1.0)
    assert not readings.has("bo", [FIRST], 1.0)
    readings.add("anna", [SECOND], SAME_AGAIN_S - 1)
    assert readings.has("anna", [FIRST, SECOND], SAME_AGAIN_S - 1)
    assert not readings.has("anna", [FIRST], SAME_AGAIN_S)
    readings.add("anna", [SECOND], SAME_AGAIN_S)
    assert not readings.has("anna", [FIRST], SAME_AGAIN_S)


def test_what_is_too_much_to_remember_is_recorded_again() -> None:
    """Readers beyond the limit push out the one who read longest ago, sightings beyond it all before."""
    readings = Readings()
    for number in range(READERS_MAX + 1):
        readings.add(number, [FIRST], 0.0)
    assert not readings.has(0, [FIRST], 0.0)
    assert readings.has(1, [FIRST], 0.0)
    readings.add("anna", [UUID(int=number) for number in range(SHOWN_MAX)], 0.0)
    readings.add("anna", [UUID(int=SHOWN_MAX)], 0.0)
    assert not readings.has("anna", [UUID(int=0)], 0.0)
    assert readings.has("anna", [UUID(int=SHOWN_MAX)], 0.0)
