"""Open sweeps: keeps in which order the units of a lane are claimed.

First sends come before follow-up notices, which have every fourth turn. Passes for late entrants, exercises and tests
come last, one unit at a time: a new alert waits for no others, and no child for an exercise. Of first sends the nearest
ring comes first, then a deadline that is near, then the alerts by turns, so that a small one does not wait for a large
one. What is past its deadline takes turns with the others, and has every fourth one before deadlines that are near.
Bounded: the sweeps that the record lists as open and due; `AHEAD_MAX` claimed units wait for a sweep, and more than one
only where they are small.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from push.fanout.claims.unit import HeldUnit
    from sql.work import OpenSweep

URGENT_S: Final = 600.0
"""A third of the 30 minutes: who has less left goes before all turns."""

URGENT_AN_OVERDUE: Final = 3
"""Who is late already has every fourth unit, however many others have little time left."""

FIRST_SENDS_A_FOLLOW_UP: Final = 3
"""Follow-up notices wait no longer than four times as long as without first sends."""

TURNS_MAX: Final = 1024
"""More alerts at once in one lane take turns in a less regular order."""

AHEAD_MAX: Final = 8
AHEAD_RECIPIENTS: Final = 10_000
"""Units are claimed together while they are so small that a new alert does not wait for them."""


class OpenSweeps:
    """The open sweeps of one lane."""

    def __init__(self) -> None:
        self._sweeps: dict[int, OpenSweep] = {}
        self._exhausted: set[int] = set()
        self._turns: dict[UUID, int] = {}
        self._turn = 0
        self._first_sends = 0
        self._urgent = 0
        self._passed_over: dict[int, int] = {}

    def replace(self, sweeps: Iterable[OpenSweep]) -> None:
        """Take over what the record lists now."""
        self._sweeps = {sweep.id: sweep for sweep in sweeps}
        self._exhausted.clear()
        self._passed_over = {one: turn for one, turn in self._passed_over.items() if one in self._sweeps}

    def wanted(self, sweeps_max: int) -> list[int]:
        """Return from which sweeps to claim next, in order."""
        left = [sweep for sweep in self._sweeps.values() if sweep.id not in self._exhausted]
        first = self._with_overdue(sorted((one for one in left if one.ring and not one.is_last), key=self._order))
        follow_up = sorted((one for one in left if not one.ring and not one.is_last), key=self._order)
        last = sorted((one for one in left if one.is_last), key=self._order)
        # Some of them may have no unit that is ready; and where none has, a first send has the turn.
        turns = max(1, sweeps_max - 1) if self._first_sends >= FIRST_SENDS_A_FOLLOW_UP else 0
        overdue = follow_up[:turns]
        merged = _merged(first, follow_up[len(overdue) :])
        ordered = [*overdue, *merged] or last
        return [one.id for one in ordered][:sweeps_max]

    def of(self, sweeps: Iterable[int]) -> list[OpenSweep]:
        """Return those of these ids that are listed still."""
        return [self._sweeps[one] for one in sweeps if one in self._sweeps]

    def is_follow_up_turn(self, sweeps: Sequence[int]) -> bool:
        """Tell whether a follow-up notice is to be claimed of these, and first sends after it."""
        first = self._sweeps.get(sweeps[0]) if sweeps else None
        return first is not None and not first.ring and self._first_sends >= FIRST_SENDS_A_FOLLOW_UP

    def are_last(self, sweeps: Iterable[int]) -> bool:
        """Tell whether these are passes for late entrants, exercises or tests."""
        return all(self._sweeps[one].is_last for one in sweeps if one in self._sweeps)

    def _order(self, sweep: OpenSweep) -> tuple[float, float, int, float, int]:
        urgent_s = sweep.left_s if _is_urgent(sweep) else math.inf
        turn = max(self._turns.get(sweep.alert_id, 0), self._passed_over.get(sweep.id, 0))
        return sweep.ring, urgent_s, turn, sweep.left_s, sweep.id

    def _with_overdue(self, first: list[OpenSweep]) -> list[OpenSweep]:
        """Put what is past its deadline before others of its ring, once enough of these were urgent."""
        if self._urgent < URGENT_AN_OVERDUE:
            return first
        return sorted(first, key=lambda one: (one.ring, one.left_s > 0))

    def take_turn(self, alert: UUID, *, is_follow_up: bool) -> None:
        """Put an alert behind all others: a unit of it was claimed."""
        self._first_sends = 0 if is_follow_up else self._first_sends + 1
        self._turn += 1
        self._turns.pop(alert, None)
        self._turns[alert] = self._turn
        if len(self._turns) > TURNS_MAX:
            del self._turns[next(iter(self._turns))]

    def note_claim(self, wanted: Sequence[int], claimed: Iterable[int], units_max: int) -> None:
        """Leave sweeps alone that gave no unit: those before the last one that did; all, if few were claimed."""
        places = [wanted.index(one) for one in claimed if one in wanted]
        for sweep in (self._sweeps[wanted[place]] for place in places if wanted[place] in self._sweeps):
            if sweep.ring and sweep.left_s <= 0:
                self._urgent = 0
            self._urgent += _is_urgent(sweep)
        looked_at = wanted if len(places) < units_max else wanted[: max(places)]
        self.exhaust({*looked_at}.difference(wanted[place] for place in places))

    def exhaust(self, sweeps: Iterable[int]) -> None:
        """Leave sweeps alone that have no unit to claim now; follow-up notices come after the others next time."""
        exhausted = {*sweeps}
        self._exhausted |= exhausted
        self._passed_over |= {
            one: self._turn for one in exhausted if one in self._sweeps and not self._sweeps[one].ring
        }

    def refill(self, alert: UUID) -> bool:
        """Look at the sweeps of an alert again: what they wait for may be through; False when there are none."""
        waiting = {one for one in self._exhausted if one in self._sweeps and self._sweeps[one].alert_id == alert}
        self._exhausted -= waiting
        for one in waiting:
            self._passed_over.pop(one, None)
        return bool(waiting)


def _is_urgent(sweep: OpenSweep) -> bool:
    """Tell whether it is a first send with little time left, and not one that is late already."""
    return bool(sweep.ring) and 0 < sweep.left_s < URGENT_S


def _merged(first: Sequence[OpenSweep], follow_up: Sequence[OpenSweep]) -> Iterable[OpenSweep]:
    """Yield a follow-up notice after every few first sends."""
    step = FIRST_SENDS_A_FOLLOW_UP
    groups = [first[start : start + step] for start in range(0, len(first), step)]
    for group, one in zip_longest(groups, follow_up):
        yield from group or ()
        if one is not None:
            yield one


class LaneClaims:
    """What of one lane can be claimed, and what is claimed and waits for a sweep."""

    def __init__(self) -> None:
        self.open = OpenSweeps()
        self.ahead: deque[HeldUnit] = deque()
        self.claiming = asyncio.Lock()
        self._found = float(AHEAD_RECIPIENTS)

    def units_max(self, sweeps: Sequence[int]) -> int:
        """Return how many units of these sweeps to claim together."""
        if self.open.are_last(sweeps):
            return 1
        units = max(1, min(AHEAD_MAX, int(AHEAD_RECIPIENTS / max(self._found, 1.0))))
        # As many as are in proportion to the first sends that are claimed before and after them.
        return math.ceil(units / FIRST_SENDS_A_FOLLOW_UP) if self.open.is_follow_up_turn(sweeps) else units

    def note_found(self, found: int) -> None:
        """Note how many recipients a unit had."""
        self._found += (found - self._found) / AHEAD_MAX
