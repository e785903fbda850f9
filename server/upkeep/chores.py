"""Deletes old receipts, and looks for what ends soon, from time to time.

Bounded: once at the start, then every `CHORES_EVERY_S`.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import sql.filing
from runtime.retry import retry_until_available
from sql.database import UNAVAILABLE_ERRORS

if TYPE_CHECKING:
    from server.upkeep.expiry import Expiry
    from sql.database import Pool

CHORES_EVERY_S = 3600.0
RECEIPTS_KEPT = timedelta(days=30)
"""Signatures are refused after five minutes; receipts stay far longer so that late retries get their answer."""


async def run_chores(pool: Pool, expiry: Expiry) -> None:
    """Do all chores from time to time, until cancelled."""
    while True:
        await retry_until_available(expiry.look, UNAVAILABLE_ERRORS, "postgresql")
        await retry_until_available(
            lambda: sql.filing.forget_receipts(pool, RECEIPTS_KEPT), UNAVAILABLE_ERRORS, "postgresql"
        )
        await asyncio.sleep(CHORES_EVERY_S)
