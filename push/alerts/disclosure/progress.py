"""Progress as it is shown: how many were notified, exact where no small number can be computed from it.

A lane, or a ring of one, that reached fewer people than the threshold has no numbers; then the others beside it are
rounded down, so that the whole minus the others does not say them. Bounded by the alert.
"""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import msgspec

from push.alerts.lifecycle import State
from push.alerts.watch.progress import WatchedAlert

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from push.alerts.disclosure.people import Disclosure
    from push.alerts.watch.progress import AlertProgress, LaneProgress, RingProgress

COUNTS: Final = ("accepted", "invalid", "refused", "quarantined", "failed")


class ShownRingProgress(msgspec.Struct, frozen=True, kw_only=True):
    """One ring in one lane: who stood in it when it was searched, those of nearer rings included, and by outcome.

    `opted_out`: who was found and wants no such message; `entrants`: who of those accepted came in later. A number that
    is null is below the threshold; `withheld`: some are.
    """

    found: int | None
    sent: int | None
    accepted: int | None
    invalid: int | None
    refused: int | None
    quarantined: int | None
    failed: int | None
    opted_out: int | None
    entrants: int | None
    withheld: bool
    units: int
    units_done: int


class ShownLaneProgress(ShownRingProgress, frozen=True, kw_only=True):
    """One lane of one alert: recipients by outcome, recipients a second, and when it will be through."""

    rate_per_s: float | None
    eta: datetime | None
    rings: dict[int, ShownRingProgress]


class ShownNotice(msgspec.Struct, frozen=True, kw_only=True):
    """A follow-up notice of an alert: those notified before, by lane, as far as they can be reached."""

    notice: str
    version: int
    lanes: dict[str, ShownRingProgress]


class ShownReminder(msgspec.Struct, frozen=True, kw_only=True):
    """A morning reminder: from when, how many people were notified without a sound (rounded down), and by lane."""

    due_at: datetime
    people: int | None
    lanes: dict[str, ShownRingProgress]


class ShownProgress(WatchedAlert, frozen=True, kw_only=True, omit_defaults=True):
    """One alert with its lanes and its follow-up notices; `reminders` where the policy has some.

    `last_request_at`: when the last request of the alert itself was started; after a stop, of all that were. Null while
    it was sent to fewer people than the threshold, whose reminder is not shown either.
    """

    lanes: dict[str, ShownLaneProgress]
    notices: list[ShownNotice]
    reminders: tuple[ShownReminder, ...] = ()
    last_request_at: datetime | None = None


def shown_progress(progress: AlertProgress, rule: Disclosure) -> ShownProgress:
    """Return the progress of an alert as it is shown."""
    exact = not any(rule.is_few(lane.sent) for lane in progress.lanes.values())
    few = rule.is_few(sum(lane.sent for lane in progress.lanes.values()))
    of_alert = {name: getattr(progress, name) for name in WatchedAlert.__struct_fields__}
    return ShownProgress(
        **of_alert,
        # There is none while nobody was there, so that the first one's would say that somebody is.
        last_request_at=None if few else progress.last_request_at,
        lanes={name: _lane(lane, rule, progress.state, exact=exact) for name, lane in progress.lanes.items()},
        notices=[
            ShownNotice(notice=one.notice, version=one.version, lanes=_beside(one.lanes, rule))
            for one in progress.notices
        ],
        reminders=tuple(
            ShownReminder(due_at=one.due_at, people=rule.floored(one.people), lanes=_beside(one.lanes, rule))
            for one in progress.reminders
            # One is planned for the first person who is notified without a sound.
            if not rule.is_few(one.people)
        ),
    )


def _lane(lane: LaneProgress, rule: Disclosure, state: str, *, exact: bool) -> ShownLaneProgress:
    few = rule.is_few(lane.sent)
    return ShownLaneProgress(
        **_counts(lane, rule, exact=exact),
        rate_per_s=None if few else lane.rate_per_s,
        eta=None if few and state == State.SENDING else lane.eta,
        rings=_rings(lane.rings, rule),
    )


def _rings(rings: Mapping[int, RingProgress], rule: Disclosure) -> dict[int, ShownRingProgress]:
    """Return the rings of a lane; each holds those before it, so what it adds counts."""
    found = [0, *(rings[ring].found for ring in sorted(rings))]
    added = [wider - near for near, wider in pairwise(found)]
    few = [rule.is_few(more) or rule.is_few(rings[ring].sent) for ring, more in zip(sorted(rings), added, strict=True)]
    return {
        ring: ShownRingProgress(**_counts(rings[ring], rule, exact=not any(few), few=small))
        for ring, small in zip(sorted(rings), few, strict=True)
    }


def _beside(lanes: Mapping[str, RingProgress], rule: Disclosure) -> dict[str, ShownRingProgress]:
    exact = not any(rule.is_few(one.sent) for one in lanes.values())
    return {lane: ShownRingProgress(**_counts(one, rule, exact=exact)) for lane, one in lanes.items()}


def _counts(one: LaneProgress | RingProgress, rule: Disclosure, *, exact: bool, few: bool = False) -> dict[str, Any]:
    """Return the numbers of a lane or ring; who stands there is rounded down to what was sent or to the threshold."""
    few = few or rule.is_few(one.sent)
    show: Callable[[int], int | None] = _none if few else _same if exact else rule.floored
    sent = show(one.sent)
    found = None if sent is None else max(sent, rule.floored(one.found) or 0)
    counts = {name: show(getattr(one, name)) for name in COUNTS}
    opted_out = None if few else rule.floored(one.opted_out)
    units = {"units": one.units, "units_done": one.units_done}
    return {
        "found": found,
        "sent": sent,
        **counts,
        "opted_out": opted_out,
        "entrants": None if few else rule.floored(one.entrants),
        "withheld": None in counts.values(),
        **units,
    }


def _none(_: int) -> None:
    return None


def _same(people: int) -> int:
    return people


def shown_counts(counts: Sequence[int], rule: Disclosure) -> list[int | None]:
    """Return the outcomes of a whole alert: exact, or none of them where they are of fewer people."""
    return [None] * len(counts) if rule.is_few(sum(counts)) else [*counts]
