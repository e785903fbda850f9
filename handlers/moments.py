"""Moments that people and systems send: each with an offset, and none that is still to come."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Final

from msgspec import Meta

from handlers.http.problems import FieldError
from runtime.clock import record_now

CLOCKS_DIFFER: Final = timedelta(minutes=5)
"""By so much a sender's clock may be ahead of ours."""

Moment = Annotated[datetime, Meta(tz=True)]


def in_future(at: datetime | None, path: str = "$.last_seen_at") -> list[FieldError]:
    """Return that somebody was seen at a time that is still to come."""
    is_to_come = at is not None and at > record_now() + CLOCKS_DIFFER
    return [FieldError(path, "in the future")] if is_to_come else []
