"""The clock of the record, as a process reads it between two comparisons."""

from __future__ import annotations

import pytest

from geo.index.loss.clocks import Reading
from runtime.clock import OFF_S, WALL_CLOCK, ComparedClock

RECORD_S = 1_800_000_000.0


async def test_it_is_this_machines_clock_until_it_was_compared() -> None:
    """A comparison is asked for at once."""
    WALL_CLOCK.set(lambda: 5.0)
    clock = ComparedClock()
    assert clock.is_off
    assert clock.now_ms() == 5000


@pytest.mark.parametrize("ahead_s", [0.0, 70.0, -3600.0])
async def test_it_reads_the_records_time_on_a_machine_that_is_off(ahead_s: float) -> None:
    """Minutes or an hour: after the comparison it makes no difference."""
    WALL_CLOCK.set(lambda: RECORD_S + ahead_s)
    clock = ComparedClock()
    clock.compare(RECORD_S)
    assert not clock.is_off
    assert clock.now_ms() == pytest.approx(RECORD_S * 1000, abs=500)


@pytest.mark.parametrize("step_s", [3600.0, -3600.0])
async def test_a_wall_clock_that_goes_on_differently_asks_for_a_comparison(step_s: float) -> None:
    """Paused and set afterwards, it is an hour later at once; set back, it goes on as it did."""
    wall_s = RECORD_S
    WALL_CLOCK.set(lambda: wall_s)
    clock = ComparedClock()
    clock.compare(RECORD_S)
    wall_s += step_s
    assert abs(step_s) > OFF_S
    assert clock.is_off
    assert clock.now_ms() == pytest.approx((RECORD_S + max(step_s, 0.0)) * 1000, abs=500)


@pytest.mark.parametrize(
    ("went_s", "took_s", "is_back"),
    [(2.0, 0.001, False), (1.999, 0.001, False), (1.5, 0.001, True), (1.5, 1.0, False), (92.0, 0.001, False)],
)
def test_a_clock_went_back_only_where_no_slow_answer_explains_it(
    went_s: float, took_s: float, *, is_back: bool
) -> None:
    """Two seconds later by this machine: the other clock went on by `went_s`, and the answer took `took_s`."""
    before = Reading(RECORD_S, 10.0, 10.001)
    assert Reading(RECORD_S + went_s, 12.001 - took_s, 12.001).is_set_back(before) is is_back
    assert not before.is_set_back(None)
