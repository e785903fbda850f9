"""Parts of a text: a body in pieces of different importance, so that the least important goes first.

Bounded by the case: a dozen parts for each who is missing, and a few for companions, vehicle and guidance.
"""

from __future__ import annotations

import enum
import unicodedata
from typing import TYPE_CHECKING, Final

import msgspec

from push.message.bidi import LRM, begins_with_number, is_right_to_left

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

TITLE_PLACE: Final = "{title}"
"""Where the title stands in what leads it."""

WIDE_STOPS: Final = "。！？；：，"
PUNCTUATION: Final = "Po"


class Importance(enum.IntEnum):
    """How much a part of a body matters, the least first. The numbers are stored: keep them."""

    REST = 10
    """Nicknames, build, hair, languages, accent, make, direction, and looks beyond the two best."""

    PERSON = 20
    """Sex and height."""

    WHERE = 30
    """Where and when somebody was last seen, as the case was filed."""

    NEWEST = 35
    """Where and when somebody was seen since."""

    FEATURES = 40
    """The two best features, of each who is missing; and a body that somebody wrote as a whole."""

    AUTHORED = 42
    """A body that somebody wrote as a whole, beside which others add what it does not say."""

    COMPANION_LOOKS = 45
    COMPANION = 50
    """Who it is; looks come after it."""

    COLOUR = 60
    PLATE = 70
    GUIDANCE = 80
    MARK = 90
    """That it is an exercise or a test."""


ALWAYS: Final = Importance.PLATE
"""What is at least as important is never left out, as the number to call is not."""


class Part(msgspec.Struct, frozen=True, omit_defaults=True):
    """A piece of a body. `least`: the shortest form that still says it; empty: there is no other.

    `elastic`: the values in `text`, in their order, that may be shortened. `joint`: what stands between this part and
    the one before it in the same sentence; empty: the part begins a sentence.
    """

    text: str
    importance: Importance
    least: str = ""
    elastic: tuple[str, ...] = ()
    joint: str = ""

    @property
    def is_essential(self) -> bool:
        """Whether the part is never left out."""
        return self.importance >= ALWAYS


class Piece(msgspec.Struct, frozen=True):
    """A part as it is shown, and the number of its sentence."""

    part: Part
    shown: str
    sentence: int


def pieces(parts: Sequence[Part]) -> list[Piece]:
    """Return the parts as they are shown where there is room for all."""
    found: list[Piece] = []
    sentence = 0
    for part in parts:
        sentence += not part.joint
        found.append(Piece(part, part.text, sentence))
    return found


def composed(shown: Iterable[Piece], stop: str) -> str:
    """Return the body of pieces: sentences that end with `stop`. What others have already said is not repeated."""
    given = list(shown)
    freely = "\n".join(piece.shown for piece in given if not piece.part.is_essential)
    body, sentence = "", 0
    for piece in given:
        if piece.part.is_essential and says(freely, piece.part.least):
            continue
        if body and piece.sentence == sentence:
            body += piece.part.joint + piece.shown
        else:
            body = ended(body, stop)
            body += beside(body, piece.shown)
        sentence = piece.sentence
    return ended(body, stop).strip()


def ended(text: str, stop: str) -> str:
    """Return a text of which the last sentence has its end, so that another may follow."""
    if not text or text[-1].isspace() or text[-1] in WIDE_STOPS:
        return text
    if unicodedata.category(text[-1]) == PUNCTUATION:
        return text + stop[1:]
    return text + stop


def beside(before: str, text: str) -> str:
    """Return a text as it stands behind another: a number at its beginning is not turned by what runs the other way."""
    return f"{LRM}{text}" if begins_with_number(text) and is_right_to_left(before) else text


def says(text: str, value: str) -> bool:
    """Tell whether a text has a value, not as a part of a longer word or number."""
    if not value:
        return False
    before, found, after = text.casefold().partition(value.casefold())
    edges = (before[-1:] + value[:1], value[-1:] + after[:1])
    is_part = any(len(edge) > 1 and edge.isascii() and edge.isalnum() for edge in edges)
    return bool(found) and not is_part


def led(lead: str, title: str) -> str:
    """Return a title with what leads it; ValidationError where the record has a lead that nobody wrote so.

    It is no format string, because one that somebody stored may ask for anything.
    """
    before, place, after = lead.partition(TITLE_PLACE)
    if not place or set("{}") & {*before, *after}:
        raise msgspec.ValidationError(f"a lead with another place than {TITLE_PLACE}")
    return before + title + after
