"""Leaves rows out of a table that has more than one can read. Pure; bounded by its limit."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")


def every_nth(rows: Sequence[T], limit: int) -> list[T]:
    """Return at most `limit` rows, each as far from the one before as any other, the last one among them."""
    step = -(-len(rows) // limit) or 1
    return [*rows[::-1][::step][::-1]]
