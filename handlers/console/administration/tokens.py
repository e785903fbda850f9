"""Tokens: the list of those that open something, the form that creates one, and the page that revokes one.

Bounded: `TOKENS_MAX` a page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from handlers.administration.tokens import TOKEN_DAYS, TOKEN_DAYS_MAX
from handlers.console.administration.forms import HOME, NOTHING, Failed, Form, done, seen_after
from handlers.console.showing.forms import fields_of
from handlers.console.showing.texts import texts_for
from handlers.http.roles import Role
from handlers.operators.administration.asked import administrator_of
from handlers.operators.administration.tokens import (
    ID_MAX,
    CreatedToken,
    NewToken,
    TokenRevocation,
    TokensQuery,
    token_of,
)
from handlers.values.number import number_of

if TYPE_CHECKING:
    from handlers.console.showing.pages import Pages
    from handlers.http.route import Call
    from handlers.operators.administration.tokens import Tokens

LIST: Final = f"{HOME}/tokens"


class TokenPages:
    """`/console/administration/tokens`."""

    def __init__(self, tokens: Tokens, pages: Pages) -> None:
        self._tokens = tokens
        self._pages = pages
        self._new = Form(NewToken, tokens.post_new)
        self._revocation = Form(TokenRevocation, tokens.post_revocation)

    async def get_all(self, call: Call[None]) -> web.Response:
        """Show the list, and the form that creates one."""
        return await self._list(call, NOTHING)

    async def post_new(self, call: Call[bytes]) -> web.StreamResponse:
        """Create a token; it is shown once."""
        result = await done(call, "new", fields_of(call.body), self._new)
        if isinstance(result, Failed):
            return await self._list(call, result)
        assert isinstance(result, CreatedToken)  # nosec B101 # noqa: S101 - what the form makes
        page, back = "administration/secret.html", f"{LIST}/{result.id}"
        token = await self._tokens.one(result.id)
        of = texts_for(call.request)(
            "administration.token_of", name="" if token is None else token.name, number=result.id
        )
        return self._pages.page(call.request, page, secret=result.token, of=of, back=back, kind="token")

    async def get_one(self, call: Call[None]) -> web.Response:
        """Show a token."""
        return await self._one(call, NOTHING)

    async def post_revocation(self, call: Call[bytes]) -> web.StreamResponse:
        """Revoke a token."""
        result = await done(call, "revocation", fields_of(call.body), self._revocation)
        return await self._one(call, result) if isinstance(result, Failed) else seen_after(LIST, "token")

    async def _list(self, call: Call[Any], failed: Failed) -> web.Response:
        if isinstance(administrator_of(call), web.Response):
            return self._pages.problem(call.request, 403, "problem.officer")
        query = call.request.query
        after, ended = number_of(query.get("after", ""), len(str(ID_MAX)) - 1), "ended" in query
        found = await self._tokens.page(TokensQuery(after=after or 0, ended=ended))
        return self._pages.page(
            call.request,
            "administration/tokens.html",
            failed.status,
            tokens=found.tokens,
            following=found.next,
            ended=ended,
            newest=await self._tokens.newest(),
            roles=[*Role],
            days=TOKEN_DAYS,
            days_max=TOKEN_DAYS_MAX,
            failed=failed,
            done=query.get("done"),
        )

    async def _one(self, call: Call[Any], failed: Failed) -> web.Response:
        if isinstance(administrator_of(call), web.Response):
            return self._pages.problem(call.request, 403, "problem.officer")
        token_id = token_of(call)
        token = None if token_id is None else await self._tokens.one(token_id)
        if token is None:
            return self._pages.problem(call.request, 404, "problem.unknown")
        status = failed.status
        is_own = token.id == call.bearer.token_id
        return self._pages.page(
            call.request, "administration/token.html", status, token=token, is_own=is_own, failed=failed
        )
