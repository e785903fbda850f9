"""What decoding bytes from outside raises, for everybody who reads them."""

from __future__ import annotations

from typing import Final

DECODE_ERRORS: Final = (ValueError, RecursionError)
"""msgspec's errors, bytes that are no UTF-8, numbers without end, and what is nested too deep."""
