"""The rule by which a number of people is shown: exact, rounded, or as `None` for "fewer than the threshold".

Whoever may choose a place can find one person by numbers that are small, or that differ by little. Bounded by
`[privacy] people_min`; 1 shows every number, which is for demonstrations and tests alone.
"""

from __future__ import annotations

from typing import Final

import msgspec

PEOPLE_MIN: Final = 100
"""Fewer are never shown: a home, a street or a village cannot be told from its neighbours by "fewer than 100"."""

DIGITS: Final = 2
"""Significant digits of an estimate: its 95% interval is wider than what the third would say."""


class Disclosure(msgspec.Struct, frozen=True):
    """From how many people on a number is shown."""

    people_min: int = PEOPLE_MIN

    def is_few(self, people: int) -> bool:
        """Tell whether a number is withheld; none is shown as such either, as that says that nobody is there."""
        return 1 < self.people_min > people

    def step(self, people: int) -> int:
        """Return to what an estimate is rounded: two digits, and never less than the threshold."""
        return max(1, self.people_min, 10 ** (len(str(people)) - DIGITS) if people >= 10**DIGITS else 1)

    def estimated(self, people: int) -> int | None:
        """Return an estimate as it is shown: two of them differ by no less than the threshold, or not at all."""
        step = self.step(people)
        return None if self.is_few(people) else (2 * people + step) // (2 * step) * step

    def floored(self, people: int) -> int | None:
        """Return the multiple of the threshold that a count has reached."""
        return None if self.is_few(people) else people // self.people_min * self.people_min

    def fewer(self) -> str:
        """Return how a number is named that is not shown."""
        return "nobody" if self.people_min <= 1 else f"fewer than {self.people_min} people"

    def about(self, people: int) -> str:
        """Return an estimate in words."""
        shown = self.estimated(people)
        return self.fewer() if shown is None else f"about {shown} people"
