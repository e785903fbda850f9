"""Judges a round by counting at the simulated providers: lost, repeated, late.

Bounded by the round's requests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, TypeAlias

import numpy as np

from push.fanout.claims.unit import TRUSTED_S
from tests.campaign.faults import KINDS
from tests.campaign.world import WORKERS
from tests.support.providers.notified import CANCEL, FOUND

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from tests.campaign.faults.step import Step
    from tests.campaign.judging.journal import Request
    from tests.campaign.operator import FiledAlert

LATE_S: Final = 0.25
"""So long after the answer to a stop a request may still arrive."""

FOLLOW_UPS: Final = {"cancelled": CANCEL, "found": FOUND}
EMPTY: Final = np.empty(0, dtype=np.int64)


Span: TypeAlias = tuple[float, float]
"""From when to when, in seconds since the epoch."""


class Ran(Protocol):
    """When a server did not run, and when it did not hear from the record."""

    frozen: list[Span]
    cut_off: list[Span]
    down: list[Span]


class Late(NamedTuple):
    """A request after a stop: its server, its time, how long after it, whether its server was cut off."""

    slot: int
    at: float
    after_s: float
    cut_off: bool

    @property
    def is_within_trust(self) -> bool:
        """Whether its server could not hear of the stop, and what it had seen was trusted still."""
        return self.cut_off and self.after_s <= TRUSTED_S + LATE_S


class Verdict(NamedTuple):
    """What became of a round. `repeats` are times of acceptances beyond the first; `lost` users by case number.

    `unrecorded`: who was accepted, but the record never knew, and so did not hear of the end of the alert.
    """

    lost: dict[str, NDArray[np.int64]]
    unrecorded: int
    repeats: list[float]
    promised: int
    late: list[Late]
    accepted: int

    @property
    def lost_count(self) -> int:
        """How many were lost."""
        return sum(users.size for users in self.lost.values())


def accepted_by(requests: Sequence[Request]) -> NDArray[np.int64]:
    """Return who was accepted, once for each acceptance."""
    parts = [request.users for request in requests if request.accepted_at is not None]
    return np.concatenate(parts) if parts else EMPTY


def of_notice(requests: Sequence[Request], alert: FiledAlert, title: str = "") -> list[Request]:
    """Return the requests of an alert with a follow-up's title, or of the alert itself."""
    return [
        one
        for one in requests
        if one.number == alert.number and (one.title == title if title else one.title not in FOLLOW_UPS.values())
    ]


def lost_of(
    alert: FiledAlert, requests: Sequence[Request], inside: NDArray[np.int64], recorded: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return who was not notified: of the alert, or of its end after the record had that of the alert."""
    notified = np.unique(accepted_by(of_notice(requests, alert)))
    if not alert.ended:
        return np.setdiff1d(inside, notified)
    return np.setdiff1d(np.intersect1d(notified, recorded), _told(alert, requests))


def _unrecorded(alert: FiledAlert, requests: Sequence[Request], recorded: NDArray[np.int64]) -> int:
    if not alert.ended:
        return 0
    unknown = np.setdiff1d(accepted_by(of_notice(requests, alert)), recorded)
    return int(np.setdiff1d(unknown, _told(alert, requests)).size)


def _told(alert: FiledAlert, requests: Sequence[Request]) -> NDArray[np.int64]:
    return accepted_by(of_notice(requests, alert, FOLLOW_UPS[alert.ended]))


def judge(
    slots: Sequence[Ran],
    inside: NDArray[np.int64],
    alerts: Sequence[FiledAlert],
    requests: list[Request],
    steps: Sequence[Step],
    lost_spans: Sequence[Span],
    recorded: Mapping[str, NDArray[np.int64]],
) -> Verdict:
    """Judge a round by all its requests.

    `lost_spans`: from when to when commits were lost by a failover. `recorded`: whom the record has as notified of each
    alert that was ended, by its id.
    """
    numbers = {alert.number for alert in alerts}
    requests = [one for one in requests if one.number in numbers]
    lost = {alert.case_number: lost_of(alert, requests, inside, recorded.get(alert.id, EMPTY)) for alert in alerts}
    repeats = [
        at for alert in alerts for title in ("", CANCEL, FOUND) for at in _repeats(of_notice(requests, alert, title))
    ]
    return Verdict(
        lost={name: users for name, users in lost.items() if users.size},
        unrecorded=sum(_unrecorded(alert, requests, recorded.get(alert.id, EMPTY)) for alert in alerts),
        repeats=repeats,
        promised=_promised(requests, steps, lost_spans),
        late=[one for alert in alerts for one in _late(slots, alert, of_notice(requests, alert))],
        accepted=accepted_by(requests).size,
    )


def _repeats(requests: list[Request]) -> list[float]:
    """Return when somebody was accepted who had been before, once for each time."""
    seen, found = EMPTY, list[float]()
    for one in sorted((each for each in requests if each.accepted_at), key=lambda each: each.accepted_at or 0.0):
        again = np.isin(one.users, seen)
        found += [one.accepted_at or 0.0] * int(again.sum())
        seen = np.concatenate([seen, one.users])
    return found


def _promised(requests: list[Request], steps: Sequence[Step], lost_spans: Sequence[Span]) -> int:
    """Return how many repeats the faults excuse.

    Of each server that a fault meets the batches in flight; what was accepted without an answer; and what was accepted
    while its record was lost.
    """
    largest = max((one.users.size for one in requests), default=0)
    met = sum(len(step.slots) for step in steps if KINDS[step.kind].repeats)
    unanswered = sum(one.users.size for one in requests if one.accepted_at and not one.answered)
    unkept = sum(
        one.users.size
        for one in requests
        if one.accepted_at and any(began - 1 <= one.accepted_at <= ended + 1 for began, ended in lost_spans)
    )
    return met * WORKERS * largest + unanswered + unkept


def _late(slots: Sequence[Ran], alert: FiledAlert, requests: list[Request]) -> list[Late]:
    found = []
    for stop in alert.stops:
        for one in requests:
            if not stop.at < one.at < stop.until:
                continue
            slot = slots[one.slot]
            ran_s = one.at - stop.at - overlap_s(slot.frozen, stop.at, one.at)
            if ran_s > LATE_S:
                cut_off = overlap_s(slot.cut_off, stop.at - TRUSTED_S, one.at) > 0
                found.append(Late(one.slot, one.at, ran_s, cut_off))
    return found


def overlap_s(spans: Sequence[Span], began: float, ended: float) -> float:
    """Return for how long one of these spans, which do not overlap one another, fell between two times."""
    return sum(max(0.0, min(ended, last) - max(began, first)) for first, last in spans)
