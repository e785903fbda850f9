"""Who may speak: authorities, their encrypted secrets and bearer token digests flow in and out.

Bounded: eight secrets an authority are ever read, newest first.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from sql.query import query

if TYPE_CHECKING:
    from sql.database import Connection, Pool

_AUTHORITY_ADD = query("authority_add")
_AUTHORITY_LIST = query("authority_list")
_AUTHORITY_REVOKE = query("authority_revoke")
_AUTHORITY_LIMIT = query("authority_limit")
_JURISDICTION = query("authority_jurisdiction")
_SECRET_ADD = query("authority_secret_add")
_SECRET_EXPIRE = query("authority_secret_expire")
_SECRETS = query("authority_secrets")
_TOKEN_ADD = query("token_add")
_TOKEN_LIST = query("token_list")
_TOKEN_REVOKE = query("token_revoke")
_TOKEN_ROLE = query("token_role")


class AuthorityRow(msgspec.Struct, frozen=True):
    """An authority as listed; `secrets` counts those that still verify."""

    id: str
    name: str
    created_at: datetime
    revoked_at: datetime | None
    limited: bool
    secrets: int


class TokenRow(msgspec.Struct, frozen=True):
    """A bearer token as listed: never the token, which is stored as a digest only."""

    id: int
    name: str
    role: str
    created_at: datetime
    revoked_at: datetime | None


async def add_authority(connection: Connection, authority: str, name: str) -> bool:
    """Add an authority; False when the id is taken."""
    return await connection.fetchval(_AUTHORITY_ADD, authority, name) is not None


async def list_authorities(pool: Pool | Connection) -> list[AuthorityRow]:
    """Return all authorities by id."""
    return [AuthorityRow(*row) for row in await pool.fetch(_AUTHORITY_LIST)]


async def revoke_authority(pool: Pool, authority: str) -> bool:
    """Revoke an authority; False when there is none that stands."""
    return await pool.fetchval(_AUTHORITY_REVOKE, authority) is not None


async def limit_authority(pool: Pool | Connection, authority: str, jurisdiction: bytes | None) -> bool:
    """Set the polygon (WKB) beyond which an authority reaches nobody, or lift it; False without such an authority."""
    return await pool.fetchval(_AUTHORITY_LIMIT, authority, jurisdiction) is not None


async def jurisdiction_of(pool: Pool, authority: str) -> bytes | None:
    """Return an authority's polygon (WKB), None when there is no limit."""
    found: bytes | None = await pool.fetchval(_JURISDICTION, authority)
    return found


async def add_secret(connection: Connection, authority: str, ciphertext: bytes) -> None:
    """Add one encrypted webhook secret."""
    await connection.execute(_SECRET_ADD, authority, ciphertext)


async def expire_secrets(connection: Connection, authority: str, overlap: timedelta) -> None:
    """End the secrets that have no end yet, `overlap` from now."""
    await connection.execute(_SECRET_EXPIRE, authority, overlap)


async def secrets_of(pool: Pool, authority: str) -> list[bytes]:
    """Return the ciphertexts that may verify, newest first; empty for an unknown or revoked authority."""
    return [row[0] for row in await pool.fetch(_SECRETS, authority)]


async def add_token(pool: Pool, name: str, role: str, digest: bytes) -> int:
    """Add a bearer token by its digest; returns its id."""
    token_id: int = await pool.fetchval(_TOKEN_ADD, name, role, digest)
    return token_id


async def list_tokens(pool: Pool) -> list[TokenRow]:
    """Return all tokens by id."""
    return [TokenRow(*row) for row in await pool.fetch(_TOKEN_LIST)]


async def revoke_token(pool: Pool, token_id: int) -> bool:
    """Revoke a token; False when there is none that stands."""
    return await pool.fetchval(_TOKEN_REVOKE, token_id) is not None


async def role_of(pool: Pool, digest: bytes) -> tuple[str, str] | None:
    """Return (role, name) of the token with this digest, None when unknown or revoked."""
    row = await pool.fetchrow(_TOKEN_ROLE, digest)
    return None if row is None else (row[0], row[1])
