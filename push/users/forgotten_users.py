"""Users who asked to be forgotten stay forgotten when Redis goes back to an older state.

A failover to a replica that lags, or a restart with an old file, brings back who was removed since. The record keeps
whom, for as long as a position lives, and they are removed again. Bounded: a page of users a step.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

import sql.forgotten

if TYPE_CHECKING:
    from push.stores import EngineStores

MARGIN: Final = timedelta(days=1)

_log = structlog.get_logger("push.users.forgotten_users")


class ForgottenUsers:
    """Removes forgotten users again; `kept`: for how long a position may live."""

    def __init__(self, stores: EngineStores, kept: timedelta) -> None:
        self._pool, self._index = stores.pool, stores.index
        self._kept = kept + MARGIN

    async def replay(self) -> None:
        """Remove again all who were forgotten and have not reported since; one of both stores' errors: try again."""
        removed = 0
        async for page in sql.forgotten.pages(self._pool):
            removed += await self._index.forget_again(page)
        await sql.forgotten.expire(self._pool, self._kept)
        if removed:
            _log.warning("users.forgotten_again", users=removed)
