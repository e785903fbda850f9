"""Receipts: codes that say nothing but that a report was received, and that nobody can make who took none in.

Eight characters that follow from the report's id, and five of an authentication code; the key is shared by those who
take reports in, as an object of the inbox. Pure. Bounded: a guess is right once in 28 million.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Final

from runtime.page_codes import ALPHABET

if TYPE_CHECKING:
    from uuid import UUID

KEY_PATH: Final = "inbox/receipt-key"
KEY_BYTES: Final = 32
RANDOM: Final = 8
CHECK: Final = 5
PATTERN: Final = f"[{ALPHABET}]{{{RANDOM + CHECK}}}"


def receipt_of(key: bytes, report: UUID) -> str:
    """Return the receipt of a report."""
    digest = hmac.new(key, report.bytes, hashlib.sha256).digest()
    chosen = "".join(ALPHABET[byte % len(ALPHABET)] for byte in digest[:RANDOM])
    return chosen + _check(key, chosen)


def is_receipt(key: bytes, receipt: str) -> bool:
    """Tell whether a receipt was given out."""
    return hmac.compare_digest(_check(key, receipt[:RANDOM]), receipt[RANDOM:])


def _check(key: bytes, chosen: str) -> str:
    code = hmac.new(key, chosen.encode(), hashlib.sha256).digest()
    return "".join(ALPHABET[byte % len(ALPHABET)] for byte in code[:CHECK])
