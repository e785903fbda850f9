"""Signs people in, by a bearer token or by a link that works once, and out again; by an issuer: `by_issuer`.

A link only shows a page with a button: what is fetched in advance signs nobody in. Bounded: `FORM_BYTES` a form; wrong
tokens count against their address as those of the API do.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import msgspec
from aiohttp import web

import sql.access
import sql.audit
import sql.sessions
from handlers.auth.token_store import TOKEN_MAX
from handlers.auth.token_store import digest as digest_of_token
from handlers.console.showing.forms import fields_of
from handlers.console.showing.pages import LEFT, THEME_COOKIE, THEMES, WARN
from handlers.console.showing.texts import LOCALE_COOKIE, LOCALES
from handlers.http import problems
from handlers.http.problem_codes import ProblemCode
from handlers.http.requests import is_same_site
from handlers.http.responses import json_response
from handlers.http.roles import ALLOWS, Role
from sql.audit import AuditEvent

if TYPE_CHECKING:
    from handlers.auth.authenticator import Authenticator
    from handlers.auth.token_store import TokenStore
    from handlers.console.showing.pages import Pages
    from handlers.console.signing_in.sessions import Sessions
    from handlers.http.bearer import Bearer
    from handlers.http.route import Call
    from sql.database import Connection, Pool

HOME: Final = "/console"
SIGNED_IN: Final = "/console/sign-in/done"
"""Where who signed in beside a page goes, which has what they typed."""

OWN_PATH: Final = re.compile(r"/console(?:/[\w-]+)*(?:\?[\w=&%.+-]*)?", re.ASCII)
"""A path below ours: nothing in it leads up, or to another site."""

LINK_LASTS: Final = timedelta(minutes=15)
LINK_BYTES: Final = 32
CODE_MAX: Final = 128
YEAR_S: Final = 31_536_000


class LinkQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Where to go on after the sign-in, and the code of a link."""

    following: str | None = None
    link: str | None = None


class SessionAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """How long a session lasts (seconds), if it is not used, and whether its page warns."""

    left_s: float
    is_ending: bool


class SignIn:
    """`/console/sign-in`, `/console/sign-out` and `/console/settings`."""

    def __init__(
        self,
        pool: Pool,
        tokens: TokenStore,
        authenticator: Authenticator,
        sessions: Sessions,
        pages: Pages,
        *,
        by_token: bool,
    ) -> None:
        """`by_token`: whether tokens and links sign in; not where an issuer does."""
        self._by_token = by_token
        self._pool = pool
        self._tokens = tokens
        self._authenticator = authenticator
        self._sessions = sessions
        self._pages = pages

    async def get(self, call: Call[None]) -> web.Response:
        """Show the page on which one signs in, or the button of a link."""
        query: LinkQuery = call.query
        if query.link is not None and self._by_token:
            return await self._link_page(call.request, query.link[:CODE_MAX])
        return self._page(call.request, query.following, None)

    async def _link_page(self, request: web.Request, link: str) -> web.Response:
        """Show the button of a link, or that it signs nobody in any more."""
        if (refused := self._authenticator.busy(request)) is not None:
            return refused
        stands = await sql.sessions.link_stands(self._pool, digest_of_code(link))
        if not stands:
            self._authenticator.failures.attempt(request.remote)
        return self._pages.page(request, "signing_in/sign_in_link.html", link=link, stands=stands)

    async def post(self, call: Call[bytes]) -> web.StreamResponse:
        """Sign in with a token, or with a link."""
        if not is_same_site(call.request):
            self._authenticator.failures.cross_site += 1
            return problems.response(ProblemCode.CROSS_SITE, "only the console's own pages send this")
        if (refused := self._authenticator.busy(call.request)) is not None:
            return refused
        fields = fields_of(call.body)
        if not self._by_token:
            return self._sessions.sign_in_page(
                call.request, 403, path_within(fields.get("following")), "sign_in.by_issuer_alone"
            )
        bearer = await self._bearer_of(fields)
        if bearer is None or bearer.role not in ALLOWS[Role.VIEWER]:
            self._authenticator.failures.token()
            self._authenticator.failures.attempt(call.request.remote)
            return self._page(call.request, fields.get("following"), "sign_in.wrong")
        response = web.Response(status=303, headers={"Location": path_within(fields.get("following"))})
        if not await self._sessions.begin(self._pool, response, bearer.token_id):
            return self._page(call.request, fields.get("following"), "sign_in.wrong")
        await self._note(bearer, "signed in")
        return response

    async def get_session(self, call: Call[None]) -> web.Response:
        """Say how long the session lasts; a page that asks uses it."""
        left = call.request[LEFT]
        return json_response(SessionAnswer(left_s=left.total_seconds(), is_ending=left < WARN))

    async def get_done(self, call: Call[None]) -> web.Response:
        """Say that one is signed in, and where what was typed still stands."""
        return self._pages.page(call.request, "signing_in/sign_in_done.html")

    async def post_out(self, call: Call[bytes]) -> web.Response:
        """Sign out."""
        response = web.Response(status=303, headers={"Location": f"{HOME}/sign-in"})
        await self._sessions.end(call.request, response)
        await self._note(call.bearer, "signed out")
        return response

    async def post_settings(self, call: Call[bytes]) -> web.StreamResponse:
        """Keep which language and theme a browser shows."""
        if not is_same_site(call.request):
            self._authenticator.failures.cross_site += 1
            return problems.response(ProblemCode.CROSS_SITE, "only the console's own pages send this")
        fields = fields_of(call.body)
        response = web.Response(status=303, headers={"Location": path_within(fields.get("following"))})
        for cookie, name, known in ((LOCALE_COOKIE, "language", LOCALES), (THEME_COOKIE, "theme", THEMES)):
            if fields.get(name) in known:
                response.set_cookie(cookie, fields[name], max_age=YEAR_S, path=HOME, samesite="Strict", httponly=True)
        return response

    async def _bearer_of(self, fields: dict[str, str]) -> Bearer | None:
        if link := fields.get("link"):
            used = await sql.sessions.use_link(self._pool, digest_of_code(link))
            return None if used is None else await self._tokens.bearer_with(used[1])
        token = fields.get("token", "").strip()
        return await self._tokens.bearer_with(digest_of_token(token)) if 0 < len(token) <= TOKEN_MAX else None

    async def _note(self, bearer: Bearer, action: str) -> None:
        event = AuditEvent(actor=f"{bearer.role.value} {bearer.name}", action=action, details={}, token=bearer.token_id)
        async with self._pool.acquire() as connection, connection.transaction():
            await sql.audit.append(connection, event)

    def _page(self, request: web.Request, following: str | None, problem: str | None) -> web.Response:
        status = 200 if problem is None else 401
        return self._sessions.sign_in_page(request, status, path_within(following), problem)


def path_within(path: str | None) -> str:
    """Return a path of the console to go on to: what leads anywhere else is left aside."""
    if path is None or OWN_PATH.fullmatch(path) is None:
        return HOME
    return HOME if path.startswith(f"{HOME}/sign-") and path != SIGNED_IN else path


async def add_link(connection: Pool | Connection, token_id: int) -> str:
    """Add a link that signs the person of a token in once; returns its path and query."""
    code = secrets.token_urlsafe(LINK_BYTES)
    await sql.sessions.add_link(connection, digest_of_code(code), token_id, LINK_LASTS)
    return f"{HOME}/sign-in?link={code}"


def digest_of_code(code: str) -> bytes:
    """Return what is stored of a link's code."""
    return hashlib.sha256(code.encode(errors="surrogateescape")).digest()
