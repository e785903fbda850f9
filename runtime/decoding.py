"""What decoding bytes from outside raises, for everybody who reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    import msgspec

T = TypeVar("T")

DECODE_ERRORS: Final = (ValueError, RecursionError)
"""msgspec's errors, bytes that are no UTF-8, numbers without end, and what is nested too deep."""


def read_or_none(decoder: msgspec.json.Decoder[T], content: bytes | str | None) -> T | None:
    """Return what was kept as JSON; None where nothing was, or nobody here can read it."""
    if content is None:
        return None
    try:
        return decoder.decode(content)
    except DECODE_ERRORS:
        return None
