"""Moments that people and systems send: each with an offset, and in a year that can be meant.

Bounded: `handlers.values.years`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from handlers.http.problems import FieldError
from handlers.values.cleaning import Expected, cleaned_by
from handlers.values.text import clean_line
from handlers.values.years import OUT_OF_YEARS, is_within_years
from runtime.clock import record_now

CLOCKS_DIFFER: Final = timedelta(minutes=5)
"""By so much a sender's clock may be ahead of ours."""


def _moment(text: str) -> str | Expected:
    """Read the text of a moment; what is none is refused later, as what is of another type is."""
    line = clean_line(text)
    try:
        at = msgspec.convert(line, datetime, strict=False)
    except msgspec.ValidationError:
        return line
    return line if is_within_years(at) else Expected(OUT_OF_YEARS)


Moment = Annotated[datetime, Meta(tz=True), cleaned_by(_moment)]


def in_future(at: datetime | None, path: str = "$.last_seen_at") -> list[FieldError]:
    """Return that somebody was seen at a time that is still to come."""
    is_to_come = at is not None and at > record_now() + CLOCKS_DIFFER
    return [FieldError(path, "in the future")] if is_to_come else []
