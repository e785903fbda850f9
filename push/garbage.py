"""Garbage: what comes back when bytes from outside mean nothing, for everybody who reads them.

Nothing flows here; bounded by what it names.
"""

from __future__ import annotations

from typing import Final

GARBAGE: Final = (ValueError, RecursionError)
"""What decoding raises: msgspec's errors, bytes that are no UTF-8, numbers without end, and what is nested too deep."""

UNSURE_STATUS: Final = frozenset({502, 504})
"""Statuses said by something before the provider, which may have had the request."""
