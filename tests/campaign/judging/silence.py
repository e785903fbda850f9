"""Finds silences: nobody was accepted although something was due, and a server could have sent it.

Bounded by the round.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from tests.campaign.judging.alarms import EXPLAINING, in_metrics, listed
from tests.campaign.judging.judge import FOLLOW_UPS, Span, of_notice, overlap_s

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tests.campaign.judging.alarms import Sample
    from tests.campaign.judging.journal import Request
    from tests.campaign.judging.judge import Ran
    from tests.campaign.operator import FiledAlert

SILENCE_S: Final = 10.0
ALARMED_S: Final = 8.0
"""An alarm counts that stands so long after the silence began, or later: one that was cleared at once says nothing."""


class Silence(NamedTuple):
    """A silence, and the alarms that stood while it lasted, by the lists of servers and by their metrics."""

    began: float
    ended: float
    alarms: set[str]
    in_metrics: set[str]

    @property
    def is_explained(self) -> bool:
        """Whether an alarm said why."""
        return bool(self.alarms & EXPLAINING)


def silences(
    slots: Sequence[Ran],
    alerts: Sequence[FiledAlert],
    requests: list[Request],
    inside: NDArray[np.int64],
    samples: Sequence[Sample],
    now: float,
) -> list[Silence]:
    """Return all silences of more than `SILENCE_S` of a round that ends now."""
    numbers = {alert.number for alert in alerts}
    accepted = sorted(one.accepted_at for one in requests if one.accepted_at and one.number in numbers)
    found = []
    for began, ended in _united([span for alert in alerts for span in _due(alert, requests, inside, now)]):
        moments = [began, *(at for at in accepted if began < at < ended), ended]
        for first, last in pairwise(moments):
            if last - first - _nobody_runs_s(slots, first, last) > SILENCE_S:
                alarmed = first + ALARMED_S, last
                found.append(Silence(first, last, listed(samples, *alarmed), in_metrics(samples, *alarmed)))
    return found


def _due(alert: FiledAlert, requests: list[Request], inside: NDArray[np.int64], now: float) -> list[Span]:
    """Return from when to when something of an alert was due: itself while nothing stops it, and its end."""
    of_alert = of_notice(requests, alert)
    spans: list[Span] = []
    began = alert.filed_at
    done = _complete_at(of_alert, inside, now)
    for stop in alert.stops:
        spans.append((began, min(stop.at, done)))
        began = stop.until
        if stop.action != "pause":
            notified = np.unique(np.concatenate([one.users for one in of_alert if one.accepted_at] or [inside[:0]]))
            follow_up = of_notice(requests, alert, FOLLOW_UPS[alert.ended])
            spans.append((stop.at, _complete_at(follow_up, notified, now)))
    spans.append((began, done))
    return [(first, last) for first, last in spans if first < last]


def _complete_at(requests: list[Request], wanted: NDArray[np.int64], now: float) -> float:
    """Return when the last of those wanted was accepted for the first time; now if somebody is left."""
    left, at = wanted, 0.0
    for one in sorted((each for each in requests if each.accepted_at), key=lambda each: each.accepted_at or 0.0):
        if not left.size:
            break
        at = one.accepted_at or 0.0
        left = np.setdiff1d(left, one.users)
    return now if left.size else at


def _united(spans: list[Span]) -> list[Span]:
    united: list[Span] = []
    for began, ended in sorted(spans):
        if united and began <= united[-1][1]:
            united[-1] = (united[-1][0], max(united[-1][1], ended))
        else:
            united.append((began, ended))
    return united


def _nobody_runs_s(slots: Sequence[Ran], began: float, ended: float) -> float:
    """Return for how long no server ran."""
    stopped = [_united([*slot.down, *slot.frozen]) for slot in slots]
    first, others = stopped[0], stopped[1:]
    common = first
    for spans in others:
        common = [(max(a, c), min(b, d)) for a, b in common for c, d in spans if max(a, c) < min(b, d)]
    return overlap_s(common, began, ended)
