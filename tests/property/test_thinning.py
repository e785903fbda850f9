"""Tables of fewer rows than there are: how many, which, and what they say of the time between them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from handlers.console.pages.watching.rates import ROWS_MAX, rows_of
from handlers.console.showing.thinning import every_nth
from handlers.operators.watching.rates import RateSample, Sample, shown, thinned
from push.alerts.disclosure.people import Disclosure

BEGAN = datetime(2026, 11, 29, tzinfo=UTC)
LIMITS = st.integers(1, 100)
STEPS = st.lists(st.tuples(st.sampled_from([0, 0, 1, 5, 60]), st.integers(0, 10_000)), max_size=3 * ROWS_MAX)
"""Seconds since the sample before, none at times, and how many were sent since."""


def _samples(steps: list[tuple[int, int]]) -> list[Sample]:
    at, sent, found = BEGAN, 0, []
    for seconds, more in steps:
        at, sent = at + timedelta(seconds=seconds), sent + more
        found.append(Sample(at, {"tpns": sent}))
    return found


@given(st.integers(0, 1000), LIMITS)
def test_a_table_has_no_more_rows_than_its_limit_the_last_one_and_even_steps(count: int, limit: int) -> None:
    """More than half as many as may be, where there are so many; all of them where they fit."""
    rows = every_nth(range(count), limit)
    assert len(rows) <= limit
    assert len(rows) >= min(count, limit) / 2
    assert rows[-1:] == [*range(count)][-1:]
    assert len({after - before for before, after in pairwise(rows)}) <= 1
    assert count > limit or rows == [*range(count)]


@given(STEPS)
@example([(0, 1)] * (2 * ROWS_MAX))
def test_rates_of_a_table_are_those_between_its_rows_where_time_has_passed(
    steps: list[tuple[int, int]],
) -> None:
    """However many rows are left out, and also where samples are of one moment."""
    samples = shown(_samples(steps), Disclosure(1))
    rows = rows_of(samples)
    assert len(rows) <= ROWS_MAX
    assert [row.rate_per_s for row in rows[:1]] == [None] * len(rows[:1])
    for before, row in pairwise(rows):
        assert row.rate_per_s == _rate(before, row)


def _rate(before: RateSample, row: RateSample) -> float | None:
    elapsed_s = (row.at - before.at).total_seconds()
    return None if elapsed_s == 0 else round(((row.sent or 0) - (before.sent or 0)) / elapsed_s, 1)


@given(STEPS, st.integers(3, 100))
@example([(0, 1)] * 10, 5)
@example([(1, 1)] * 10, 3)
def test_what_a_line_is_made_of_keeps_its_ends_and_its_order(steps: list[tuple[int, int]], limit: int) -> None:
    """At most as many samples as are asked for, also of one moment; the first and the last stay."""
    samples = _samples(steps)
    kept = thinned(samples, limit)
    assert len(kept) <= limit
    assert (kept[:1], kept[-1:]) == (samples[:1], samples[-1:])
    assert [one.at for one in kept] == sorted(one.at for one in kept)
