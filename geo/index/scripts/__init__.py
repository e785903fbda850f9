"""Scripts that Redis runs as one step, for this room and for all that share limits through Redis.

All keys of a call have the hash tag of one shard. Bounded: `USERS_A_CALL`, because Lua's stack takes 8,000 values.
"""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from redis.commands.core import AsyncScript

    from geo.connection import Client

USERS_A_CALL: Final = 1000


def register(client: Client, name: str, package: str = "geo.index") -> AsyncScript:
    """Return `NAME.lua` of a package as a call that loads itself into Redis; FileNotFoundError when there is none."""
    text = resources.files(package).joinpath("scripts", f"{name}.lua").read_text(encoding="utf-8")
    return client.register_script(text)
