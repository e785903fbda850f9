"""Access: a bearer token or a feed ticket flows in, a role flows out.

Tokens are looked up by SHA-256 digest; tickets live in Redis, once and for `TICKET_S` seconds.
Bounded: `CACHE_MAX` digests for `CACHE_S` seconds, so that a revoked token works no longer than that.
"""

from __future__ import annotations

import asyncio
import enum
import hashlib
import secrets
from typing import TYPE_CHECKING, NamedTuple

import sql.access
from geo.connection import COMMAND_TIMEOUT_S

if TYPE_CHECKING:
    from geo.connection import Client
    from sql.database import Pool

TOKEN_PREFIX = "qqa_"  # noqa: S105 - the prefix of our tokens
TOKEN_BYTES = 32
TOKEN_MAX = 128
TICKET_S = 30
CACHE_S = 5.0
CACHE_MAX = 10_000
BEARER = "bearer"
"""Where a request keeps whose token opened it."""


class Role(enum.StrEnum):
    """What a bearer may do."""

    PLATFORM = "platform"
    VIEWER = "viewer"
    OPERATOR = "operator"
    APPROVER = "approver"
    ADMIN = "admin"


ALLOWS: dict[Role, frozenset[Role]] = {
    Role.PLATFORM: frozenset({Role.PLATFORM, Role.ADMIN}),
    Role.VIEWER: frozenset({Role.VIEWER, Role.OPERATOR, Role.APPROVER, Role.ADMIN}),
    Role.OPERATOR: frozenset({Role.OPERATOR, Role.APPROVER, Role.ADMIN}),
    Role.APPROVER: frozenset({Role.APPROVER, Role.ADMIN}),
    Role.ADMIN: frozenset({Role.ADMIN}),
}
"""Which bearers a route with a declared role lets in."""


def new_token() -> str:
    """Return a new bearer token."""
    return TOKEN_PREFIX + secrets.token_urlsafe(TOKEN_BYTES)


def digest(token: str) -> bytes:
    """Return what is stored of a token: its entropy makes a plain hash enough."""
    return hashlib.sha256(token.encode()).digest()


class Bearer(NamedTuple):
    """Whose token it is, and what it opens."""

    role: Role
    name: str


class Gatekeeper:
    """Looks up tokens and tickets."""

    def __init__(self, pool: Pool, redis: Client) -> None:
        self._pool = pool
        self._redis = redis
        self._cache: dict[bytes, tuple[float, Bearer | None]] = {}

    async def bearer_of(self, authorization: str | None) -> Bearer | None:
        """Return whose Authorization header it is, None when it opens nothing."""
        scheme, _, token = (authorization or "").partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token or len(token) > TOKEN_MAX:
            return None
        key = digest(token)
        now_s = asyncio.get_running_loop().time()
        cached = self._cache.get(key)
        if cached is not None and cached[0] > now_s:
            return cached[1]
        row = await sql.access.role_of(self._pool, key)
        bearer = None if row is None else Bearer(Role(row[0]), row[1])
        if len(self._cache) >= CACHE_MAX:
            self._cache.clear()
        self._cache[key] = (now_s + CACHE_S, bearer)
        return bearer

    async def issue_ticket(self) -> str:
        """Return a ticket that opens the feed once."""
        ticket = secrets.token_urlsafe(TOKEN_BYTES)
        async with asyncio.timeout(COMMAND_TIMEOUT_S):
            await self._redis.set(_ticket_key(ticket), b"1", ex=TICKET_S)
        return ticket

    async def redeem_ticket(self, ticket: str) -> bool:
        """Tell whether a ticket opens the feed, and use it up."""
        if not ticket or len(ticket) > TOKEN_MAX:
            return False
        async with asyncio.timeout(COMMAND_TIMEOUT_S):
            return await self._redis.getdel(_ticket_key(ticket)) is not None


def _ticket_key(ticket: str) -> str:
    return f"ticket:{hashlib.sha256(ticket.encode()).hexdigest()}"
