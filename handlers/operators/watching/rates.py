"""The rates of an alert through its life, for a line that shows whether it comes through within its thirty minutes.

Numbers are multiples of the threshold below which none is shown (`push.alerts.disclosure`), and so is what moves a
sample: a moment at which no number that is shown changed is that of few people. Bounded: `SAMPLES_MAX`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import sql.rates
from handlers.alert_answers import Answer
from handlers.http.requests import unknown_alert
from handlers.operators.alerts import readable
from runtime.clock import record_now
from sql.rates import RateRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from aiohttp import web

    from handlers.http.route import Call
    from push.alerts.disclosure.people import Disclosure
    from sql.database import Pool
    from sql.progress import ListedAlert

TOGETHER: Final = timedelta(seconds=1)
"""Lanes are noted in one statement: their rows are microseconds apart."""

SAMPLES_MAX: Final = 360
"""Half an hour, a sample every five seconds."""


class Sample(NamedTuple):
    """How many recipients were settled in each lane by a time."""

    at: datetime
    lanes: dict[str, int]


class RateSample(Answer, frozen=True, kw_only=True):
    """How many recipients were settled by a time: in all lanes, and in each.

    `rate_per_s`: recipients a second since the sample before, null in the first one. Null numbers are below the
    threshold.
    """

    at: datetime
    sent: int | None
    rate_per_s: float | None
    lanes: dict[str, int | None]


class RatesAnswer(Answer, frozen=True, kw_only=True):
    """The history of an alert's rates, oldest first; `deadline`: by when everybody of the first rings is notified.

    None while too few were notified to be shown, and none at which no number that is shown changed.
    """

    received_at: datetime
    deadline: datetime
    samples: list[RateSample]


class Rates:
    """`GET /v1/alerts/{id}/rates`."""

    def __init__(self, pool: Pool, disclosure: Disclosure) -> None:
        self._pool = pool
        self._disclosure = disclosure

    async def get(self, call: Call[Any]) -> RatesAnswer | web.Response:
        """Return the history."""
        alert = await readable(self._pool, call)
        return unknown_alert() if alert is None else await self.of(alert)

    async def of(self, alert: ListedAlert) -> RatesAnswer:
        """Return the history of an alert that somebody may read."""
        rows = await sql.rates.read(self._pool, alert.id)
        lanes = sorted({row.lane for row in rows})
        risen = shown_rows(rows, self._disclosure)
        samples = thinned(samples_of(risen, alert.received_at, record_now(), lanes), SAMPLES_MAX)
        return RatesAnswer(
            received_at=alert.received_at,
            deadline=alert.deadline,
            samples=shown(samples, self._disclosure),
        )


def shown_rows(rows: Sequence[RateRow], rule: Disclosure) -> list[RateRow]:
    """Return the rows at which the number of a lane that is shown rises, with that number; lanes of few have none."""
    known: dict[str, int] = {}
    risen: list[RateRow] = []
    for row in sorted(rows, key=lambda one: one.at):
        settled = rule.floored(row.settled) or 0
        if settled > known.get(row.lane, 0):
            known[row.lane] = settled
            risen.append(RateRow(row.lane, row.at, settled))
    return risen


def samples_of(
    rows: Iterable[RateRow], received_at: datetime, until: datetime, lanes: Iterable[str] = ()
) -> list[Sample]:
    """Return what was settled in each lane by when: rows of about one time together, lanes without a row as before.

    What was sent within a moment has no row of its beginning: then that was a span before the first row at most. Where
    nothing was sent nothing is noted, so what comes after a pause began a span before its row, too.
    """
    samples: list[Sample] = []
    known = dict.fromkeys(lanes, 0)
    for row in sorted(rows, key=lambda one: one.at):
        # What the record keeps never goes back, though two processes may have read it in the other order.
        known = {**known, row.lane: max(row.settled, known.get(row.lane, 0))}
        if samples and row.at - samples[-1].at < TOGETHER and any(samples[-1].lanes.values()):
            samples[-1] = Sample(samples[-1].at, known)
        else:
            span = sql.rates.SPAN if until - row.at < sql.rates.FINE else sql.rates.COARSE
            if samples and row.at - samples[-1].at > 2 * span:
                samples.append(Sample(row.at - span, samples[-1].lanes))
            samples.append(Sample(row.at, known))
    if samples and any(samples[0].lanes.values()):
        began = max(received_at, samples[0].at - sql.rates.SPAN)
        samples.insert(0, Sample(min(began, samples[0].at), dict.fromkeys(samples[0].lanes, 0)))
    return samples


def thinned(samples: Sequence[Sample], limit: int) -> list[Sample]:
    """Return at most `limit` samples (three or more), first and last among them, as even in time as they come."""
    if len(samples) <= limit:
        return [*samples]
    first, last = samples[0], samples[-1]
    # Samples of one moment have no width, and the last of them has what was settled by then.
    width = (last.at - first.at) / (limit - 2) or timedelta.resolution
    kept = {int((one.at - first.at) / width): one for one in samples[1:]}
    return [first, *kept.values()]


def shown(samples: Iterable[Sample], rule: Disclosure) -> list[RateSample]:
    """Return samples as they are shown: every number follows from one that is shown itself."""
    answer: list[RateSample] = []
    for at, lanes in samples:
        sent = sum(rule.floored(one) or 0 for one in lanes.values())
        before = answer[-1] if answer else None
        answer.append(
            RateSample(
                at=at,
                sent=None if rule.is_few(sent) else sent,
                rate_per_s=None if before is None else rate_since(before, at, sent),
                lanes={lane: rule.floored(one) for lane, one in lanes.items()},
            )
        )
    return answer


def rate_since(before: RateSample, at: datetime, sent: int | None) -> float | None:
    """Return how many were sent in a second since a sample; None where no time has passed."""
    elapsed_s = (at - before.at).total_seconds()
    return round(((sent or 0) - (before.sent or 0)) / elapsed_s, 1) if elapsed_s > 0 else None
