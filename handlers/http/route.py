"""A route is one declaration: router, limits, decoding and the OpenAPI document are made from it.

Bounded: each body by its own `bytes_max`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, TypeAlias, TypeVar

import msgspec
from aiohttp import web

from handlers.http.bearer import BEARER
from handlers.http.roles import Proof
from push.alerts.actions.actor import Actor

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from uuid import UUID

    from handlers.http.bearer import Bearer
    from handlers.http.problem_codes import ProblemCode
    from handlers.http.roles import Access

JSON: Final = "application/json"
B = TypeVar("B")
C = TypeVar("C")


@dataclass(frozen=True, slots=True)
class Call(Generic[B]):
    """A request as a handler gets it: who calls, and the parts that its route declares, read and checked.

    `body` is of the route's type, or the bytes where the route reads them itself.
    """

    request: web.Request
    body: B
    alert_id: UUID
    user: int = 0
    query: Any = None

    def with_body(self, body: C) -> Call[C]:
        """Return the same call with another body: what a form says, as the API takes it."""
        return Call(self.request, body, self.alert_id, self.user, self.query)

    @property
    def bearer(self) -> Bearer:
        """Whose token it is; only on routes with a role."""
        bearer: Bearer = self.request[BEARER]
        return bearer

    @property
    def actor(self) -> Actor:
        """Who acts, as the audit trail names them."""
        bearer = self.bearer
        return Actor(
            role=bearer.role.value,
            name=bearer.name,
            authority=bearer.authority,
            person_id=bearer.person,
            token_id=bearer.token_id,
        )

    @property
    def authority(self) -> str:
        """The authority that the path names."""
        return self.request.match_info["authority"]


class Body(NamedTuple):
    """What a route takes: at most `bytes_max`, decoded as `kind`, or left as bytes where the route reads it itself.

    `documented`: the media types that it takes, each with the type that describes it. `at_once`: how many requests may
    hold one at once, each of another peer (`serving.large_bodies`); None: as many as there are connections.
    """

    bytes_max: int
    kind: type[msgspec.Struct] | None
    documented: Mapping[str, Any]
    at_once: int | None = None


class Answer(NamedTuple):
    """An answer that a route may give: its status, what it is in words, and the type of its body, if it has one.

    Several types in a tuple: one of them.
    """

    status: int
    description: str
    kind: Any = None
    media_type: str = JSON


Result: TypeAlias = msgspec.Struct | web.StreamResponse
"""What a handler returns: a struct, which is answered with the route's first status, or a response of its own."""


@dataclass(frozen=True, kw_only=True)
class Route:
    """One route; `operation` is its OpenAPI operation id, `tag` the room of its caller.

    `while_away`: it asks the record nothing, and says what is wrong with it: who was let in a while ago is let in.
    """

    method: str
    path: str
    access: Access
    operation: str
    summary: str
    tag: str
    handler: Callable[[Call[Any]], Awaitable[Result]]
    answers: tuple[Answer, ...]
    body: Body | None = None
    query: type[msgspec.Struct] | None = None
    problems: tuple[ProblemCode, ...] = ()
    headers: tuple[str, ...] = ()
    while_away: bool = False

    def without_body(self) -> Route | None:
        """Return what answers HEAD as this route answers GET; None: it takes no GET, or is a WebSocket."""
        if self.method != "GET" or self.access is Proof.TICKET:
            return None
        answers = tuple(Answer(one.status, f"{one.description} Without the body.") for one in self.answers)
        return replace(self, method="HEAD", operation=f"head_{self.operation}", answers=answers)


def json_body(kind: type[msgspec.Struct], bytes_max: int) -> Body:
    """Return a body in JSON of one type."""
    return Body(bytes_max, kind, {JSON: kind})
