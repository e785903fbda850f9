"""Parts of a request: its body within a bound, and the alert that its path names.

Nothing beyond the bound is read, whatever the request says of its length.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID

from handlers.http import problems
from handlers.http.problem_codes import ProblemCode

if TYPE_CHECKING:
    from aiohttp import web
    from aiohttp.web import Request

NO_ALERT_NAMED: Final = UUID(int=0)


async def read_bytes(request: Request, bytes_max: int) -> bytes | web.Response:
    """Return a request's body of at most `bytes_max`, or 413."""
    if (request.content_length or 0) <= bytes_max:
        body = await request.content.read(bytes_max + 1)
        while len(body) <= bytes_max and (more := await request.content.read(bytes_max + 1 - len(body))):
            body += more
        if len(body) <= bytes_max:
            return body
    return problems.response(ProblemCode.TOO_LARGE, f"at most {bytes_max} bytes")


def alert_id_of(text: str | None) -> UUID | None:
    """Return the alert that a path names, `NO_ALERT_NAMED` where it has no place for one; None for no alert's id."""
    try:
        return NO_ALERT_NAMED if text is None else UUID(text)
    except ValueError:
        return None


def unknown_alert() -> web.Response:
    """Return the answer of a path that names no alert."""
    detail = "no such alert: a path has its id, which GET /v1/alerts?case_number=... finds"
    return problems.response(ProblemCode.UNKNOWN_ALERT, detail)


def unknown_public_alert() -> web.Response:
    """Return the answer of a public path that names no alert that is published."""
    return problems.response(ProblemCode.NOT_PUBLISHED, "no such public alert")
