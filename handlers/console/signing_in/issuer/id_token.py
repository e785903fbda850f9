"""Verifies ID tokens: who signed, for whom, in answer to which request, and until when.

Bounded: `TOKEN_MAX` characters; `LEEWAY_S` between the clocks of the issuer and this machine.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import jwt

from handlers.console.signing_in.issuer.fetching import Unreachable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

TOKEN_MAX: Final = 64 * 1024
LEEWAY_S: Final = 30
"""Machines that set their clocks by a source differ by far less."""

SUBJECT_MAX: Final = 255
"""As OpenID Connect has it (Core 1.0, 2)."""

ALGORITHMS: Final = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)
"""Those with a key that only the issuer has: none, and those with a key that both sides have, are never taken."""

REQUIRED: Final = ("iss", "sub", "aud", "exp", "iat")


class BadToken(NamedTuple):
    """Why a token is not taken; holds nothing of it."""

    reason: str


async def verified(
    token: str,
    key_of: Callable[[str | None, str], Awaitable[jwt.PyJWK | Unreachable | None]],
    *,
    issuer: str,
    client_id: str,
    nonce: str | None,
) -> dict[str, Any] | BadToken | Unreachable:
    """Return what a token says of a person; `nonce`: that of the request which it answers, None: of none."""
    if len(token) > TOKEN_MAX:
        return BadToken("too long")
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError):
        return BadToken("not a token")
    algorithm, kid = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        return BadToken("an algorithm that is not taken")
    key = await key_of(kid if isinstance(kid, str) else None, algorithm)
    if isinstance(key, Unreachable):
        return key
    if key is None:
        return BadToken("an unknown key")
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key.key,
            algorithms=[algorithm],
            audience=client_id,
            issuer=issuer,
            leeway=LEEWAY_S,
            options={"require": [*REQUIRED]},
        )
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        return BadToken(type(error).__name__)
    fault = _fault_of(claims, client_id, nonce)
    return claims if fault is None else BadToken(fault)


def _fault_of(claims: dict[str, Any], client_id: str, nonce: str | None) -> str | None:
    """Return what is wrong with claims whose signature, issuer, audience and time are right."""
    party = claims.get("azp")
    if party is None and isinstance(claims["aud"], list) and len(claims["aud"]) > 1:
        return "for several, and nobody is named to whom it was given"
    if party is not None and party != client_id:
        return "given to another"
    subject, given = claims["sub"], claims.get("nonce", "")
    if not isinstance(subject, str) or not 0 < len(subject) <= SUBJECT_MAX or not subject.isprintable():
        return "no subject"
    # A text of JSON may have what no other text has: half a character.
    is_given = isinstance(given, str) and given.isascii()
    if nonce is not None and not (is_given and hmac.compare_digest(given.encode(), nonce.encode())):
        return "the answer to another request"
    return None
