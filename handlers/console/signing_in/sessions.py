"""Sessions of browsers: a cookie stands for a token, in whose name its holder acts.

The cookie is random, the record has its digest alone, and it is replaced while it is used. Bounded: `LASTS` from the
sign-in on, `IDLE` without a request.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from aiohttp import web

import sql.sessions
from handlers.console.showing.forms import FORM_BYTES, fields_of
from handlers.console.showing.pages import own_path
from handlers.console.signing_in.same_site import is_same_site
from handlers.http import problems
from handlers.http.bearer import BEARER, Bearer
from handlers.http.problem_codes import ProblemCode
from handlers.http.requests import read_bytes
from handlers.http.roles import ALLOWS, Role

if TYPE_CHECKING:
    from handlers.auth.token_store import TokenStore
    from handlers.console.showing.pages import Pages
    from sql.database import Pool
    from sql.sessions import SessionRow

LASTS: Final = timedelta(hours=12)
"""A shift with its hand-over."""

IDLE: Final = timedelta(hours=2)
"""A desk that watches asks every few seconds: what was silent for so long is closed, or a machine that sleeps."""

WARN: Final = timedelta(minutes=10)
"""So long before a session ends its page says so."""

ROTATE_AFTER: Final = timedelta(minutes=10)
OVERLAP: Final = timedelta(minutes=1)
"""Requests that are under way while a cookie is replaced still have the one before."""

COOKIE_BYTES: Final = 32
COOKIE_MAX: Final = 128
BODY_S: Final = 10.0
"""For a form, which is small, of somebody whose session ended while they typed."""

SAFE: Final = frozenset({"GET", "HEAD"})
SESSION: Final = "session"
REPLACED: Final = "session replaced"


class Session(NamedTuple):
    """The session of a request."""

    row: SessionRow
    digest: bytes


class Sessions:
    """Begins, finds and ends sessions."""

    def __init__(self, pool: Pool, tokens: TokenStore, pages: Pages, *, encrypted: bool) -> None:
        """`encrypted`: browsers reach the console over TLS, whoever ends that; without it only on this machine."""
        self._pool = pool
        self._tokens = tokens
        self._pages = pages
        self._encrypted = encrypted
        self.cookie = "__Host-qq-alert" if encrypted else "qq-alert-session"
        self.refused = 0
        self.cross_site = 0

    async def let_in(self, request: web.Request, role: Role) -> Bearer | web.StreamResponse:
        """Return who is signed in, or the page that says why the request is not done."""
        is_ours = request.method in SAFE or is_same_site(request)
        self.cross_site += not is_ours
        bearer = await self.bearer_of(request)
        if bearer is None:
            return await self._signed_out(request, is_ours=is_ours)
        if not is_ours:
            return problems.response(ProblemCode.CROSS_SITE, "only the console's own pages send this")
        if bearer.role not in ALLOWS[role]:
            request[BEARER] = bearer
            return self._pages.problem(request, 403, "problem.role", role=role.value)
        return bearer

    async def bearer_of(self, request: web.Request) -> Bearer | None:
        """Return who is signed in, None where nobody is; the cookie is replaced when it is time."""
        cookie = request.cookies.get(self.cookie, "")
        if not 0 < len(cookie) <= COOKIE_MAX:
            return None
        digest = _digest(cookie)
        row = await sql.sessions.use(self._pool, digest, OVERLAP, IDLE)
        bearer = None if row is None else await self._tokens.bearer_with(row.token_digest)
        if row is None or bearer is None:
            return None
        request[SESSION] = Session(row, digest)
        if row.is_current and row.age > ROTATE_AFTER:
            after = secrets.token_urlsafe(COOKIE_BYTES)
            if await sql.sessions.rotate(self._pool, row.id, digest, _digest(after)):
                request[REPLACED] = after
        return bearer

    async def begin(self, response: web.StreamResponse, token_id: int) -> bool:
        """Begin a session in the name of a token, and set its cookie; False when the token is gone."""
        cookie = secrets.token_urlsafe(COOKIE_BYTES)
        if not await sql.sessions.add(self._pool, _digest(cookie), token_id, LASTS):
            return False
        self._set(response, cookie)
        return True

    async def end(self, request: web.Request, response: web.StreamResponse) -> None:
        """End the session of a request, and delete its cookie."""
        cookie = request.cookies.get(self.cookie, "")
        if 0 < len(cookie) <= COOKIE_MAX:
            await sql.sessions.end(self._pool, _digest(cookie))
        request.pop(REPLACED, None)
        response.del_cookie(self.cookie, path="/", secure=self._encrypted, httponly=True, samesite="Strict")

    def finish(self, request: web.Request, response: web.StreamResponse) -> None:
        """Give an answer the cookie that takes the place of the one that the request had, if it is time."""
        cookie = request.get(REPLACED)
        if cookie is not None and not response.prepared:
            self._set(response, cookie)

    def _set(self, response: web.StreamResponse, cookie: str) -> None:
        response.set_cookie(
            self.cookie,
            cookie,
            max_age=int(LASTS.total_seconds()),
            path="/",
            secure=self._encrypted,
            httponly=True,
            samesite="Strict",
        )

    async def _signed_out(self, request: web.Request, *, is_ours: bool) -> web.StreamResponse:
        """Answer a request of nobody: a page leads to the sign-in, and what was typed into a form stays on the screen.

        Not what another site would have somebody send again (`is_ours` False).
        """
        self.refused += 1
        if request.method in SAFE:
            return self._pages.page(request, "sign_in.html", 401, following=own_path(request), problem=None)
        body = await read_bytes(request, FORM_BYTES, BODY_S) if is_ours else b""
        fields = {} if isinstance(body, web.Response) else fields_of(body)
        return self._pages.page(request, "signed_out.html", 401, action=own_path(request), fields=fields)


def _digest(cookie: str) -> bytes:
    return hashlib.sha256(cookie.encode(errors="surrogateescape")).digest()
