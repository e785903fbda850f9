"""The code of an alert's page: what stands in its address, on posters, and in the database (`page_code` there).

And the names of its photos, which messages have before the page is there.

Made of the alert's id, so that whoever makes a message need not ask for it. 31 letters and digits that nobody takes for
one another; two of a million alerts have the same code with a chance of one in a thousand. Pure.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, NewType

if TYPE_CHECKING:
    from uuid import UUID

PageCode = NewType("PageCode", str)

ALPHABET: Final = "23456789abcdefghjkmnpqrstuvwxyz"
LENGTH: Final = 10
PATTERN: Final = f"[{ALPHABET}]{{{LENGTH}}}"


def code_of(alert_id: UUID) -> PageCode:
    """Return the code of an alert's page."""
    digest = hashlib.sha256(str(alert_id).encode()).digest()
    return PageCode("".join(ALPHABET[byte % len(ALPHABET)] for byte in digest[:LENGTH]))


def photo_name(tag: str, width: int) -> str:
    """Return the name of a photo beside its page: `tag` is other for other bytes, `width` that of its size (px)."""
    return f"photo.{tag}.{width}.jpg"
