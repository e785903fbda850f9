"""Keeps which mark Redis carries for each shard of the index, and reopens what was searched in shards that lost theirs.

Bounded: one row a shard.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sql.query import query

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta
    from uuid import UUID

    from sql.database import Connection, Pool

_LIST = query("epoch_list")
_ADOPT = query("epoch_adopt")
_EMPTIED = query("epoch_emptied")
_REOPEN_ALERTS = query("epoch_reopen_alerts")
_REOPEN_NOTICES = query("epoch_reopen_notices")


async def epochs(pool: Pool) -> dict[int, bytes]:
    """Return the mark of each shard, as it was seen last."""
    return {row[0]: row[1].encode() for row in await pool.fetch(_LIST)}


async def adopt(connection: Connection, there: Mapping[int, bytes]) -> list[int]:
    """Take over the marks that Redis carries; returns the shards whose mark was another one, to one caller only."""
    marks = [mark.decode() for mark in there.values()]
    return [row[0] for row in await connection.fetch(_ADOPT, [*there], marks)]


async def emptied(pool: Pool, within: timedelta) -> int:
    """Return how many shards lost their people within a time."""
    found: int = await pool.fetchval(_EMPTIED, within)
    return found


async def reopen(connection: Connection, shards: list[int], gap: timedelta) -> set[UUID]:
    """Reopen what was searched in these shards, with the next passes `gap` from now; returns the live alerts."""
    await connection.execute(_REOPEN_NOTICES, shards, gap)
    return {row[0] for row in await connection.fetch(_REOPEN_ALERTS, shards, gap)}
