"""Refuses webhooks that their authority did not sign.

All signed webhooks are verified here; every request that is not verified gets the same answer. Bounded by
`handlers.auth.webhook_signatures` and `handlers.auth.authenticator`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import sql.access
from handlers.auth.webhook_signatures import SECRETS_MAX, is_signed
from handlers.http import problems
from handlers.http.problem_codes import ProblemCode
from runtime.clock import record_now

if TYPE_CHECKING:
    from aiohttp import web

    from handlers.auth.authenticator import Authenticator
    from handlers.auth.webhook_signatures import Vault
    from sql.database import Pool

LARGE_BYTES: Final = 256 * 1024
"""A photo of 27 MB takes a second to be verified by all secrets: nothing waits for that."""

UNSIGNED: Final = "unknown authority, or the signature or timestamp does not verify"
"""One text for all of these: the caller learns nothing of which authorities exist."""


class SignedWebhooks:
    """Verifies webhooks of authorities."""

    def __init__(self, pool: Pool, vault: Vault, authenticator: Authenticator) -> None:
        self._pool = pool
        self._vault = vault
        self._authenticator = authenticator

    async def refusal(self, request: web.Request, authority: str, body: bytes) -> web.Response | None:
        """Return why a request is not taken: not signed by the authority, or too many; None when it is."""
        is_large = len(body) > LARGE_BYTES
        if not (await asyncio.to_thread(_is_text, body) if is_large else _is_text(body)):
            # What is no text cannot be signed as text: the answer says nothing but that.
            return problems.response(ProblemCode.UNREADABLE, "the body is not UTF-8; nothing was stored or sent")
        ciphertexts = await sql.access.secrets_of(self._pool, authority, SECRETS_MAX)
        secrets = self._vault.padded(ciphertexts)
        if is_large:
            signed = await asyncio.to_thread(is_signed, secrets, request.headers, body, record_now())
        else:
            signed = is_signed(secrets, request.headers, body, record_now())
        if not signed:
            return self._authenticator.unsigned(request, authority if ciphertexts else None, UNSIGNED)
        return await self._authenticator.signed(request, authority)


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True
