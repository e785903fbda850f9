"""Looks up bearer tokens, and issues and redeems the feed's tickets.

Tokens are looked up by SHA-256 digest; Redis remembers the tickets that were used (`handlers.auth.tickets`).
Bounded: `CACHE_MAX` good and as many wrong digests for `CACHE_S` seconds, so that a revoked token works no longer than
that; one that ends works until its end. `forget` makes that at once, when the record says that something was revoked.
While the record is away, which has to say that, who was let in less than `KNOWN_S` ago still reads the alarms.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from typing import TYPE_CHECKING, TypeVar

import sql.access
from geo.connection import asking
from geo.index.reports import now_ms
from handlers.auth import tickets
from handlers.http.bearer import Bearer
from handlers.http.roles import ALLOWS, Role
from push.alerts.people.persons import adopt
from runtime.authentication_codes import KEY_BYTES, AuthenticationCodes
from sql.database import UNAVAILABLE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Callable

    from geo.connection import Client
    from sql.access import UsedToken
    from sql.database import Pool

TOKEN_PREFIX = "qqa_"  # noqa: S105 - the prefix of our tokens
TOKEN_BYTES = 32
TOKEN_MAX = 128
CACHE_S = 5.0
CACHE_MAX = 10_000
KNOWN_S = 600.0
"""As long as a failover takes by hand. Nobody is revoked meanwhile by a record that does not answer."""

T = TypeVar("T")


def new_token() -> str:
    """Return a new bearer token."""
    return TOKEN_PREFIX + secrets.token_urlsafe(TOKEN_BYTES)


def digest(token: str) -> bytes:
    """Return what is stored of a token: its entropy makes a plain hash enough."""
    # aiohttp reads bytes of a header that are no UTF-8 as surrogates, which anybody may send.
    return hashlib.sha256(token.encode(errors="surrogateescape")).digest()


class TokenStore:
    """Looks up tokens and tickets."""

    def __init__(
        self,
        pool: Pool,
        redis: Client,
        codes: AuthenticationCodes | None = None,
        clock_ms: Callable[[], int] = now_ms,
        is_away: Callable[[], bool] = lambda: False,
    ) -> None:
        """`codes` are those of tickets, which all servers share; without them tickets are of this process alone.

        `is_away`: whether the record is known not to answer, so that nobody waits for it in vain.
        """
        self._is_away = is_away
        self._codes = codes or AuthenticationCodes([secrets.token_bytes(KEY_BYTES)], tickets.LABEL)
        self._clock_ms = clock_ms
        self._pool = pool
        self._redis = redis
        self._good: dict[bytes, tuple[float, Bearer]] = {}
        self._wrong: dict[bytes, float] = {}
        self._known: dict[bytes, tuple[float, Bearer]] = {}

    def has_seen(self, authorization: str) -> bool:
        """Tell whether this is no guess: a token that was good once, or that was looked up just now."""
        key = _key(authorization)
        return key is None or key in self._good or self._wrong.get(key, 0.0) > asyncio.get_running_loop().time()

    async def bearer_of(self, authorization: str, *, while_away: bool = False) -> Bearer | None:
        """Return whose Authorization header it is, None when it opens nothing; `while_away`: as `bearer_with`."""
        key = _key(authorization)
        return None if key is None else await self.bearer_with(key, while_away=while_away)

    async def bearer_with(self, key: bytes, *, while_away: bool = False) -> Bearer | None:
        """Return whose token has this digest, None when it opens nothing.

        `while_away`: who was let in a while ago is taken for who they were while the record is away; else one of
        UNAVAILABLE_ERRORS.
        """
        loop = asyncio.get_running_loop()
        until_s, bearer = self._good.get(key, (0.0, None))
        if until_s > loop.time():
            return bearer
        if self._wrong.get(key, 0.0) > loop.time():
            return None
        known_s, known = self._known.get(key, (0.0, None))
        is_known = while_away and known_s > loop.time()
        if is_known and self._is_away():
            return known
        try:
            token = await self._used(key)
        except UNAVAILABLE_ERRORS:
            if is_known:
                return known
            raise
        if token is None or token.person is None:
            self._known.pop(key, None)
            _keep(self._wrong, key, loop.time() + CACHE_S)
            return None
        bearer = Bearer(Role(token.role), token.name, token.id, token.authority, key, token.person)
        self._wrong.pop(key, None)
        left_s = token.left.total_seconds()
        _keep(self._good, key, (loop.time() + min(CACHE_S, left_s), bearer))
        _keep(self._known, key, (loop.time() + min(KNOWN_S, left_s), bearer))
        return bearer

    async def _used(self, key: bytes) -> UsedToken | None:
        """Look a token up; one of a server that did not know persons gets its person first."""
        token = await sql.access.use_token(self._pool, key)
        if token is None or token.person is not None:
            return token
        await adopt(self._pool)
        return await sql.access.use_token(self._pool, key)

    def forget(self) -> None:
        """Look every token up again: one of them may be revoked. Those that were good stay no guesses."""
        self._good = {key: (0.0, bearer) for key, (_, bearer) in self._good.items()}
        self._known.clear()

    def issue_ticket(self, bearer: Bearer, holder: bytes = b"") -> str:
        """Return a ticket that opens the feed once, in the name of somebody's token, for who has `holder`."""
        return tickets.written(self._codes, bearer.token_id, self._clock_ms(), holder)

    async def redeem_ticket(self, ticket: str, role: Role, holder: bytes = b"") -> bytes | None:
        """Use up a ticket for a route with `role`; returns the digest of its token, None when it opens nothing."""
        found = tickets.read(self._codes, ticket, self._clock_ms(), holder)
        if found is None:
            return None
        async with asking(self._redis):
            # For as long as any clock of ours may think that it lives.
            if not await self._redis.set(found.key, b"used", nx=True, ex=4 * tickets.TICKET_S):
                return None
        token = await sql.access.token_by_id(self._pool, found.token_id)
        return token[0] if token is not None and _allows(token[1], role) else None

    async def standing(self, keys: set[bytes], role: Role) -> set[bytes]:
        """Return which of these tokens open a route with `role` still."""
        return await sql.access.standing(self._pool, [*keys], [one.value for one in ALLOWS[role]])


def _allows(of_token: str, role: Role) -> bool:
    return of_token in {one.value for one in ALLOWS[role]}


def _key(authorization: str) -> bytes | None:
    """Return the digest of the token in an Authorization header, None when there is none."""
    scheme, _, token = authorization.partition(" ")
    token = token.strip()
    return digest(token) if scheme.lower() == "bearer" and 0 < len(token) <= TOKEN_MAX else None


def _keep(cache: dict[bytes, T], key: bytes, value: T) -> None:
    if len(cache) >= CACHE_MAX:
        cache.clear()
    cache[key] = value
