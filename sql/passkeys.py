"""Stores passkeys of persons, and the challenges that they are asked to sign.

Bounded: `PER_PERSON_MAX` passkeys and `CHALLENGES_MAX` open challenges of a person.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from sql.query import query

if TYPE_CHECKING:
    from datetime import timedelta
    from uuid import UUID

    from sql.database import Connection, Pool

PER_PERSON_MAX: Final = 10
CHALLENGES_MAX: Final = 20
"""A few pages that are open side by side."""

_ADD = query("passkey_add")
_LIST = query("passkey_list")
_CREDENTIALS = query("passkey_credentials")
_FIND = query("passkey_find")
_USED = query("passkey_used")
_REMOVE = query("passkey_remove")
_CHALLENGE_ADD = query("passkey_challenge_add")
_CHALLENGE_USE = query("passkey_challenge_use")


class PasskeyRow(msgspec.Struct, frozen=True):
    """A passkey as listed: whose, what it is called, for the console of which name, and when it was used last."""

    id: int
    person: int
    name: str
    label: str
    rp_id: str
    created_at: datetime
    used_at: datetime | None


class FoundPasskey(msgspec.Struct, frozen=True):
    """What a signature is verified with."""

    id: int
    public_key: bytes
    signs: int


class Purpose(NamedTuple):
    """What a challenge is for: an action, on which alert, and what of it counts (a revision, a number of people)."""

    person: int
    action: str
    alert: UUID | None = None
    detail: str = ""


async def add(
    connection: Connection, person: int, credential: bytes, key: bytes, *, rp_id: str, signs: int, label: str
) -> int | None:
    """Add a passkey; returns its id, None where it is known already, or the person has as many as one may have."""
    values = (person, credential, key, rp_id, signs, label, PER_PERSON_MAX)
    added: int | None = await connection.fetchval(_ADD, *values)
    return added


async def listed(pool: Pool | Connection, person: int | None = None) -> list[PasskeyRow]:
    """Return the passkeys of a person, or of all."""
    return [PasskeyRow(*row) for row in await pool.fetch(_LIST, person)]


async def credentials(pool: Pool | Connection, person: int, rp_id: str) -> list[bytes]:
    """Return by what the passkeys of a person are known, which were made for a name of the console."""
    return [row[0] for row in await pool.fetch(_CREDENTIALS, person, rp_id)]


async def find(connection: Connection, person: int, credential: bytes, rp_id: str) -> FoundPasskey | None:
    """Return a passkey of a person, None where the person has no such one."""
    row = await connection.fetchrow(_FIND, person, credential, rp_id)
    return None if row is None else FoundPasskey(*row)


async def note_use(connection: Connection, passkey_id: int, signs: int) -> None:
    """Note that a passkey has signed, and how often by its own count."""
    await connection.execute(_USED, passkey_id, signs)


async def remove(connection: Connection, passkey_id: int) -> int | None:
    """Remove a passkey; returns whose it was, None where there is no such one."""
    person: int | None = await connection.fetchval(_REMOVE, passkey_id)
    return person


async def add_challenge(pool: Pool, challenge: bytes, purpose: Purpose, lasts: timedelta) -> None:
    """Add a challenge for one purpose."""
    await pool.execute(_CHALLENGE_ADD, challenge, *purpose, lasts, CHALLENGES_MAX - 1)


async def use_challenge(connection: Connection, challenge: bytes, purpose: Purpose) -> bool:
    """Use a challenge up, whatever comes of it; False where it was not for this purpose, or is over."""
    return await connection.fetchval(_CHALLENGE_USE, challenge, *purpose) is not None
