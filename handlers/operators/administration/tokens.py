"""`/v1/tokens`: which bearer tokens there are, and whose; creates and revokes them.

Bounded: `TOKENS_MAX` tokens an answer.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from aiohttp import web
from msgspec import Meta

import sql.administration
from handlers.administration import tokens
from handlers.administration.tokens import TOKEN_DAYS, TOKEN_DAYS_MAX, TOKENS_MAX, Bearing
from handlers.alert_answers import Answer
from handlers.http import problems
from handlers.http.problem_codes import ProblemCode
from handlers.http.problems import Refusal
from handlers.http.roles import Role
from handlers.operators.administration.asked import Change, ConfirmedChange, administrator_of, answered, bad_field
from handlers.values.number import number_of

if TYPE_CHECKING:
    from handlers.http.route import Call
    from sql.database import Pool

ID_MAX = 2**53
"""More than there will ever be, and exact in every JSON."""


class TokensQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """After which id the page begins, how many it has at most, and whether it has those that are over, too."""

    after: Annotated[int, Meta(ge=0, le=ID_MAX)] = 0
    limit: Annotated[int, Meta(ge=1, le=TOKENS_MAX)] = TOKENS_MAX
    ended: bool = False


class Token(Answer, frozen=True, kw_only=True):
    """A bearer token, without its text; `person`: the id of whose it is, null for one of an earlier version."""

    id: int
    name: str
    role: Role
    authority: str | None
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None
    person: int | None


class TokensAnswer(Answer, frozen=True, kw_only=True):
    """Tokens by id; `next` is the id to go on after, null at the end."""

    tokens: list[Token]
    next: int | None


class NewToken(Change, frozen=True, kw_only=True):
    """Whose token it is to be, by name or by the id of the person, and what it opens.

    `newest_token`: the newest one that was seen; nothing is created where that person has got one of that role since.
    """

    role: Role
    name: Annotated[str, Meta(min_length=1, max_length=100)] | None = None
    person: Annotated[int, Meta(ge=1, le=ID_MAX)] | None = None
    authority: Annotated[str, Meta(min_length=1, max_length=63)] | None = None
    days: Annotated[int, Meta(ge=1, le=TOKEN_DAYS_MAX)] = TOKEN_DAYS
    newest_token: Annotated[int, Meta(ge=0, le=ID_MAX)] | None = None


class TokenRevocation(ConfirmedChange, frozen=True, kw_only=True):
    """`keep_live`: what is sent because of what the token did goes on."""

    keep_live: bool = False


class CreatedToken(Answer, frozen=True, kw_only=True):
    """A bearer token, which is shown this once, and its id, by which it is revoked."""

    id: int
    token: str


class Tokens:
    """Lists, creates and revokes tokens."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def get_all(self, call: Call[None]) -> TokensAnswer | web.Response:
        """Return a page of tokens."""
        by = administrator_of(call)
        return by if isinstance(by, web.Response) else await self.page(call.query)

    async def page(self, query: TokensQuery) -> TokensAnswer:
        """Return a page of tokens."""
        found = await sql.administration.tokens(self._pool, query.after, query.limit + 1, standing=not query.ended)
        following = found[query.limit - 1].id if len(found) > query.limit else None
        shown = [msgspec.convert(one, Token, from_attributes=True) for one in found[: query.limit]]
        return TokensAnswer(tokens=shown, next=following)

    async def newest(self) -> int:
        """Return the id of the newest token."""
        return await sql.administration.newest_token(self._pool)

    async def one(self, token_id: int) -> Token | None:
        """Return a token, revoked or not; None when there is none."""
        found = await sql.administration.tokens(self._pool, token_id - 1, 1, standing=False)
        if not found or found[0].id != token_id:
            return None
        return msgspec.convert(found[0], Token, from_attributes=True)

    async def post_new(self, call: Call[NewToken]) -> CreatedToken | web.Response:
        """Create a token, and return it once."""
        body, by = call.body, administrator_of(call, call.body.reason)
        if isinstance(by, web.Response):
            return by
        if (body.name is None) is (body.person is None):
            return bad_field("$.name", "either a name or a person")
        wanted = Bearing(body.role, body.name or "", body.person, body.authority, body.days, body.newest_token)
        created = await tokens.create(self._pool, by, wanted)
        return answered(created) if isinstance(created, Refusal) else CreatedToken(id=created.id, token=created.token)

    async def post_revocation(self, call: Call[TokenRevocation]) -> web.Response:
        """Revoke a token: it opens nothing from now on, and sessions in its name are over."""
        by = administrator_of(call, call.body.reason)
        if isinstance(by, web.Response):
            return by
        if (token_id := token_of(call)) is None:
            return problems.response(ProblemCode.UNKNOWN_TOKEN, "no such token")
        body = call.body
        done = await tokens.revoke(self._pool, by, token_id, body.confirmation, keep_live=body.keep_live)
        return answered(done) if isinstance(done, Refusal) else web.Response(status=204)


def token_of(call: Call[Any]) -> int | None:
    """Return the id of the token that the path names, None where it names none."""
    token_id = number_of(call.request.match_info["token"], len(str(ID_MAX)))
    return token_id if token_id is not None and 1 <= token_id <= ID_MAX else None
