"""Deletes old receipts and sessions that are over, and checks what expires soon.

Bounded: once at the start, then every `CHORES_EVERY_S`.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import sql.filing
import sql.sessions
from handlers.console.signing_in.sessions import IDLE
from runtime.retry import retry_until_available
from sql.database import UNAVAILABLE_ERRORS

if TYPE_CHECKING:
    from server.upkeep.credential_expiry import Expiry
    from sql.database import Pool

CHORES_EVERY_S = 3600.0
RECEIPTS_KEPT = timedelta(days=30)
"""Longer than any retry needs (a signature is refused after five minutes), so that every retry gets its answer."""


async def run_chores(pool: Pool, expiry: Expiry) -> None:
    """Run all chores every `CHORES_EVERY_S`, until cancelled."""
    while True:
        await retry_until_available(expiry.look, UNAVAILABLE_ERRORS, "postgresql")
        await retry_until_available(
            lambda: sql.filing.forget_receipts(pool, RECEIPTS_KEPT), UNAVAILABLE_ERRORS, "postgresql"
        )
        await retry_until_available(lambda: sql.sessions.clean(pool, IDLE), UNAVAILABLE_ERRORS, "postgresql")
        await asyncio.sleep(CHORES_EVERY_S)
