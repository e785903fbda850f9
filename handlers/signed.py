"""Signed webhooks: a request with its body flows in, why it does not count as its authority's flows out, if so.

Whatever an authority signs goes through here: strangers all get one and the same answer. Bounded by `handlers.signing`
and `handlers.door`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sql.access
from handlers import problems
from handlers.answers import UNSIGNED
from handlers.signing import is_signed

if TYPE_CHECKING:
    from aiohttp import web

    from handlers.door import Door
    from handlers.signing import Vault
    from sql.database import Pool


class SignedWebhooks:
    """Verifies webhooks of authorities."""

    def __init__(self, pool: Pool, vault: Vault, door: Door) -> None:
        self._pool = pool
        self._vault = vault
        self._door = door

    async def refusal(self, request: web.Request, authority: str, body: bytes) -> web.Response | None:
        """Return why a request is not taken: not signed by the authority, or too many; None when it is."""
        try:
            body.decode()
        except UnicodeDecodeError:
            # Nothing is signed as text that is no text: the answer tells a stranger nothing but that.
            refused = self._door.stranger(request)
            return refused or problems.response(422, "the body is not UTF-8; nothing was stored or sent")
        secrets = self._vault.open(await sql.access.secrets_of(self._pool, authority))
        if not is_signed(secrets, request.headers, body):
            return self._door.unsigned(request, authority if secrets else None, UNSIGNED)
        return await self._door.signed(authority)
