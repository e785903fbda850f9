"""The queries about what users prefer. Bounded by the tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tests.simulation.record.queries import answers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime, timedelta

    from tests.simulation.record.tables import Moment, Tables

MICROSECONDS: Final = 1_000_000


def _us(at: datetime) -> int:
    return round(at.timestamp() * MICROSECONDS)


@answers("preference_set", "user_id at_us content")
def preference_set(
    tables: Tables, moment: Moment, users: Sequence[int], shards: Sequence[int], contents: Sequence[str]
) -> Iterator[tuple[Any, ...]]:
    """Note what users prefer from now on."""
    for user, shard, content in zip(users, shards, contents, strict=True):
        tables.put(tables.preferences, user, (shard, content, moment.now))
        yield user, _us(moment.now), content


@answers("preference_read", "content")
def preference_read(tables: Tables, _: Moment, user: int) -> Iterator[tuple[Any, ...]]:
    """Return what a user prefers."""
    if user in tables.preferences:
        yield (tables.preferences[user][1],)


@answers("preference_of_shards", "shard user_id at_us content")
def preference_of_shards(
    tables: Tables, _: Moment, shards: Sequence[int], shard: int, user: int, limit: int
) -> Iterator[tuple[Any, ...]]:
    """Return a page of what the users of some shards prefer."""
    found = sorted((where, one, content, at) for one, (where, content, at) in tables.preferences.items())
    chosen = [row for row in found if row[0] in set(shards) and row[:2] > (shard, user)]
    for where, one, content, at in chosen[:limit]:
        yield where, one, _us(at), content


@answers("preference_recent", "changed_at user_id at_us content")
def preference_recent(
    tables: Tables, moment: Moment, within: timedelta, at: datetime, user: int, limit: int
) -> Iterator[tuple[Any, ...]]:
    """Return a page of what changed lately."""
    found = sorted((since, one, content) for one, (_, content, since) in tables.preferences.items())
    chosen = [row for row in found if row[0] > moment.now - within and row[:2] > (at, user)]
    for since, one, content in chosen[:limit]:
        yield since, one, _us(since), content


def _past(tables: Tables, moment: Moment, after: timedelta) -> list[int]:
    old = [(at, user) for user, (_, content, at) in tables.preferences.items() if content == "{}"]
    return [user for at, user in sorted(old) if at < moment.now - after]


@answers("preference_past", "user_id at_us")
def preference_past(tables: Tables, moment: Moment, after: timedelta, limit: int) -> Iterator[tuple[Any, ...]]:
    """Return who went back to the defaults long ago."""
    for user in _past(tables, moment, after)[:limit]:
        yield user, _us(tables.preferences[user][2])


@answers("preference_remove")
def preference_remove(tables: Tables, moment: Moment, users: Sequence[int], after: timedelta) -> None:
    """Remove those rows."""
    for user in {*users}.intersection(_past(tables, moment, after)):
        tables.remove(tables.preferences, user)
