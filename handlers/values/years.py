"""Years in which anything can lie that somebody sends a moment of. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

YEAR_MIN: Final = 1900
"""The oldest photo of anybody who is missing is younger."""

YEAR_MAX: Final = 2200
"""Far beyond every expiry, and far before the end of the calendar, beyond which sums and other time zones lead."""

OUT_OF_YEARS: Final = f"not within the years {YEAR_MIN} to {YEAR_MAX}"


def is_within_years(at: datetime) -> bool:
    """Tell whether a moment can be meant; looks at its own calendar, because another one may have no such day."""
    return YEAR_MIN <= at.year <= YEAR_MAX
