"""Load the Lua scripts, each of which Redis runs as one step.

All keys of a call have the hash tag of one shard. Bounded: `USERS_A_CALL`, because Lua's stack takes 8,000 values.
"""

from __future__ import annotations

import hashlib
from importlib import resources
from typing import Final

import msgspec

USERS_A_CALL: Final = 1000


class Script(msgspec.Struct, frozen=True):
    """A script, and the digest by which EVALSHA finds it."""

    text: str
    digest: str


def script(name: str, package: str = "geo.index") -> Script:
    """Return `NAME.lua` of a package; FileNotFoundError when there is none."""
    text = resources.files(package).joinpath("scripts", f"{name}.lua").read_text(encoding="utf-8")
    return Script(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())
