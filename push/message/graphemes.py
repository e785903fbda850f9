"""Graphemes: what a reader takes for one letter. A text is only ever cut between two of them.

Bounded by the text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import regex

from push.message.bidi import closed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MORE: Final = "…"
"""Where a text is cut."""


def graphemes(text: str) -> list[str]:
    """Return the graphemes of a text."""
    return regex.findall(r"\X", text)


def cut(text: str, rest: str, bytes_max: int, size_of: Callable[[str], int]) -> str:
    """Return as many graphemes of `text` as fit with an ellipsis and `rest` behind."""
    signs = graphemes(text)
    low, high = 0, len(signs)
    while low < high:
        middle = (low + high + 1) // 2
        if size_of(closed("".join(signs[:middle])) + MORE + rest) <= bytes_max:
            low = middle
        else:
            high = middle - 1
    return closed("".join(signs[:low])) + MORE + rest


def shortened(text: str, values: Iterable[str], share: int) -> str:
    """Return a text in which each of `values`, which stand in it in their order, has at most `share` graphemes."""
    result, after = "", 0
    for value in values:
        at = text.find(value, after)
        if at >= 0:
            result += text[after:at] + _first(value, share)
            after = at + len(value)
    return result + text[after:]


def longest(values: Iterable[str]) -> int:
    """Return how many graphemes the longest value has."""
    return max((len(graphemes(value)) for value in values), default=0)


def largest(low: int, high: int, fits: Callable[[int], bool]) -> int | None:
    """Return the largest number from `low` to `high` that fits; None: not even `low` does."""
    if not fits(low):
        return None
    while low < high:
        middle = (low + high + 1) // 2
        if fits(middle):
            low = middle
        else:
            high = middle - 1
    return low


def _first(value: str, share: int) -> str:
    signs = graphemes(value)
    return value if len(signs) <= share else closed("".join(signs[: share - 1]) + MORE)
