"""Reads authorities and tokens for those who administer them, a page at a time; never a secret or a token.

Bounded: a page by its caller, `SECRETS_MAX` secrets and `CERTIFICATES_MAX` certificates of an authority.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec

from sql.access import TokenRow
from sql.query import query

if TYPE_CHECKING:
    from sql.database import Connection, Pool

_LOCK = query("authority_lock")
_PAGE = query("authority_page")
_SECRETS = query("authority_secret_list")
_CERTIFICATES = query("authority_certificate_list")
_TOKENS = query("token_page")
_NEWEST = query("token_newest")

SECRETS_MAX: Final = 100
CERTIFICATES_MAX: Final = 100


class AuthorityState(msgspec.Struct, frozen=True):
    """How an authority stands; `secrets` counts those that still verify, `certificates` all that are pinned.

    `newest_secret`: its id; `certificate_ends_at`: the first end of one that has not expired.
    """

    id: str
    name: str
    created_at: datetime
    revoked_at: datetime | None
    limited: bool
    review: str
    grace_s: int
    time_zone: str | None
    asks: list[str]
    secrets: int
    newest_secret: int | None
    newest_secret_at: datetime | None
    certificates: int
    certificate_ends_at: datetime | None


class SecretState(msgspec.Struct, frozen=True):
    """A webhook secret, without what it is; without an end it verifies until it is rotated."""

    id: int
    created_at: datetime
    expires_at: datetime | None


class CertificateState(msgspec.Struct, frozen=True):
    """A pinned certificate by its fingerprint."""

    fingerprint: str
    pinned_at: datetime
    not_after: datetime


async def lock_authority(connection: Connection, authority: str) -> bool:
    """Have whoever changes the secrets of an authority wait for this transaction; False when it does not stand."""
    return await connection.fetchval(_LOCK, authority) is not None


async def authorities(pool: Pool | Connection, after: str, limit: int) -> list[AuthorityState]:
    """Return authorities by id, those after `after`."""
    return [AuthorityState(*row) for row in await pool.fetch(_PAGE, after, limit, None)]


async def authority(pool: Pool | Connection, name: str) -> AuthorityState | None:
    """Return one authority by its id, revoked or not; None when it is unknown."""
    row = await pool.fetchrow(_PAGE, "", 1, name)
    return None if row is None else AuthorityState(*row)


async def secrets(pool: Pool | Connection, of: str) -> list[SecretState]:
    """Return the webhook secrets of an authority, newest first."""
    return [SecretState(*row) for row in await pool.fetch(_SECRETS, of, SECRETS_MAX)]


async def certificates(pool: Pool | Connection, of: str) -> list[CertificateState]:
    """Return the certificates that are pinned for an authority."""
    return [CertificateState(*row) for row in await pool.fetch(_CERTIFICATES, of, CERTIFICATES_MAX)]


async def tokens(pool: Pool | Connection, after: int, limit: int, *, standing: bool) -> list[TokenRow]:
    """Return tokens by id, those after `after`; `standing`: only those that open something."""
    return [TokenRow(*row) for row in await pool.fetch(_TOKENS, after, limit, standing)]


async def newest_token(pool: Pool) -> int:
    """Return the id of the newest token."""
    newest: int = await pool.fetchval(_NEWEST)
    return newest
