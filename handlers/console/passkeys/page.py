"""Where a person registers passkeys, and sees those that there are.

A passkey is registered only soon after a sign-in: a cookie that somebody took makes none. Bounded: `sql.passkeys`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from aiohttp import web

import sql.passkeys
from handlers.console.passkeys.signing import LABEL_MAX
from handlers.console.showing.forms import fields_of
from handlers.console.signing_in.sessions import SESSION
from handlers.http.route import JSON
from handlers.values.text import clean_line

if TYPE_CHECKING:
    from handlers.console.passkeys.signing import Passkeys
    from handlers.console.showing.pages import Pages
    from handlers.console.signing_in.sessions import Session
    from handlers.http.route import Call
    from sql.database import Pool

PATH: Final = "/console/passkeys"
SOON: Final = timedelta(minutes=10)


class PasskeyPage:
    """`/console/passkeys`."""

    def __init__(self, pool: Pool, passkeys: Passkeys, pages: Pages) -> None:
        self._pool = pool
        self._passkeys = passkeys
        self._pages = pages

    async def get(self, call: Call[None]) -> web.Response:
        """Show the person's passkeys."""
        return await self._page(call, None)

    async def post_options(self, call: Call[bytes]) -> web.Response:
        """Return what a browser needs to make a passkey, as JSON; null where the sign-in is too long ago."""
        options = None
        if _is_soon(call.request):
            options = await self._passkeys.registration_options(call.request, call.bearer)
        return web.Response(text=options or "null", content_type=JSON)

    async def post(self, call: Call[bytes]) -> web.StreamResponse:
        """Register a passkey."""
        fields = fields_of(call.body)
        label = clean_line(fields.get("label", ""))[:LABEL_MAX].strip()
        if not _is_soon(call.request):
            return await self._page(call, "passkey.sign_in_again")
        if not label or not await self._passkeys.register(call.request, call.bearer, fields.get("passkey", ""), label):
            return await self._page(call, "passkey.not_registered")
        return web.Response(status=303, headers={"Location": PATH})

    async def _page(self, call: Call[None] | Call[bytes], problem: str | None) -> web.Response:
        return self._pages.page(
            call.request,
            "signing_in/passkeys.html",
            200 if problem is None else 422,
            passkeys=await sql.passkeys.listed(self._pool, call.bearer.person),
            is_soon=_is_soon(call.request),
            problem=problem,
        )


def _is_soon(request: web.Request) -> bool:
    """Tell whether the sign-in was a short while ago."""
    session: Session = request[SESSION]
    return session.row.since < SOON
