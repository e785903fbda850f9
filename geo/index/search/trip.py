"""What one round trip asks of some shards, and what it finds in the replies.

First the people of each area, in the older generation first, so that a user who moves to the newer one in between is
found twice and never missed; then whether anybody changed lanes; last the shards' marks, which say that the people were
there, too. One Redis answers the last two for all shards at once, a cluster shard by shard. Bounded by the shards: two
generations, one to three commands an area and generation, two more.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from geo.index import keys
from geo.index.calls import moved_since
from geo.index.search.members import commands, members, unique

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from geo.area import Area
    from geo.index.search.members import Command


class TripFound(NamedTuple):
    """By shard: the members of each area, and the mark; and whether somebody changed lanes a moment ago."""

    members: list[list[list[bytes]]]
    marks: list[Any]
    are_movers: bool


class Trip(NamedTuple):
    """Some shards, each with the keys of its people in both generations, and the areas to search there.

    `asks_movers`, `asks_marks`: what else is asked. `is_cluster`: no command may have keys of two shards.
    """

    shards: Sequence[int]
    names: Sequence[Sequence[str]]
    areas: Sequence[Area]
    asks_movers: bool
    asks_marks: bool
    is_cluster: bool

    def commands(self) -> list[Command]:
        """Return the commands of the round trip."""
        asked = [
            command for pair in self.names for area in self.areas for name in pair for command in commands(name, area)
        ]
        if self.asks_movers:
            asked += self._of_all("EXISTS", "EXISTS", [keys.moved(shard) for shard in self.shards])
        if self.asks_marks:
            asked += self._of_all("MGET", "GET", [keys.epoch(shard) for shard in self.shards])
        return asked

    def movers(self, now_ms: int) -> list[Command]:
        """Return the commands that tell who changed lanes a moment ago, shard by shard."""
        return [moved_since(shard, now_ms) for shard in self.shards]

    def read(self, replies: Sequence[Any]) -> TripFound:
        """Return what the replies say."""
        left = iter(replies)
        found = [
            [unique(*[members(area, [next(left) for _ in area.searches]) for _ in pair]) for area in self.areas]
            for pair in self.names
        ]
        moved = [next(left) for _ in self._apart()] if self.asks_movers else []
        if not self.asks_marks:
            return TripFound(found, [], any(moved))
        marks = [next(left) for _ in self._apart()]
        return TripFound(found, marks if self.is_cluster else [*chain.from_iterable(marks)], any(moved))

    def _apart(self) -> Iterator[object]:
        """Yield once for each reply to what is asked of all shards."""
        yield from self.shards if self.is_cluster else self.shards[:1]

    def _of_all(self, together: str, apart: str, names: Sequence[str]) -> list[Command]:
        return [(apart, name) for name in names] if self.is_cluster else [(together, *names)]
