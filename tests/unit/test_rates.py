"""The history of rates: a pause is no slope, and a table of fewer rows has the rates between its own rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from handlers.console.pages.watching.rates import ROWS_MAX, rows_of
from handlers.operators.watching.rates import Sample, samples_of, shown
from push.alerts.disclosure.people import Disclosure
from sql.rates import SPAN, RateRow

BEGIN = datetime(2026, 11, 29, tzinfo=UTC)


def _at(seconds: float) -> datetime:
    return BEGIN + timedelta(seconds=seconds)


def test_what_comes_after_a_pause_began_a_span_before_its_row() -> None:
    """Ten minutes in which nobody was notified have the rate zero, and what came then has the rate of its own span."""
    rows = [RateRow("tpns", _at(0), 0), RateRow("tpns", _at(5), 500), RateRow("tpns", _at(605), 600)]
    samples = shown(samples_of(rows, BEGIN, _at(610)), Disclosure(1))
    assert [(one.at, one.rate_per_s) for one in samples] == [
        (_at(0), None),
        (_at(5), 100.0),
        (_at(605) - SPAN, 0.0),
        (_at(605), 20.0),
    ]


def test_a_table_of_some_samples_has_the_rates_since_its_row_before() -> None:
    """What was sent between two rows is the same in the table as in all samples."""
    samples = shown([Sample(_at(5 * row), {"tpns": row * row}) for row in range(2 * ROWS_MAX)], Disclosure(1))
    rows = rows_of(samples)
    assert len(rows) == ROWS_MAX
    sent = sum((row.rate_per_s or 0) * (row.at - before.at).total_seconds() for before, row in pairwise(rows))
    assert abs(sent - ((rows[-1].sent or 0) - (rows[0].sent or 0))) < ROWS_MAX
