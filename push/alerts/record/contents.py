"""Reads what the record keeps of what an alert says: its texts, and what somebody wants to change of it.

Bounded by what the record took.
"""

from __future__ import annotations

from typing import Final, TypeVar

import msgspec

from push.message.content import Content
from runtime.decoding import DECODE_ERRORS

T = TypeVar("T")

_CONTENT: Final = msgspec.json.Decoder(Content)


class UnreadableAlertError(ValueError):
    """What the record keeps is damaged, or of another version: such an alert is ended, and not changed."""


def read_content(text: str) -> Content:
    """Return what an alert says, from JSON text; raises `UnreadableAlertError`."""
    return decoded(_CONTENT, text)


def decoded(decoder: msgspec.json.Decoder[T], text: str) -> T:
    """Return what was kept as JSON text; raises `UnreadableAlertError`, which quotes nothing of it."""
    try:
        return decoder.decode(text)
    except DECODE_ERRORS:
        raise UnreadableAlertError from None
