"""Stores authorities with their encrypted webhook secrets, and bearer tokens by their digests.

Bounded: secrets of an authority by its caller, newest first; at most `ENDING_MAX` rows of what ends soon; a
token's last use is written at most once in `USE_WRITTEN_EVERY`.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from sql.database import UNAVAILABLE_ERRORS
from sql.query import query

if TYPE_CHECKING:
    from sql.database import Connection, Pool

_AUTHORITY_ADD = query("authority_add")
_AUTHORITY_LIST = query("authority_list")
_AUTHORITY_REVOKE = query("authority_revoke")
_AUTHORITY_LIMIT = query("authority_limit")
_TERMS = query("authority_terms")
_TIME_ZONE = query("authority_time_zone")
_ASKS = query("authority_asks")
_CARD = query("authority_card")
_SECRET_ADD = query("authority_secret_add")
_SECRET_EXPIRE = query("authority_secret_expire")
_SECRETS = query("authority_secrets")
_LIST_TERMS = query("authority_list_terms")
_SECRETS_STANDING = query("secrets_standing")
_TOKEN_ADD = query("token_add")
_TOKEN_LIST = query("token_list")
_TOKEN_REVOKE = query("token_revoke")
_TOKEN_FIND = query("token_find")
_TOKEN_USED = query("token_used")
_TOKEN_BY_ID = query("token_by_id")
_TOKEN_STANDING = query("token_standing")
_ENDING = query("ending")
_TOKEN_IS_VALID = query("token_is_valid")
_IS_VALID = query("authority_is_valid")
_CHANGED = query("access_changed")

CHANNEL: Final = "qq_alert_access"
"""Every process hears here that something opens nothing any longer (PostgreSQL's NOTIFY)."""

USE_WRITTEN_EVERY: Final = timedelta(minutes=1)
ENDING_MAX: Final = 1000
STANDING_MAX: Final = 10_000
"""More than there are counties in China, with two secrets each."""


class AuthorityRow(msgspec.Struct, frozen=True):
    """An authority as listed; `secrets` counts those that still verify."""

    id: str
    name: str
    created_at: datetime
    revoked_at: datetime | None
    limited: bool
    review: str
    time_zone: str | None
    secrets: int


class AuthorityTerms(msgspec.Struct, frozen=True):
    """What an authority's alerts are bound by: its polygon (WKB) and its time zone, None where it has none.

    `asks`: which items of the checklist it is asked for.
    """

    jurisdiction: bytes | None = None
    time_zone: str | None = None
    asks: list[str] = []


class BoundAuthority(msgspec.Struct, frozen=True):
    """What an authority's alerts are bound by, but for the polygon; `version`: another one after every change."""

    id: str
    version: str
    limited: bool
    time_zone: str | None
    asks: list[str]


class TokenRow(msgspec.Struct, frozen=True):
    """A bearer token as listed: never the token, which is stored as a digest only."""

    id: int
    name: str
    role: str
    authority: str | None
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None
    person: int | None


class UsedToken(msgspec.Struct, frozen=True):
    """A valid token; `left` is the time until it expires; `person` is None for one of a server without persons."""

    id: int
    role: str
    name: str
    authority: str | None
    person: int | None
    left: timedelta


async def add_authority(connection: Connection, authority: str, name: str) -> bool:
    """Add an authority; False when the id is taken."""
    return await connection.fetchval(_AUTHORITY_ADD, authority, name) is not None


async def list_authorities(pool: Pool | Connection) -> list[AuthorityRow]:
    """Return all authorities by id."""
    return [AuthorityRow(*row) for row in await pool.fetch(_AUTHORITY_LIST)]


async def revoke_authority(pool: Pool | Connection, authority: str) -> bool:
    """Revoke an authority; False when it is unknown or revoked already."""
    return await pool.fetchval(_AUTHORITY_REVOKE, authority) is not None


async def limit_authority(pool: Pool | Connection, authority: str, jurisdiction: bytes | None) -> bool:
    """Limit an authority to a polygon (WKB), or lift the limit; False when the authority is unknown."""
    return await pool.fetchval(_AUTHORITY_LIMIT, authority, jurisdiction) is not None


async def set_time_zone(connection: Connection, authority: str, time_zone: str | None) -> bool:
    """Set an authority's time zone, None: the configured one; False when the authority is unknown."""
    return await connection.fetchval(_TIME_ZONE, authority, time_zone) is not None


async def set_card(connection: Connection, authority: str, shows_child: bool | None) -> bool:  # noqa: FBT001 - what is set
    """Say whether share cards show who is missing, None: as configured; False when the authority is unknown."""
    return await connection.fetchval(_CARD, authority, shows_child) is not None


async def set_asks(connection: Connection, authority: str, asks: list[str]) -> bool:
    """Set which items of the checklist an authority is asked for; False when the authority is unknown."""
    return await connection.fetchval(_ASKS, authority, asks) is not None


async def terms_of(pool: Pool, authority: str) -> AuthorityTerms:
    """Return what an authority's alerts are bound by; nothing for an unknown one."""
    row = await pool.fetchrow(_TERMS, authority)
    return AuthorityTerms() if row is None else AuthorityTerms(*row)


async def bound_authorities(pool: Pool) -> list[BoundAuthority]:
    """Return what the alerts of the authorities that stand are bound by, `STANDING_MAX` at most."""
    return [BoundAuthority(*row) for row in await pool.fetch(_LIST_TERMS, STANDING_MAX)]


async def add_secret(connection: Connection, authority: str, ciphertext: bytes) -> None:
    """Add one encrypted webhook secret."""
    await connection.execute(_SECRET_ADD, authority, ciphertext)


async def expire_secrets(connection: Connection, authority: str, overlap: timedelta) -> None:
    """Let the secrets without an expiry expire `overlap` from now."""
    await connection.execute(_SECRET_EXPIRE, authority, overlap)


async def secrets_of(pool: Pool | Connection, authority: str, secrets_max: int) -> list[bytes]:
    """Return the ciphertexts of the valid secrets, newest first; empty for an unknown or revoked authority."""
    return [row[0] for row in await pool.fetch(_SECRETS, authority, secrets_max)]


async def standing_secrets(pool: Pool) -> list[tuple[str, bytes]]:
    """Return (authority, ciphertext) of every secret that verifies webhooks today, `STANDING_MAX` at most."""
    return [(row[0], row[1]) for row in await pool.fetch(_SECRETS_STANDING, STANDING_MAX)]


async def add_token(
    connection: Connection,
    name: str,
    role: str,
    digest: bytes,
    *,
    lasts: timedelta,
    authority: str | None,
    person: int,
) -> int | None:
    """Add a bearer token of a person by its digest; returns its id, None when `authority` is unknown or revoked."""
    token_id: int | None = await connection.fetchval(_TOKEN_ADD, name, role, digest, lasts, authority, person)
    return token_id


async def list_tokens(pool: Pool) -> list[TokenRow]:
    """Return all tokens by id."""
    return [TokenRow(*row) for row in await pool.fetch(_TOKEN_LIST)]


async def revoke_token(pool: Pool | Connection, token_id: int) -> bool:
    """Revoke a token; False when it is unknown or revoked already."""
    return await pool.fetchval(_TOKEN_REVOKE, token_id) is not None


async def use_token(pool: Pool, digest: bytes) -> UsedToken | None:
    """Return the token with this digest; None when it, or its authority, is no longer valid.

    Its use is noted where the record takes that: who reads is let in where it does not.
    """
    row = await pool.fetchrow(_TOKEN_FIND, digest, USE_WRITTEN_EVERY)
    if row is None:
        return None
    *found, is_due = row
    if is_due:
        with suppress(*UNAVAILABLE_ERRORS):
            await pool.execute(_TOKEN_USED, found[0], USE_WRITTEN_EVERY)
    return UsedToken(*found)


async def is_valid_token(connection: Connection, token_id: int) -> bool:
    """Tell whether a token is valid, by its id."""
    found: bool = await connection.fetchval(_TOKEN_IS_VALID, token_id)
    return found


async def is_valid_authority(connection: Connection, authority: str, certificate: str | None) -> bool:
    """Tell whether an authority stands, and the certificate that it signed with is pinned, if it was one."""
    found: bool = await connection.fetchval(_IS_VALID, authority, certificate)
    return found


async def notify_change(connection: Connection) -> None:
    """Tell every process, at the commit, that something opens nothing any longer."""
    await connection.execute(_CHANGED)


async def token_by_id(pool: Pool, token_id: int) -> tuple[bytes, str] | None:
    """Return (digest, role) of a token, None when it is unknown, over or revoked."""
    row = await pool.fetchrow(_TOKEN_BY_ID, token_id)
    return None if row is None else (row[0], row[1])


async def standing(pool: Pool, digests: list[bytes], roles: list[str] | None = None) -> set[bytes]:
    """Return which of these tokens are valid, and have one of these roles, or any."""
    return {row[0] for row in await pool.fetch(_TOKEN_STANDING, digests, roles)}


async def ending(pool: Pool, within: timedelta) -> list[tuple[str, datetime]]:
    """Return (name, end) of the tokens and webhook secrets that expire within a time, earliest first."""
    return [(row[0], row[1]) for row in await pool.fetch(_ENDING, within, ENDING_MAX)]
