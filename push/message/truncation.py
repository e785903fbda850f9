"""Truncation: shortens a text to a provider's limit, never within the phone number, plate or guidance.

Values that may be shortened share the room alike; then the least important part goes, and so on. Where the author wrote
a short body, that stands instead. A text without parts is cut at a grapheme. Bounded by the text.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final

import msgspec

from push.message.graphemes import MORE, cut, largest, longest, shortened
from push.message.parts import Importance, Piece, composed, pieces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from push.message.content import Text


ELLIPSIS: Final = MORE
ELASTIC_MIN: Final = 6
"""Graphemes of a value that is shortened, its ellipsis included: a place or a colour is known by so many."""

ELASTIC_EASY: Final = 24
"""Graphemes to which values are shortened before anything is left out: a value reads well with so many."""

TITLE_BYTES: Final = 600
"""Of a title, in UTF-8: it leaves the text its room in a push of 4 KB that has both twice."""

NARROWEST_WIDTH: Final = 100
"""The width of a body on the lane that has the least room, vivo: number, plate and guidance must fit in it."""


class MessageTooLargeError(ValueError):
    """A message of which not even title, phone number and links fit: intake's bounds are to make that impossible."""


def width(text: str) -> int:
    """Return how wide a text is: East Asian characters are two wide, all others one."""
    return sum(2 if unicodedata.east_asian_width(character) in "WFA" else 1 for character in text)


def fits_everywhere(text: Text) -> bool:
    """Tell whether number, plate and guidance of a text fit on the lane that has the least room."""
    try:
        truncate(text, NARROWEST_WIDTH, width)
    except MessageTooLargeError:
        return False
    return True


def truncate(text: Text, bytes_max: int, size_of: Callable[[str], int]) -> str:
    """Return body and call, the body truncated so that `size_of` them, in the rendered request, is at most `bytes_max`.

    Where there is no room even for the call, the phone number stands alone.
    """
    whole = text.joined()
    if size_of(whole) <= bytes_max:
        return whole
    if text.short:
        return _abridged(text, bytes_max, size_of)
    if text.parts:
        return _by_importance(text, bytes_max, size_of)
    calls = [call for call in (text.call, text.phone) if call]
    for call in calls if text.elastic else []:
        shared = _shared(msgspec.structs.replace(text, call=call), bytes_max, size_of)
        if shared is not None:
            return shared
    # Where looks and place have no room at all, those of them that come first take what whom to call leaves them.
    for call in reversed(calls) if text.elastic else calls:
        if size_of(ELLIPSIS + text.beside(call)) <= bytes_max:
            return cut(text.body, text.beside(call), bytes_max, size_of)
    if not calls and size_of(ELLIPSIS) <= bytes_max:
        return cut(text.body, "", bytes_max, size_of)
    raise MessageTooLargeError("title, phone and links alone are larger than the provider takes")


def truncate_title(title: str) -> str:
    """Return a title that fits beside the text in what every provider takes."""
    return truncate_body(title, TITLE_BYTES)


def truncate_body(body: str, bytes_max: int) -> str:
    """Return a text without its call of at most so many bytes in UTF-8."""
    return body if utf8(body) <= bytes_max else cut(body, "", bytes_max, utf8)


def truncate_without_call(text: Text, bytes_max: int) -> str:
    """Return the body without whom to call, of at most so many bytes in UTF-8; plate and guidance stay."""
    return truncate(msgspec.structs.replace(text, call="", phone=""), bytes_max, utf8)


def truncate_parts(text: Text, *, title_max: int, body_max: int, size_of: Callable[[str], int]) -> tuple[str, str]:
    """Return the title, and body and call, each truncated to what the provider takes of it."""
    return shortened_title(text, title_max, size_of), truncate(text, body_max, size_of)


def shortened_title(text: Text, size_max: int, size_of: Callable[[str], int]) -> str:
    """Return the title: its names are shortened first, then it goes without its issuer, then it is cut at its end."""
    if size_of(text.title) <= size_max:
        return text.title
    for title in (text.title, text.title_brief):
        shared = _shared_value(title, text.title_elastic, size_max, size_of)
        if shared is not None:
            return shared
    if text.title_brief and size_of(text.title_brief) <= size_max:
        return text.title_brief
    return cut(text.title_brief or text.title, "", size_max, size_of)


