"""Attempts to sign in: what a browser keeps while its person is with the issuer, encrypted in a cookie of its own.

The cookie is `Lax`, so that it comes back with the issuer's redirect; each attempt has its own, so that two tabs do not
take it from each other. Bounded: `LASTS` an attempt, `COOKIE_MAX` characters.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from runtime.decoding import DECODE_ERRORS

if TYPE_CHECKING:
    from aiohttp import web

    from handlers.console.signing_in.issuer.sealing import Sealed

LABEL: Final = "qq-alert sign-in attempt"
LASTS: Final = timedelta(minutes=10)
"""Long enough for a second factor that has to be looked for."""

RANDOM_BYTES: Final = 32
COOKIE_MAX: Final = 3000
STATE: Final = re.compile(r"[\w-]{43}", re.ASCII)


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """What the answer must fit: `state` and `nonce` this browser, `verifier` the code (PKCE), and where to go on."""

    state: str
    nonce: str
    verifier: str
    redirect_uri: str
    following: str

    @property
    def challenge(self) -> str:
        """What the issuer gets of the verifier (RFC 7636, S256)."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


class Attempts:
    """Begins attempts, and finds the one that an answer belongs to."""

    def __init__(self, sealed: Sealed, *, encrypted: bool) -> None:
        self._sealed = sealed
        self._encrypted = encrypted
        self._prefix = "__Host-qq-alert-login-" if encrypted else "qq-alert-login-"

    def begin(self, redirect_uri: str, following: str) -> Attempt:
        """Return a new attempt."""
        state, nonce, verifier = (secrets.token_urlsafe(RANDOM_BYTES) for _ in range(3))
        return Attempt(state=state, nonce=nonce, verifier=verifier, redirect_uri=redirect_uri, following=following)

    def keep(self, response: web.StreamResponse, attempt: Attempt) -> None:
        """Have the browser keep an attempt."""
        response.set_cookie(
            self._name(attempt.state),
            self._sealed.seal(msgspec.json.encode(attempt)).decode(),
            max_age=int(LASTS.total_seconds()),
            path="/",
            secure=self._encrypted,
            httponly=True,
            samesite="Lax",
        )

    def of(self, request: web.Request, state: str) -> Attempt | None:
        """Return the attempt of this browser with a state, None where it has none, or it is too old."""
        if STATE.fullmatch(state) is None:
            return None
        cookie = request.cookies.get(self._name(state), "")
        opened = self._sealed.open(cookie.encode(errors="replace"), LASTS) if 0 < len(cookie) <= COOKIE_MAX else None
        try:
            attempt = None if opened is None else msgspec.json.decode(opened, type=Attempt)
        except DECODE_ERRORS:
            return None
        return attempt if attempt is not None and hmac.compare_digest(attempt.state, state) else None

    def forget(self, response: web.StreamResponse, state: str) -> None:
        """Have the browser forget an attempt: its answer came."""
        if STATE.fullmatch(state) is not None:
            response.del_cookie(self._name(state), path="/", secure=self._encrypted, httponly=True, samesite="Lax")

    def _name(self, state: str) -> str:
        return self._prefix + hashlib.sha256(state.encode()).hexdigest()[:16]
