"""Asks the issuer who somebody is: in exchange for a code at the sign-in, and again while a session is used.

Bounded: a few requests (`fetching`). Errors: `Refused` and `Unreachable` are values, and hold no token.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar
from urllib.parse import quote_plus

import msgspec

from handlers.console.signing_in.issuer.fetching import HTTP_OK, Answer, Fetching, Unreachable
from handlers.console.signing_in.issuer.id_token import BadToken, verified
from runtime.decoding import DECODE_ERRORS

if TYPE_CHECKING:
    from handlers.console.signing_in.issuer.discovery import Addresses, Discovery
    from handlers.console.signing_in.issuer.settings import OidcSettings

NOT_THERE: Final = frozenset({400, 401, 403})
INVALID_GRANT: Final = "invalid_grant"
"""What the issuer says (RFC 6749, 5.2) of a code or refresh token that stands no longer. All else is about us."""


T = TypeVar("T")


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """With what the issuer is asked about somebody again: a refresh token, else an access token."""

    refresh: str | None = None
    access: str | None = None


class Confirmed(NamedTuple):
    """The issuer says who it is."""

    subject: str
    claims: dict[str, Any]
    grant: Grant


class Refused(NamedTuple):
    """The issuer does not say that somebody is there."""

    reason: str


class PutOff(NamedTuple):
    """The issuer did not say anything; `grant`: with what it is asked next."""

    reason: str
    grant: Grant


class _Tokens(msgspec.Struct, frozen=True):
    id_token: str | None = None
    access_token: str | None = None
    refresh_token: str | None = None


class _Error(msgspec.Struct, frozen=True):
    error: str = ""


class Grants:
    """Asks the issuer."""

    def __init__(self, settings: OidcSettings, discovery: Discovery, fetching: Fetching) -> None:
        self._settings = settings
        self._discovery = discovery
        self._fetching = fetching

    async def exchanged(
        self, code: str, verifier: str, redirect_uri: str, nonce: str
    ) -> Confirmed | Refused | BadToken | Unreachable:
        """Return who has just signed in, for the code that the issuer gave their browser."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        tokens = await self._tokens(form)
        if not isinstance(tokens, _Tokens):
            return tokens
        if tokens.id_token is None:
            return BadToken("none was given")
        claims = await self._verified(tokens.id_token, nonce)
        if not isinstance(claims, dict):
            return claims
        grant = Grant(refresh=tokens.refresh_token, access=tokens.access_token)
        more = await self._userinfo(tokens.access_token, claims["sub"])
        return more if isinstance(more, Refused | Unreachable) else Confirmed(claims["sub"], claims | more, grant)

    async def again(self, grant: Grant, subject: str) -> Confirmed | Refused | PutOff:
        """Return whether somebody is there still, and what the issuer says of them now."""
        claims: dict[str, Any] = {}
        if grant.refresh is not None:
            tokens = await self._tokens({"grant_type": "refresh_token", "refresh_token": grant.refresh})
            if isinstance(tokens, Refused):
                return tokens
            if isinstance(tokens, Unreachable):
                return PutOff(tokens.reason, grant)
            # An issuer that gives another refresh token takes the one before no more.
            grant = Grant(refresh=tokens.refresh_token or grant.refresh, access=tokens.access_token or grant.access)
            if tokens.id_token is not None:
                found = await self._verified(tokens.id_token, None)
                if isinstance(found, Unreachable):
                    return PutOff(found.reason, grant)
                if isinstance(found, BadToken) or found["sub"] != subject:
                    return Refused("the ID token of somebody else, or a wrong one")
                claims = found
        more = await self._userinfo(grant.access, subject)
        if isinstance(more, Refused):
            return more
        if isinstance(more, Unreachable):
            return PutOff(more.reason, grant)
        return Confirmed(subject, claims | more, grant)

    async def _verified(self, token: str, nonce: str | None) -> dict[str, Any] | BadToken | Unreachable:
        issuer, client_id = self._settings.issuer, self._settings.client_id
        return await verified(token, self._discovery.key, issuer=issuer, client_id=client_id, nonce=nonce)

    async def _tokens(self, form: dict[str, str]) -> _Tokens | Refused | Unreachable:
        addresses = await self._discovery.addresses()
        if isinstance(addresses, Unreachable):
            return addresses
        own, headers = self._as_client(addresses)
        answer = await self._fetching.post(addresses.token_endpoint, form | own, headers)
        if isinstance(answer, Unreachable):
            return answer
        if answer.status != HTTP_OK:
            return _refusal(answer)
        return _decoded(answer.body, _Tokens)

    def _as_client(self, addresses: Addresses) -> tuple[dict[str, str], dict[str, str]]:
        """Return the fields and headers by which the issuer knows us (RFC 6749, 2.3.1)."""
        name, secret = self._settings.client_id, self._settings.client_secret
        if secret is None:
            return {"client_id": name}, {}
        if "client_secret_basic" not in addresses.token_endpoint_auth_methods_supported:
            return {"client_id": name, "client_secret": secret}, {}
        text = f"{quote_plus(name)}:{quote_plus(secret)}"
        return {}, {"Authorization": f"Basic {base64.b64encode(text.encode()).decode()}"}

    async def _userinfo(self, access: str | None, subject: str) -> dict[str, Any] | Refused | Unreachable:
        """Return what the issuer says of a person beyond the ID token; nothing where it has no place for that."""
        addresses = await self._discovery.addresses()
        if isinstance(addresses, Unreachable):
            return addresses
        if addresses.userinfo_endpoint is None or access is None:
            return {}
        answer = await self._fetching.get(addresses.userinfo_endpoint, access)
        if isinstance(answer, Unreachable):
            return answer
        if answer.status != HTTP_OK:
            is_gone = answer.status in NOT_THERE
            return Refused("its user information") if is_gone else Unreachable(f"status {answer.status}")
        found = _decoded(answer.body, dict[str, Any])
        if isinstance(found, Unreachable):
            return found
        # That of somebody else must not be mixed with this (OpenID Connect Core 1.0, 5.3.2).
        return found if found.get("sub") == subject else Refused("the user information of somebody else")


def _refusal(answer: Answer) -> Refused | Unreachable:
    """Return what a token endpoint's error means: about the person, or about us or the issuer."""
    said = _decoded(answer.body, _Error)
    if answer.status in NOT_THERE and isinstance(said, _Error) and said.error == INVALID_GRANT:
        return Refused(INVALID_GRANT)
    return Unreachable(f"status {answer.status}")


def _decoded(body: bytes, kind: type[T]) -> T | Unreachable:
    try:
        return msgspec.json.decode(body, type=kind)
    except DECODE_ERRORS:
        return Unreachable("an answer that is not of its type")