def utf8(text: str) -> int:
    """Return how many bytes a text has."""
    return len(text.encode())


def _abridged(text: Text, bytes_max: int, size_of: Callable[[str], int]) -> str:
    """Return the longest of the author's short bodies that fits whole, or what fits of the shortest one."""
    for short in text.short:
        abridged = text.abridged(short)
        for call in (text.call, text.phone or text.call):
            whole = msgspec.structs.replace(abridged, call=call).joined()
            if size_of(whole) <= bytes_max:
                return whole
    shortest = msgspec.structs.replace(text.abridged(text.short[-1]), call=text.phone or text.call)
    return _by_importance(shortest, bytes_max, size_of)


def _by_importance(text: Text, bytes_max: int, size_of: Callable[[str], int]) -> str:
    """Return the most that fits: values are shortened, then parts left out from the least important up.

    Each step has less text than the one before, so that the first one that fits is found by halves.
    """
    steps = list(_steps(text))
    low, high = 0, len(steps)
    while low < high:
        middle = (low + high) // 2
        kept, call, share_min = steps[middle]
        if size_of(_with(text, kept, call, share_min)) <= bytes_max:
            high = middle
        else:
            low = middle + 1
    if low == len(steps):
        raise MessageTooLargeError("plate, guidance, phone and links alone are larger than the provider takes")
    kept, call, share_min = steps[low]
    longest_value = max(longest(value for one in kept for value in one.part.elastic), share_min)
    share = largest(share_min, longest_value, lambda share: size_of(_with(text, kept, call, share)) <= bytes_max)
    return _with(text, kept, call, share or share_min)


def _steps(text: Text) -> Iterator[tuple[list[Piece], str, int]]:
    """Yield what is tried in turn: the parts that stand, whom to call, and to how much values may be shortened."""
    kept = pieces(text.parts)
    order = sorted(
        (at for at, one in enumerate(kept) if not one.part.is_essential), key=lambda at: (kept[at].part.importance, -at)
    )
    rest = [at for at in order if kept[at].part.importance <= Importance.REST]
    # What somebody wrote as a whole is cut last, anything else is shortened before something is left out.
    authored = [longest([one.shown]) for one in kept if one.part.importance is Importance.AUTHORED]
    easy = max([ELASTIC_EASY, *authored])
    for count in range(len(rest) + 1):
        yield _without(kept, rest[:count]), text.call, easy
    yield _without(kept, rest), text.call, ELASTIC_MIN
    least = [msgspec.structs.replace(one, shown=one.part.least or one.shown) for one in kept]
    for count in range(len(rest), len(order) + 1):
        yield _without(least, order[:count]), text.phone or text.call, ELASTIC_MIN


def _with(text: Text, kept: list[Piece], call: str, share: int) -> str:
    """Return body and call of these parts, each of their values with at most `share` graphemes."""
    given = [msgspec.structs.replace(one, shown=shortened(one.shown, one.part.elastic, share)) for one in kept]
    return msgspec.structs.replace(text, body=composed(given, text.stop), call=call).joined()


def _shared_value(text: str, values: tuple[str, ...], size_max: int, size_of: Callable[[str], int]) -> str | None:
    """Return a title with its names as long as each may be; None: not even the least fits."""
    if not text or not values:
        return None
    high = max(longest(values), ELASTIC_MIN)
    share = largest(ELASTIC_MIN, high, lambda share: size_of(shortened(text, values, share)) <= size_max)
    return None if share is None else shortened(text, values, share)


def _without(kept: list[Piece], left_out: list[int]) -> list[Piece]:
    gone = set(left_out)
    return [one for at, one in enumerate(kept) if at not in gone]


def _shared(text: Text, bytes_max: int, size_of: Callable[[str], int]) -> str | None:
    """Return body and call with each elastic value as long as the others may be; None: not even the least fits."""

    def joined(share: int) -> str:
        return msgspec.structs.replace(text, body=shortened(text.body, text.elastic, share)).joined()

    high = max(longest(text.elastic), ELASTIC_MIN)
    share = largest(ELASTIC_MIN, high, lambda share: size_of(joined(share)) <= bytes_max)
    return None if share is None else joined(share)
