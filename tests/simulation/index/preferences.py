"""The scripts about what users prefer, on what the double of Redis holds. Bounded by the people of a seed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def set_us(entry: bytes | None) -> int:
    """Return since when an entry stands."""
    digits = (entry or b"").partition(b" ")[0]
    return int(digits) if digits.isdigit() else 0


def put(held: dict[bytes, bytes], forgotten: Mapping[bytes, float], arguments: Sequence[Any]) -> int:
    """Take over what users prefer, as `preferences_put.lua`."""
    refused = 0
    for row in range(0, len(arguments), 3):
        user, at = b"%d" % arguments[row], int(arguments[row + 1])
        content = bytes(arguments[row + 2])
        if forgotten.get(user, 0) * 1000 >= at:
            refused += 1
        elif set_us(held.get(user)) <= at:
            held.pop(user, None)
            held.update({user: b"%d %s" % (at, content)} if content else {})
    return refused


def read(held: Mapping[bytes, bytes], arguments: Sequence[Any]) -> list[bytes]:
    """Return what users prefer, as `preferences_read.lua`."""
    users = [one.encode() for one in msgspec.msgpack.decode(arguments[1])]
    chosen = held if len(held) <= len(users) else {user: held[user] for user in users if user in held}
    return [part for user, entry in chosen.items() for part in (user, entry)]
