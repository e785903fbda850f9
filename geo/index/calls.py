"""Build the script calls (keys and arguments) that record, look up, drop and forget users, shard by shard.

Bounded: `scripts.USERS_A_CALL` users a call, and the keys of the configured lanes in two generations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec
import numpy as np

from geo.index import keys
from geo.index.reports import by_shard
from geo.index.scripts import USERS_A_CALL
from geo.index.shards import rows_by_shard, shards_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from geo.index.devices import DeadToken
    from geo.index.keys import Generations
    from geo.index.reports import Positions

    Call: TypeAlias = tuple[str | int | bytes, ...]

MOVED_KEPT_MS: Final = 60_000
"""How long a user who changed lanes may still be in a request of the former lane. It is longer than a request and its
commit take, so that the next sweep finds the user in the ledger."""

MOVERS_MAX: Final = 100_000
"""Of a shard: more did not change lanes within a minute. Of those beyond it one may be notified in both lanes."""

AGAIN_MS: Final = 600_000
"""So long after it was made a report may be sent again, because its answer was lost."""

FORGOTTEN_KEPT_MS: Final = 3_600_000
"""For this long, reports made before a user was forgotten are refused; they seldom take minutes to arrive."""


def moved_since(shard: int, now_ms: int) -> tuple[str, ...]:
    """Return the command that tells who changed lanes within the last `MOVED_KEPT_MS`.

    A moment that is later than now by more than clocks differ is none: nobody may be left out for ever.
    """
    since, until = str(now_ms - MOVED_KEPT_MS), str(now_ms + MOVED_KEPT_MS)
    return ("ZRANGEBYSCORE", keys.moved(shard), since, until, "LIMIT", "0", str(MOVERS_MAX))


def record_calls(
    positions: Positions, lanes: Sequence[str], generations: Generations, moment_ms: int, *, asks_before: bool = False
) -> tuple[list[Call], NDArray[np.int64]]:
    """Return the calls of `scripts/record.lua`, and in which order they have the reports."""
    calls: list[Call] = []
    order, parts = by_shard(positions, generations, moment_ms)
    more = (AGAIN_MS,) if asks_before else ()
    for shard, generation, reports, addresses in parts:
        other = next(one for one in generations.living(moment_ms) if one != generation)
        names = [
            keys.devices(shard, generation),
            keys.devices(shard, other),
            keys.forgotten(shard),
            keys.moved(shard),
            *(keys.positions(shard, lane, one) for one in (generation, other) for lane in lanes),
            keys.non_default_locale(shard),
        ]
        moments = generations.end_ms(generation), moment_ms, MOVED_KEPT_MS, generations.next_ms(moment_ms)
        which = lanes.index(positions.lane) + 1
        texts = msgspec.msgpack.encode(reports), msgspec.msgpack.encode([one.decode() for one in addresses])
        calls.append((len(names), *names, which, *moments, *lanes, *texts, *more))
    return calls, order


def drop_calls(dead: Sequence[DeadToken], lane: str, generations: Generations, moment_ms: int) -> list[Call]:
    """Return the calls of `scripts/drop.lua`."""
    shards = shards_of(np.array([one.user for one in dead], dtype=np.int64)).tolist()
    living = generations.living(moment_ms)
    calls: list[Call] = []
    for shard in sorted(set(shards)):
        names = [
            *(keys.devices(shard, generation) for generation in living),
            *(keys.positions(shard, lane, generation) for generation in living),
        ]
        leaving = [one for one, where in zip(dead, shards, strict=True) if where == shard]
        for start in range(0, len(leaving), USERS_A_CALL):
            rows = [
                part for one in leaving[start : start + USERS_A_CALL] for part in (one.user, one.token, one.since_ms)
            ]
            calls.append((len(names), *names, lane, generations.next_ms(moment_ms), *rows))
    return calls


def reach_calls(
    users: NDArray[np.int64], lane: str, generations: Generations, moment_ms: int
) -> tuple[list[Call], NDArray[np.int64]]:
    """Return the calls of `scripts/reach.lua`, and the order of their replies as positions in `users`."""
    rows = rows_by_shard(users)
    before, present = generations.living(moment_ms)
    calls: list[Call] = []
    for shard, part in rows:
        names = [keys.devices(shard, generation) for generation in (present, before)]
        for start in range(0, len(part), USERS_A_CALL):
            chosen = part[start : start + USERS_A_CALL]
            asked = msgspec.msgpack.encode([*map(str, users[chosen].tolist())])
            calls.append((len(names), *names, lane, asked))
    return calls, np.concatenate([part for _, part in rows]) if rows else np.empty(0, dtype=np.int64)


def forget_calls(users: Sequence[int], lanes: Sequence[str], generations: Generations, moment_ms: int) -> list[Call]:
    """Return the calls of `scripts/forget.lua`."""
    ids = np.array(users, dtype=np.int64)
    shards = shards_of(ids)
    living = generations.living(moment_ms)
    calls: list[Call] = []
    for shard in np.unique(shards).tolist():
        names = [
            *(keys.devices(shard, generation) for generation in living),
            keys.forgotten(shard),
            *(keys.positions(shard, lane, one) for lane in lanes for one in living),
            keys.preferences(shard),
        ]
        leaving = ids[shards == shard].tolist()
        moments = moment_ms, FORGOTTEN_KEPT_MS, generations.next_ms(moment_ms)
        calls += [
            (len(names), *names, *moments, *leaving[start : start + USERS_A_CALL])
            for start in range(0, len(leaving), USERS_A_CALL)
        ]
    return calls


def forget_again_calls(
    forgotten: Sequence[tuple[int, int]], lanes: Sequence[str], generations: Generations, moment_ms: int
) -> list[Call]:
    """Return the calls of `scripts/forget_again.lua` for (user, when they were forgotten, in ms)."""
    shards = shards_of(np.array([user for user, _ in forgotten], dtype=np.int64)).tolist()
    living = generations.living(moment_ms)
    rows: dict[int, list[int]] = {}
    for shard, (user, at_ms) in zip(shards, forgotten, strict=True):
        rows.setdefault(shard, []).extend((user, at_ms))
    calls: list[Call] = []
    for shard, arguments in sorted(rows.items()):
        names = [
            *(keys.devices(shard, generation) for generation in living),
            *(keys.positions(shard, lane, one) for lane in lanes for one in living),
            keys.preferences(shard),
        ]
        moments = generations.next_ms(moment_ms), moment_ms
        calls += [
            (len(names), *names, *moments, *arguments[start : start + 2 * USERS_A_CALL])
            for start in range(0, len(arguments), 2 * USERS_A_CALL)
        ]
    return calls
