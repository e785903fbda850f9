"""Keeps what users prefer: in the record, and in Redis, where it is read right before a message is sent.

The record comes first, so that Redis never says what the record does not have; whoever set it is answered once both
have it. A Redis that lost its data gets it back before its shards are sent to; one that has an older state gets what
changed since. Bounded: `sql.preferences.PAGE` users a step, `TRIES` to set.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import numpy as np
import structlog
from redis.exceptions import RedisError

import sql.preferences
from geo.index.preferences.mirror import Entry
from geo.index.shards import SHARDS, shards_of
from push.message.preferences import DEFAULTS, Preferences, read_preferences, written

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from geo.index.preferences.mirror import PreferenceMirror
    from sql.database import Pool
    from sql.preferences import Preferred

RECENT: Final = timedelta(days=2)
"""How far back an older state of Redis is that nobody saw coming: a night's backup, and a day."""

TRIES: Final = 50
APART_S: Final = 0.05
"""A user who was forgotten a moment ago by a clock that is ahead of the record's is no longer soon."""

_log = structlog.get_logger("push.users.kept_preferences")


class ForgottenMeanwhileError(RedisError):
    """A user was forgotten while their preferences were set, or by a clock that is far ahead."""


class KeptPreferences:
    """The users' preferences; what is asked of it may raise the errors of both stores: try again."""

    def __init__(self, pool: Pool, mirror: PreferenceMirror) -> None:
        self._pool = pool
        self._mirror = mirror

    async def put(self, preferred: Mapping[int, Preferences]) -> None:
        """Set what users prefer; from then on every batch of every process honours it."""
        users = [*preferred]
        shards = shards_of(np.array(users, dtype=np.int64)).tolist()
        contents = [written(one) for one in preferred.values()]
        for _ in range(TRIES):
            if not await self._copy(await sql.preferences.put(self._pool, users, shards, contents)):
                return
            await asyncio.sleep(APART_S)
        raise ForgottenMeanwhileError("a user was forgotten meanwhile")

    async def read(self, user: int) -> Preferences:
        """Return what a user prefers, the defaults for one who never said so."""
        content = await sql.preferences.read(self._pool, user)
        return DEFAULTS if content is None else read_preferences(content.encode()) or DEFAULTS

    async def restore(self, shards: Sequence[int] = range(SHARDS)) -> None:
        """Give Redis what the users of these shards prefer."""
        users = 0
        async for page in sql.preferences.of_shards(self._pool, shards):
            await self._copy(page)
            users += len(page)
        if users:
            _log.warning("preferences.restored", users=users, shards=len(shards))

    async def replay(self) -> None:
        """Give Redis what changed lately."""
        async for page in sql.preferences.recent(self._pool, RECENT):
            await self._copy(page)

    async def tidy(self, after: timedelta) -> None:
        """Remove the rows of users who went back to the defaults longer ago than `after`."""
        while page := await sql.preferences.past(self._pool, after):
            await self._mirror.put([Entry(one.user, one.at_us, b"") for one in page])
            await sql.preferences.remove(self._pool, [one.user for one in page], after)

    async def _copy(self, page: Sequence[Preferred]) -> int:
        return await self._mirror.put([Entry(one.user, one.at_us, one.content.encode()) for one in page])
