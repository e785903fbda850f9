"""What a store refuses again and again counts from the first time on, and only while nothing of it is taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import runtime.refusals
from runtime.refusals import OLD_S, REFUSALS_MAX, REPEATED_S, Refusals

if TYPE_CHECKING:
    import pytest


class Clock:
    """The event loop's clock, moved by hand."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        """Return the present moment."""
        return self.now_s


async def _refuse_for(refusals: Refusals, clock: Clock, seconds: float, asked: str = "claim") -> None:
    until_s = clock.now_s + seconds
    while clock.now_s < until_s:
        refusals.note(asked, "DiskFullError")
        clock.now_s += 1.0
    refusals.note(asked, "DiskFullError")


async def test_a_refusal_is_old_after_five_seconds_without_anything_taken() -> None:
    """A deadlock that is over at the next attempt is none."""
    clock = Clock()
    refusals = Refusals(clock)
    await _refuse_for(refusals, clock, OLD_S - 1)
    assert refusals.oldest() is None
    await _refuse_for(refusals, clock, 1)
    found = refusals.oldest()
    assert found is not None
    assert (found.since_s, found.error) == (100.0, "DiskFullError")
    refusals.taken("claim")
    assert refusals.oldest() is None


async def test_another_task_whose_question_is_taken_hides_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lane whose claims wait for a lock is not well because another lane claims."""
    clock = Clock()
    refusals = Refusals(clock)
    await _refuse_for(refusals, clock, OLD_S)
    monkeypatch.setattr(runtime.refusals, "_task", lambda: "another lane")
    refusals.taken("claim")
    assert refusals.oldest() is not None


async def test_what_nobody_asks_again_is_no_more() -> None:
    """A request that gave up does not wait."""
    clock = Clock()
    refusals = Refusals(clock)
    await _refuse_for(refusals, clock, OLD_S)
    clock.now_s += REPEATED_S + 1
    assert refusals.oldest() is None
    refusals.note("claim", "DiskFullError")
    assert refusals.oldest() is None


async def test_notes_are_bounded() -> None:
    """More than fit are not noted, until some are no more."""
    clock = Clock()
    refusals = Refusals(clock)
    for number in range(REFUSALS_MAX):
        refusals.note(f"statement {number}", "DiskFullError")
    clock.now_s += OLD_S
    assert refusals.oldest() is not None
    clock.now_s += REPEATED_S + 1
    await _refuse_for(refusals, clock, OLD_S, "another")
    assert refusals.oldest() is not None
