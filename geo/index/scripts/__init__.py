"""Scripts that Redis runs as one step, for this room and for all that share limits through Redis.

All keys of a call have the hash tag of one shard. Bounded: `USERS_A_CALL`, because Lua's stack takes 8,000 values.
"""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from redis.exceptions import NoScriptError

from geo.connection import asking
from geo.index.checks.pipelines import ask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.commands.core import AsyncScript

    from geo.connection import Client
    from geo.index.checks.pipelines import Command

USERS_A_CALL: Final = 1000


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
