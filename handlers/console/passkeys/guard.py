"""Lets an action through where its passkey has signed it; else shows what was typed, to be sent again with one.

Bounded by the form.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from aiohttp import web

from handlers.console.showing.forms import fields_of
from handlers.http.route import JSON
from handlers.values.text import clean_line
from sql.passkeys import Purpose

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from handlers.console.passkeys.signing import Passkeys
    from handlers.console.showing.pages import Pages
    from handlers.http.route import Call

    Handler = Callable[[Call[Any]], Awaitable[web.StreamResponse]]

SIGNED: Final = "passkey"
"""The field of a form that has what a passkey signed."""

COUNTS: Final = {"approval": "revision", "release": "people_max", "cancel": "case_number"}
"""The actions that need a passkey, and which field of the form is signed with them."""

DETAIL_MAX: Final = 100


class PasskeyGuard:
    """Stands before the handlers of some actions."""

    def __init__(self, passkeys: Passkeys, pages: Pages) -> None:
        self._passkeys = passkeys
        self._pages = pages

    async def post_options(self, call: Call[bytes]) -> web.Response:
        """Return what a browser needs to have an action signed, as JSON; null where the person has no passkey."""
        fields = fields_of(call.body)
        action = fields.get("action", "")
        options = None
        if action in COUNTS:
            options = await self._passkeys.options(call.request, _purpose(call, action, fields))
        return web.Response(text=options or "null", content_type=JSON)

    async def let_through(self, action: str, call: Call[bytes], handler: Handler) -> web.StreamResponse:
        """Do an action that a passkey has signed, or that needs none; else show what was typed."""
        fields = fields_of(call.body)
        answer = fields.pop(SIGNED, "")
        rest = call.with_body(urlencode(fields).encode())
        if not self._passkeys.required:
            return await handler(rest)
        purpose = _purpose(call, action, fields)
        if await self._passkeys.has_signed(call.request, purpose, answer) is not None:
            return await handler(rest)
        problem = "passkey.not_signed" if answer else "passkey.needed"
        values = {"action": action, "fields": fields, "problem": problem}
        options = f"/console/alerts/{call.alert_id}/passkey"
        return self._pages.page(call.request, "signing_in/passkey_needed.html", 403, **values, options=options)


def signed_before(guard: PasskeyGuard, action: str, handler: Handler) -> Handler:
    """Return the handler of an action, reached only by what a passkey has signed, where that is asked for."""
    if action not in COUNTS:
        return handler

    async def guarded(call: Call[bytes]) -> web.StreamResponse:
        return await guard.let_through(action, call, handler)

    return guarded


def _purpose(call: Call[Any], action: str, fields: dict[str, str]) -> Purpose:
    """Return what is signed: the field as the handler of the action takes it."""
    return Purpose(call.bearer.person, action, call.alert_id, clean_line(fields.get(COUNTS[action], ""))[:DETAIL_MAX])
