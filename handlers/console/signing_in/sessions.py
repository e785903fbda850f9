"""Sessions of browsers: a cookie stands for a token, in whose name its holder acts.

The cookie is random, the record has its digest alone, and it is replaced while it is used. With an issuer configured
only its sessions count, while it confirms their people (`issuer.rechecks`). Bounded: `LASTS` from the sign-in on,
`IDLE` without a request.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from aiohttp import web

import sql.sessions
from handlers.console.showing.forms import FORM_BYTES, fields_of
from handlers.console.showing.pages import ENDS_AT, LEFT, own_path
from handlers.console.signing_in.issuer.rechecks import WAIT_S
from handlers.http import problems
from handlers.http.bearer import BEARER, Bearer
from handlers.http.problem_codes import ProblemCode
from handlers.http.requests import is_same_site, read_bytes
from handlers.http.roles import ALLOWS, Role
from sql.database import UNAVAILABLE_ERRORS

if TYPE_CHECKING:
    from handlers.auth.authenticator import Authenticator
    from handlers.console.showing.pages import Pages
    from handlers.console.signing_in.issuer.rechecks import Rechecks
    from sql.database import Connection, Pool
    from sql.sessions import SessionRow, Signed

LASTS: Final = timedelta(hours=12)
"""A shift with its hand-over."""

IDLE: Final = timedelta(hours=2)
"""A desk that watches asks every few seconds: what was silent for so long is closed, or a machine that sleeps."""

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
WHY_ENDED: Final = "why the session ended"
AWAY: Final = "away"
"""Why a session does not count for now: its issuer has not answered for as long as sessions go on without it."""

REASONS: Final = frozenset({"left", "no_role", AWAY})
"""Why a session ended, of which pages have a text."""


class Session(NamedTuple):
    """The session of a request."""

    row: SessionRow
    digest: bytes


class Sessions:
    """Begins, finds and ends sessions."""

    def __init__(
        self, pool: Pool, authenticator: Authenticator, pages: Pages, rechecks: Rechecks | None, *, encrypted: bool
    ) -> None:
        """`encrypted`: browsers reach the console over TLS, whoever ends that; without it only on this machine.

        `rechecks`: of the issuer by which people sign in, None where they sign in by tokens.
        """
        self._pool = pool
        self._rechecks = rechecks
        self._tokens = authenticator.tokens
        self._failures = authenticator.failures
        self._strangers = authenticator.strangers
        self._pages = pages
        self._encrypted = encrypted
        self.cookie = "__Host-qq-alert" if encrypted else "qq-alert-session"
        self.refused = 0

    async def let_in(self, request: web.Request, role: Role) -> Bearer | web.StreamResponse:
        """Return who is signed in, or the page that says why the request is not done."""
        is_ours = request.method in SAFE or is_same_site(request)
        self._failures.cross_site += not is_ours
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
        row = await self._used(digest)
        if row is not None and (why := self._why_not(row)) is not None:
            request[WHY_ENDED] = why
            return None
        bearer = None if row is None else await self._tokens.bearer_with(row.token_digest)
        if row is None or bearer is None:
            self._strangers.disproved(request)
            request[WHY_ENDED] = await sql.sessions.why_ended(self._pool, digest)
            return None
        self._strangers.proved(request)
        request[SESSION] = Session(row, digest)
        request[ENDS_AT], request[LEFT] = row.expires_at, row.left
        if row.is_current and row.age > ROTATE_AFTER:
            after = secrets.token_urlsafe(COOKIE_BYTES)
            # A record that takes no writes replaces no cookie; its page is read all the same.
            with suppress(*UNAVAILABLE_ERRORS):
                if await sql.sessions.rotate(self._pool, row.id, digest, _digest(after)):
                    request[REPLACED] = after
        return bearer

    async def _used(self, digest: bytes) -> SessionRow | None:
        """Return the session of a cookie, of which the issuer was asked not long ago; None when it is over."""
        row = await sql.sessions.use(self._pool, digest, OVERLAP, IDLE)
        if self._rechecks is None:
            return row
        loop = asyncio.get_running_loop()
        until_s = loop.time() + WAIT_S
        while row is not None and row.unconfirmed is not None and loop.time() < until_s:
            try:
                if not await self._rechecks.before_request(row.id, row.unconfirmed):
                    break
            except UNAVAILABLE_ERRORS:
                # Nobody can ask the issuer for a record that takes no writes: as if it was away, `_why_not` decides.
                break
            row = await sql.sessions.use(self._pool, digest, OVERLAP, IDLE)
        return row

    def _why_not(self, row: SessionRow) -> str | None:
        """Return why a session does not count: it is none of the issuer's, or that has not answered for long."""
        if row.issuer != (None if self._rechecks is None else self._rechecks.issuer):
            return ""
        if self._rechecks is None or row.unconfirmed is None:
            return None
        return AWAY if row.unconfirmed > self._rechecks.outage else None

    async def begin(
        self, pool: Pool | Connection, response: web.StreamResponse, token_id: int, signed: Signed | None = None
    ) -> bool:
        """Begin a session in the name of a token, and set its cookie; False when the token is gone."""
        cookie = secrets.token_urlsafe(COOKIE_BYTES)
        if not await sql.sessions.add(pool, _digest(cookie), token_id, LASTS, signed):
            return False
        self._set(response, cookie)
        return True

    def holder_of(self, request: web.Request) -> bytes:
        """Return what only the browser of a session has: the digest of its cookie, as the browser has it afterwards."""
        cookie = request.get(REPLACED) or request.cookies.get(self.cookie, "")
        return _digest(cookie) if 0 < len(cookie) <= COOKIE_MAX else b""

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
        why = request.get(WHY_ENDED)
        if request.method in SAFE:
            problem = f"signed_out.{why}" if why in REASONS else None
            return self.sign_in_page(request, 401, own_path(request), problem)
        body = await read_bytes(request, FORM_BYTES, BODY_S) if is_ours else b""
        fields = {} if isinstance(body, web.Response) else fields_of(body)
        why = why if why in REASONS else None
        action = request.path if is_ours else own_path(request)
        return self._pages.page(request, "signing_in/signed_out.html", 401, action=action, fields=fields, why=why)

    def sign_in_page(
        self, request: web.Request, status: int, following: str, problem: str | None, number: int | None = None
    ) -> web.Response:
        """Return the page on which one signs in: by the issuer where there is one, else by a token.

        `problem`: the key of the text that says why nobody is signed in, `number` what an administrator looks for.
        """
        values = {"following": following, "problem": problem, "number": number}
        return self._pages.page(
            request, "signing_in/sign_in.html", status, **values, by_issuer=self._rechecks is not None
        )


def _digest(cookie: str) -> bytes:
    return hashlib.sha256(cookie.encode(errors="surrogateescape")).digest()
