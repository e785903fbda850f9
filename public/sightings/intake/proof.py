"""Proof of work: a text whose SHA-256 begins with `BITS` zeros, which orders the inbox and refuses nobody.

It names the page, the minute in which it was made and a random part, and counts once. Bounded: `USED_MAX` proofs are
remembered, for `VALID_S` each.
"""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from typing import Final

BITS: Final = 16
"""65,000 hashes on average: about a second on a phone of some years ago."""

VALID_S: Final = 7200.0
"""A report may be begun long before it is sent; the clocks of phones differ by minutes at most."""

USED_MAX: Final = 200_000
TEXT_MAX: Final = 100
_TEXT: Final = re.compile(r"v1:([a-z0-9]{10}):(\d{1,10}):[0-9a-f]{16,32}:\d{1,12}")


class Proofs:
    """The proofs that were used here."""

    def __init__(self) -> None:
        self._used: OrderedDict[str, float] = OrderedDict()

    def take(self, text: str, code: str, now_s: float) -> bool:
        """Tell whether a text proves work for a page, and was not used before; `now_s`: seconds since 1970."""
        if not is_proof(text, code, now_s) or text in self._used:
            return False
        self._used[text] = now_s
        while len(self._used) > USED_MAX or now_s - next(iter(self._used.values())) > 2 * VALID_S:
            self._used.popitem(last=False)
        return True


def is_proof(text: str, code: str, now_s: float) -> bool:
    """Tell whether a text proves work for a page at this time."""
    found = _TEXT.fullmatch(text) if len(text) <= TEXT_MAX else None
    if found is None or found[1] != code or abs(int(found[2]) * 60 - now_s) > VALID_S:
        return False
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> (32 - BITS) == 0
