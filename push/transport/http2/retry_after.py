"""The Retry-After header (RFC 9110, 10.2.3), for every transport."""

from __future__ import annotations

import email.utils
from datetime import UTC
from typing import Final

from runtime.clock import record_now

SECONDS_DIGITS: Final = 9
"""Thirty years; of a longer number this many digits say as much."""


def parse_retry_after_s(value: str | None) -> float | None:
    """Read a Retry-After header (RFC 9110 10.2.3): seconds or a date; None when absent or unreadable."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text[:SECONDS_DIGITS])
    try:
        at = email.utils.parsedate_to_datetime(text)
        # A date without a zone is meant as UTC, which alone is allowed.
        return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - record_now()).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None
