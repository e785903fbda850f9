"""Users in paths and reports: positive integers below 2^63."""

from __future__ import annotations

from typing import Final

USER_MAX: Final = (1 << 63) - 1
USER_DIGITS: Final = 19
BAD_USER: Final = "a user is a positive integer below 2^63"


def read_user(text: str) -> int | None:
    """Read a user from a path; None when it is no positive integer below 2^63."""
    if not text.isdecimal() or not text.isascii() or len(text) > USER_DIGITS or not 1 <= int(text) <= USER_MAX:
        return None
    return int(text)
