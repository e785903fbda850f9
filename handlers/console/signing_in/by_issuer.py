"""Signs people in by the issuer: sends the browser there, and takes the answer with which it comes back.

The answer is a page that goes on by itself: a redirect would count as one of the issuer's site, on which browsers send
no strict cookie. Bounded: `CODE_MAX` characters of a code; an answer without an attempt of this browser asks nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode, urlsplit

import msgspec
import structlog
from aiohttp import web

import sql.audit
from handlers.console.signing_in.issuer.fetching import Unreachable
from handlers.console.signing_in.issuer.grants import Confirmed
from handlers.console.signing_in.issuer.people import Acting, Undecided, acting, known
from handlers.console.signing_in.issuer.rechecks import TOKEN_LASTS
from handlers.console.signing_in.issuer.roles import name_of, standing_of
from handlers.console.signing_in.sign_in import HOME, path_within
from sql.audit import AuditEvent
from sql.sessions import Signed

if TYPE_CHECKING:
    from handlers.auth.authenticator import Authenticator
    from handlers.console.showing.pages import Pages
    from handlers.console.signing_in.issuer.attempts import Attempt, Attempts
    from handlers.console.signing_in.issuer.discovery import Discovery
    from handlers.console.signing_in.issuer.fetching import Fetching
    from handlers.console.signing_in.issuer.grants import Grants
    from handlers.console.signing_in.issuer.rechecks import Rechecks
    from handlers.console.signing_in.issuer.settings import OidcSettings
    from handlers.console.signing_in.sessions import Sessions
    from handlers.http.route import Call
    from sql.database import Pool

BACK: Final = f"{HOME}/sign-in/callback"
CODE_MAX: Final = 4096
FOREIGN: Final = frozenset({"cross-site", "same-site"})

_log = structlog.get_logger("handlers.console.signing_in.by_issuer")


class StartQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Where to go on after the sign-in."""

    following: str | None = None


class BackQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What the issuer sends with the browser: a code or an error, the state of the attempt, and its name (RFC 9207)."""

    code: str | None = None
    state: str | None = None
    error: str | None = None
    iss: str | None = None


class Parts:
    """What asks the issuer."""

    def __init__(
        self,
        settings: OidcSettings,
        fetching: Fetching,
        discovery: Discovery,
        grants: Grants,
        attempts: Attempts,
        rechecks: Rechecks,
    ) -> None:
        self.settings = settings
        self.fetching = fetching
        self.discovery = discovery
        self.grants = grants
        self.attempts = attempts
        self.rechecks = rechecks


class ByIssuer:
    """`/console/sign-in/issuer` and `/console/sign-in/callback`."""

    def __init__(
        self,
        pool: Pool,
        authenticator: Authenticator,
        sessions: Sessions,
        pages: Pages,
        parts: Parts | None,
        *,
        encrypted: bool,
    ) -> None:
        """`parts`: None where no issuer is configured."""
        self._pool = pool
        self._authenticator = authenticator
        self._sessions = sessions
        self._pages = pages
        self._parts = parts
        self._scheme = "https" if encrypted else "http"

    async def run(self) -> None:
        """Ask the issuer about who is signed in, until cancelled; nothing where there is none."""
        if self._parts is None:
            return
        try:
            await self._parts.rechecks.run()
        finally:
            await self._parts.fetching.close()

    async def get_start(self, call: Call[None]) -> web.StreamResponse:
        """Send the browser to the issuer."""
        query: StartQuery = call.query
        parts, following = self._parts, path_within(query.following)
        if parts is None or call.request.headers.get("Sec-Fetch-Site") in FOREIGN:
            # Nobody is sent to the issuer by a page of somebody else.
            return self._sessions.sign_in_page(call.request, 200, following, None)
        addresses = await parts.discovery.addresses()
        if isinstance(addresses, Unreachable):
            return self._failed(call, following, "sign_in.issuer_away", addresses.reason)
        attempt = parts.attempts.begin(f"{self._scheme}://{call.request.host}{BACK}", following)
        asked = {
            "response_type": "code",
            "client_id": parts.settings.client_id,
            "redirect_uri": attempt.redirect_uri,
            "scope": " ".join(dict.fromkeys(["openid", *parts.settings.scopes])),
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": attempt.challenge,
            "code_challenge_method": "S256",
        }
        sign = "&" if urlsplit(addresses.authorization_endpoint).query else "?"
        response = web.Response(
            status=303, headers={"Location": f"{addresses.authorization_endpoint}{sign}{urlencode(asked)}"}
        )
        parts.attempts.keep(response, attempt)
        return response

    async def get_back(self, call: Call[None]) -> web.StreamResponse:
        """Take the issuer's answer."""
        query: BackQuery = call.query
        parts = self._parts
        if (refused := self._authenticator.busy(call.request)) is not None:
            return refused
        attempt = None if parts is None else parts.attempts.of(call.request, query.state or "")
        if parts is None or attempt is None:
            return self._failed(call, HOME, "sign_in.no_attempt", "no attempt of this browser", counts=True)
        response = await self._answered(call, parts, attempt, query)
        parts.attempts.forget(response, attempt.state)
        return response

    async def _answered(self, call: Call[None], parts: Parts, attempt: Attempt, query: BackQuery) -> web.StreamResponse:
        following = attempt.following
        if query.iss not in {None, parts.settings.issuer}:
            return self._failed(call, following, "sign_in.issuer_wrong", "the answer of another issuer", counts=True)
        if query.code is None or not 0 < len(query.code) <= CODE_MAX:
            return self._failed(call, following, "sign_in.issuer_denied", "the issuer gave no code")
        said = await parts.grants.exchanged(query.code, attempt.verifier, attempt.redirect_uri, attempt.nonce)
        if isinstance(said, Unreachable):
            return self._failed(call, following, "sign_in.issuer_away", said.reason)
        if not isinstance(said, Confirmed):
            return self._failed(call, following, "sign_in.issuer_wrong", said.reason, counts=True)
        standing = standing_of(said.claims, parts.settings)
        if standing is None:
            return self._failed(call, following, "sign_in.no_role", "no group gives a role")
        page = self._pages.page(call.request, "signing_in/sign_in_on.html", following=following)
        page.headers["Referrer-Policy"] = "no-referrer"
        async with self._pool.acquire() as connection, connection.transaction():
            name = name_of(said.claims, parts.settings)
            subject = await known(connection, parts.settings.issuer, said.subject, name)
            token = await acting(connection, subject, standing, TOKEN_LASTS)
            if isinstance(token, Acting):
                signed = Signed(subject.id, parts.rechecks.seal(said.grant))
                await self._sessions.begin(connection, page, token.token_id, signed)
                actor, details = f"{standing.role.value} {token.name}", {"subject": subject.id}
                event = AuditEvent(actor=actor, action="signed in", details=details, token=token.token_id)
                await sql.audit.append(connection, event)
                return page
        if isinstance(token, Undecided):
            return self._failed(call, following, "sign_in.undecided", "whose name it is", number=token.subject_id)
        return self._failed(call, following, "sign_in.no_authority", "no such authority")

    def _failed(
        self,
        call: Call[None],
        following: str,
        problem: str,
        reason: str,
        *,
        counts: bool = False,
        number: int | None = None,
    ) -> web.Response:
        """Return the page that says why nobody was signed in; `counts`: against the address, as a wrong token does."""
        if counts:
            self._authenticator.failures.token()
            self._authenticator.failures.attempt(call.request.remote)
        _log.warning("console.not_signed_in", reason=reason, subject=number)
        return self._sessions.sign_in_page(call.request, 401, following, problem, number=number)
