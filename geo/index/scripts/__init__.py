"""Scripts that Redis runs as one step, for this room and for all that share limits through Redis.

All keys of a call have the hash tag of one shard. Bounded: `USERS_A_CALL`, because Lua's stack takes 8,000 values;
`GENERATION_TRIES`.
"""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from redis.exceptions import NoScriptError

from geo.connection import asking
from geo.index.checks.pipelines import ask

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from redis.commands.core import AsyncScript

    from geo.connection import Client
    from geo.index.checks.pipelines import Command

USERS_A_CALL: Final = 1000

GENERATION_TRIES: Final = 3
"""How often a call is made when a generation begins meanwhile: once more for the beginning, and once for nodes of a
cluster whose clocks differ."""


def register(client: Client, name: str, package: str = "geo.index") -> AsyncScript:
    """Return `NAME.lua` of a package as a call that loads itself into Redis; FileNotFoundError when there is none."""
    text = resources.files(package).joinpath("scripts", f"{name}.lua").read_text(encoding="utf-8")
    return client.register_script(text)


async def run(
    client: Client, chosen: AsyncScript, calls: Sequence[Command], others: Sequence[Command] = ()
) -> list[Any]:
    """Run one script many times in one pipeline, then `others`; a Redis that does not know it (restarted) learns it.

    redis-py's own call of a script does not fit: in a pipeline of one Redis it asks SCRIPT EXISTS before each run,
    and a cluster's pipeline does not take it.
    """
    for known in (True, False):
        try:
            return await ask(client, [*(("EVALSHA", chosen.sha, *call) for call in calls), *others])
        except NoScriptError:
            if not known:
                raise
            async with asking(client):
                await client.script_load(chosen.script)
    raise AssertionError("the loop returns or raises")


async def run_in_generation(
    client: Client, chosen: AsyncScript, calls: Callable[[int], Sequence[Command]], moment_ms: int
) -> list[list[Any]]:
    """Run calls for a moment, and all again where Redis is in a later generation; returns the replies of each try.

    Another process may have put users into the later one, where a call that does not know of it would not look. Such a
    call changes nothing and answers the moment (ms) as bytes; a repeat of the others is harmless. TimeoutError when
    generations begin faster than calls are made.
    """
    tries: list[list[Any]] = []
    for _ in range(GENERATION_TRIES):
        tries.append(await run(client, chosen, calls(moment_ms)))
        later_ms = [int(reply) for reply in tries[-1] if isinstance(reply, bytes)]
        if not later_ms:
            return tries
        # By the clock of Redis, because that of this machine may be slow.
        moment_ms = max(later_ms)
    raise TimeoutError("generations of positions begin faster than calls are made")
