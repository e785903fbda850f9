"""What a request asks: its body within a bound, the alert that its path names, and who asks flow out.

Nothing beyond the bound is read, whatever the request says of its length.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from handlers.auth.token_store import BEARER
from handlers.http import problems
from push.alerts.actions.actor import Actor

if TYPE_CHECKING:
    from aiohttp import web

    from handlers.auth.token_store import Bearer


async def read_body(request: web.Request, bytes_max: int) -> bytes | web.Response:
    """Return a request's body of at most `bytes_max`, or 413."""
    if (request.content_length or 0) <= bytes_max:
        body = await request.content.read(bytes_max + 1)
        while len(body) <= bytes_max and (more := await request.content.read(bytes_max + 1 - len(body))):
            body += more
        if len(body) <= bytes_max:
            return body
    return problems.response(413, f"at most {bytes_max} bytes")


def alert_of(request: web.Request) -> UUID | None:
    """Return the alert that a path names, None when that is no alert's id."""
    try:
        return UUID(request.match_info["id"])
    except ValueError:
        return None


def no_alert() -> web.Response:
    """Return the answer of a path that names no alert."""
    return problems.response(404, "no such alert: a path has its id, which GET /v1/alerts?case_number=... finds")


def actor_of(request: web.Request) -> Actor:
    """Return who asks."""
    bearer: Bearer = request[BEARER]
    return Actor(role=bearer.role.value, name=bearer.name, authority=bearer.authority)
