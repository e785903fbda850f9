"""What phones show of a message: its text as a provider gets it.

A gateway renders once, for sending and for being looked at, so that the two cannot differ. Bounded by the message.
"""

from __future__ import annotations

from typing import Generic, Literal, NamedTuple, TypeVar

import msgspec

C = TypeVar("C")


class Rendering(msgspec.Struct, frozen=True, tag="rendering"):
    """A message as one lane shows it: title and body are truncated to what its provider takes.

    `size` of `size_max`: how much of the provider's limit is used up, of the whole rendered message where it counts
    bytes, of the body where it counts characters. `silent`: as far as the provider lets us say so, it makes no sound.
    """

    title: str
    body: str
    size: int
    size_max: int
    unit: Literal["bytes", "characters"]
    silent: bool


class TooLarge(msgspec.Struct, frozen=True, tag="too_large"):
    """A message that a provider cannot take, and why: its lane would notify nobody."""

    reason: str


class RenderedMessage(NamedTuple, Generic[C]):
    """What goes to the provider, without recipients, and what phones show of it."""

    content: C
    rendering: Rendering
