"""Send commands in one round trip, and repair keys that have another type than ours.

A key of the index that has another type would refuse every search and report of its shard for ever. It is removed, and
with it the mark of its shard, so that the shard counts as one that lost its people. Bounded: `ATTEMPTS` round trips,
each within `geo.connection.COMMAND_TIMEOUT_S`; what is removed are keys that the commands name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from redis.exceptions import ResponseError

from geo.connection import WRONG_TYPE, asking
from geo.index import keys
from geo.index.checks.unreadable import UnreadableKind, unreadable_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geo.connection import Client

    Command = Sequence[str | int | bytes]

ATTEMPTS: Final = 3
"""Once to find a key of another type, once more for somebody who writes it again meanwhile; then the caller waits."""


async def ask(client: Client, commands: Sequence[Command]) -> list[Any]:
    """Return the replies to these commands; one of `geo.connection.UNAVAILABLE_ERRORS` when Redis refuses one."""
    if not commands:
        return []
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return await _sent(client, commands)
        except ResponseError as error:
            if not is_wrong_type(error) or attempt == ATTEMPTS:
                raise
            await _repair(client, commands)
    raise AssertionError("the loop returns or raises")


def is_wrong_type(error: BaseException) -> bool:
    """Tell whether a key has another type than the command takes; a script names that in the midst of its error."""
    return WRONG_TYPE in str(error)


async def _sent(client: Client, commands: Sequence[Command]) -> list[Any]:
    pipe = client.pipeline(transaction=False)
    for command in commands:
        pipe.execute_command(*command)
    async with asking(client):
        replies: list[Any] = await pipe.execute()
    return replies


async def _repair(client: Client, commands: Sequence[Command]) -> None:
    """Remove the keys of these commands that have another type."""
    named = {part for command in commands for part in command if isinstance(part, str)}
    wanted = {name: kind for name in sorted(named) if (kind := keys.type_of(name)) is not None}
    types = await _sent(client, [("TYPE", name) for name in wanted])
    wrong = [name for (name, kind), there in zip(wanted.items(), types, strict=True) if there not in {kind, b"none"}]
    if not wrong:
        return
    unreadable_of(client).report(UnreadableKind.TYPE, len(wrong))
    lost = {shard for name in wrong if (shard := keys.shard_of_people(name)) is not None}
    await _sent(client, [("UNLINK", name) for name in (*wrong, *(keys.epoch(shard) for shard in sorted(lost)))])
