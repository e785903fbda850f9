"""Truncation: cuts a text to a provider's limit at a grapheme, never within the phone number.

Bounded by the text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import regex

if TYPE_CHECKING:
    from collections.abc import Callable

    from push.message.content import Text


ELLIPSIS: Final = "…"


class MessageTooLargeError(ValueError):
    """A message of which not even title, phone number and links fit: intake's bounds are to make that impossible."""


def truncate(text: Text, bytes_max: int, size_of: Callable[[str], int]) -> str:
    """Return body and call, the body truncated so that `size_of` them, in the rendered request, is at most `bytes_max`.

    Where there is no room even for the call, the phone number stands alone.
    """
    whole = text.joined()
    if size_of(whole) <= bytes_max:
        return whole
    for call in (text.call, text.phone):
        if call and size_of(ELLIPSIS + call) <= bytes_max:
            return _cut(text.body, call, bytes_max, size_of)
    raise MessageTooLargeError("title, phone and links alone are larger than the provider takes")


def truncate_parts(text: Text, *, title_max: int, body_max: int, size_of: Callable[[str], int]) -> tuple[str, str]:
    """Return the title, and body and call, each truncated to what the provider takes of it."""
    title = text.title if size_of(text.title) <= title_max else _cut(text.title, "", title_max, size_of)
    return title, truncate(text, body_max, size_of)


def _cut(text: str, rest: str, bytes_max: int, size_of: Callable[[str], int]) -> str:
    """Return as many graphemes of `text` as fit with an ellipsis and `rest` behind."""
    graphemes: list[str] = regex.findall(r"\X", text)
    low, high = 0, len(graphemes)
    while low < high:
        middle = (low + high + 1) // 2
        if size_of("".join(graphemes[:middle]) + ELLIPSIS + rest) <= bytes_max:
            low = middle
        else:
            high = middle - 1
    return "".join(graphemes[:low]) + ELLIPSIS + rest
