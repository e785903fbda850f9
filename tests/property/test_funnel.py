"""The arithmetic of the funnel: intervals hold what they promise, and sampling keeps beacons within their bound."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from public.funnel.sampling import BEACONS_PER_S, OPENING_S, OPENING_SHARE, SAMPLE_MAX, sample_of
from public.funnel.steps import SPANS_MAX, estimated, page_steps, points, span_of
from public.funnel.words import Channel, Kind
from sql.page_counts import SpanCount, Total

DRAWS = 4_000
BEGAN = datetime(2026, 11, 23, 8, tzinfo=UTC)
COUNTS = st.integers(0, 10**7)
WEIGHTS = st.sampled_from([1, 2, 4, 8, 16, 32, 64])
TOTALS = st.dictionaries(st.tuples(st.sampled_from(list(Channel)), st.sampled_from(list(Kind))), COUNTS)


def test_the_true_number_is_within_the_interval_nineteen_times_in_twenty() -> None:
    """Of thousands of seeded draws, small and large, at least 94.5% have an interval that holds how many there were."""
    rng = np.random.default_rng(21)
    for people in (40, 300, 5_000, 200_000):
        for weight in (2, 8, 64):
            drawn = rng.binomial(people, 1 / weight, DRAWS).tolist()
            known = {count: estimated(count, weight) for count in set(drawn)}
            held = sum(known[count].low <= people <= known[count].high for count in drawn)
            assert held / DRAWS >= 0.945, (people, weight, held / DRAWS)


@given(COUNTS, WEIGHTS)
def test_an_estimate_lies_within_its_interval_and_never_below_what_was_counted(count: int, weight: int) -> None:
    """Who was counted was there; where everybody is, the number is exact."""
    one = estimated(count, weight)
    assert count <= one.low <= one.people <= one.high
    assert one.people == count * weight
    if weight == 1:
        assert one == (count, count, count)


@given(TOTALS, WEIGHTS)
def test_channels_add_up_to_all_opens(counts: dict[tuple[Channel, Kind], int], weight: int) -> None:
    """What is shown by channel is all that was opened; nothing that was shared is taken for an open."""
    steps = page_steps([Total(channel, kind, count, weight) for (channel, kind), count in counts.items()])
    opened = {channel: count for (channel, kind), count in counts.items() if kind == Kind.OPEN}
    assert sum(one.people for one in steps.opened_by.values()) == steps.opened.people == sum(opened.values()) * weight
    shared = sum(count for (_, kind), count in counts.items() if kind in {Kind.SHARE, Kind.COPY})
    assert steps.shared.people == shared * weight


@given(st.integers(0, 40_000_000), st.integers(0, 40_000_000))
def test_beacons_stay_within_their_bound_and_more_people_are_never_sampled_less(one: int, other: int) -> None:
    """Up to the largest sample a storm of opens sends no more beacons than their bound, and no sample is too large."""
    fewer, more = sorted((one, other))
    assert sample_of(fewer) <= sample_of(more) <= sample_of(None) == SAMPLE_MAX
    opens_per_s, sample = more * OPENING_SHARE / OPENING_S, sample_of(more)
    assert opens_per_s / sample <= BEACONS_PER_S or sample == SAMPLE_MAX
    assert sample == 1 or opens_per_s / (sample // 2) > BEACONS_PER_S
    assert sample.bit_count() == 1


def test_thirty_million_people_are_sampled_by_sixty_four_and_a_city_is_counted_whole() -> None:
    """The two ends of the scale, as the design has them."""
    assert sample_of(30_000_000) == 64
    assert 30_000_000 * OPENING_SHARE / OPENING_S / 64 <= BEACONS_PER_S
    assert sample_of(480_000) == 1
    assert sample_of(0) == 1


@given(st.integers(0, 100 * 24 * 60), st.integers(0, 100 * 24 * 60))
def test_a_life_of_any_length_has_few_points(first: int, later: int) -> None:
    """Spans are whole minutes, and no more of them are touched than are drawn, however they lie to the clock."""
    began, ended = (BEGAN + timedelta(minutes=one) for one in sorted((first, later)))
    span = span_of(began, ended)
    assert span % timedelta(minutes=1) == timedelta(0)
    origin = datetime(2000, 1, 1, tzinfo=UTC)
    assert (ended - origin) // span - (began - origin) // span + 1 <= SPANS_MAX


@given(st.lists(st.tuples(st.integers(0, 50), st.sampled_from(list(Kind)), st.integers(1, 1000)), max_size=60), WEIGHTS)
def test_what_is_drawn_over_time_only_grows_and_ends_at_the_whole(
    counts: list[tuple[int, Kind, int]], weight: int
) -> None:
    """The last point has all that was opened and shared."""
    rows = [SpanCount(BEGAN + timedelta(minutes=minute), kind, count, weight) for minute, kind, count in counts]
    drawn = points(rows)
    assert [one.at for one in drawn] == sorted({row.at for row in rows})
    assert all(one.opened <= after.opened for one, after in pairwise(drawn))
    if drawn:
        assert drawn[-1].opened == weight * sum(row.count for row in rows if row.kind == Kind.OPEN)
        assert drawn[-1].shared == weight * sum(row.count for row in rows if row.kind in {Kind.SHARE, Kind.COPY})
