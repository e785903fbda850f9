"""Truncation: cuts a text to a provider's limit at a grapheme, never within the phone number.

Where a text has values that may be shortened, they share the room: place and looks each keep `ELASTIC_MIN` graphemes.
Bounded by the text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
import regex

from push.message.bidi import closed

if TYPE_CHECKING:
    from collections.abc import Callable

    from push.message.content import Text


ELLIPSIS: Final = "…"
ELASTIC_MIN: Final = 6
"""Graphemes of a value that is shortened, its ellipsis included: a place or a colour is known by so many."""


TITLE_BYTES: Final = 600
"""Of a title, in UTF-8: it leaves the text its room in a push of 4 KB that has both twice."""


class MessageTooLargeError(ValueError):
    """A message of which not even title, phone number and links fit: intake's bounds are to make that impossible."""


def truncate(text: Text, bytes_max: int, size_of: Callable[[str], int]) -> str:
    """Return body and call, the body truncated so that `size_of` them, in the rendered request, is at most `bytes_max`.

    Where there is no room even for the call, the phone number stands alone.
    """
    whole = text.joined()
    if size_of(whole) <= bytes_max:
        return whole
    calls = [call for call in (text.call, text.phone) if call]
    for call in calls if text.elastic else []:
        shared = _shared(msgspec.structs.replace(text, call=call), bytes_max, size_of)
        if shared is not None:
            return shared
    # Where looks and place have no room at all, those of them that come first take what whom to call leaves them.
    for call in reversed(calls) if text.elastic else calls:
        if size_of(ELLIPSIS + text.beside(call)) <= bytes_max:
            return _cut(text.body, text.beside(call), bytes_max, size_of)
    if not calls and size_of(ELLIPSIS) <= bytes_max:
        return _cut(text.body, "", bytes_max, size_of)
    raise MessageTooLargeError("title, phone and links alone are larger than the provider takes")


def truncate_title(title: str) -> str:
    """Return a title that fits beside the text in what every provider takes."""
    return truncate_body(title, TITLE_BYTES)


def truncate_body(body: str, bytes_max: int) -> str:
    """Return a text without its call of at most so many bytes in UTF-8."""
    return body if _utf8(body) <= bytes_max else _cut(body, "", bytes_max, _utf8)


def truncate_parts(text: Text, *, title_max: int, body_max: int, size_of: Callable[[str], int]) -> tuple[str, str]:
    """Return the title, and body and call, each truncated to what the provider takes of it."""
    title = text.title if size_of(text.title) <= title_max else _cut(text.title, "", title_max, size_of)
    return title, truncate(text, body_max, size_of)


def _shared(text: Text, bytes_max: int, size_of: Callable[[str], int]) -> str | None:
    """Return body and call with each elastic value as long as the others may be; None: not even the least fits."""
    values = [(value, _graphemes(value)) for value in text.elastic]

    def shortened(share: int) -> str:
        body, after = "", 0
        for value, graphemes in values:
            at = text.body.find(value, after)
            if at >= 0:
                body += text.body[after:at] + _shortened(value, graphemes, share)
                after = at + len(value)
        return msgspec.structs.replace(text, body=body + text.body[after:]).joined()

    low, high = ELASTIC_MIN - 1, max(len(graphemes) for _, graphemes in values)
    while low < high:
        share = (low + high + 1) // 2
        if size_of(shortened(share)) <= bytes_max:
            low = share
        else:
            high = share - 1
    return None if low < ELASTIC_MIN else shortened(low)


def _shortened(value: str, graphemes: list[str], share: int) -> str:
    return value if len(graphemes) <= share else closed("".join(graphemes[: share - 1]) + ELLIPSIS)


def _cut(text: str, rest: str, bytes_max: int, size_of: Callable[[str], int]) -> str:
    """Return as many graphemes of `text` as fit with an ellipsis and `rest` behind."""
    graphemes = _graphemes(text)
    low, high = 0, len(graphemes)
    while low < high:
        middle = (low + high + 1) // 2
        if size_of(closed("".join(graphemes[:middle])) + ELLIPSIS + rest) <= bytes_max:
            low = middle
        else:
            high = middle - 1
    return closed("".join(graphemes[:low])) + ELLIPSIS + rest


def _utf8(text: str) -> int:
    return len(text.encode())


def _graphemes(text: str) -> list[str]:
    return regex.findall(r"\X", text)
