"""Parts of a request: its body within a bound, and the alert that its path names.

Nothing beyond the bound is read, whatever the request says of its length. Bounded in time by the caller.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final
from uuid import UUID

from aiohttp import ClientPayloadError, web
from aiohttp.http_exceptions import HttpProcessingError

from handlers.http import problems
from handlers.http.problem_codes import ProblemCode

if TYPE_CHECKING:
    from aiohttp.web import Request

BODY_BYTES_PER_S: Final = 32 * 1024
"""For so much of a body that came its sender has a second more: a slow phone is that fast."""

BODY_ERRORS: Final = (
    HttpProcessingError,
    ClientPayloadError,
    web.PayloadAccessError,
    web.RequestPayloadError,
    ConnectionError,
)
"""What aiohttp raises while a body is read that its sender did not write as HTTP has it, or left."""

NO_ALERT_NAMED: Final = UUID(int=0)


async def read_bytes(request: Request, bytes_max: int, within_s: float) -> bytes | web.Response:
    """Return a request's body of at most `bytes_max` that comes in time, or the problem with it."""
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"", "identity"}:
        return problems.response(ProblemCode.UNSUPPORTED_ENCODING, "the body is taken as it is, without an encoding")
    body = b""
    try:
        if (request.content_length or 0) <= bytes_max:
            body = await _received(request, bytes_max, within_s)
            if len(body) <= bytes_max:
                return body
    except TimeoutError:
        late = problems.response(ProblemCode.REQUEST_TIMEOUT, f"the body was not there within {within_s:g} s")
        late.force_close()
        return late
    except BODY_ERRORS:
        return problems.response(ProblemCode.MALFORMED_REQUEST, "the body ends early, or is not in the form of HTTP")
    return problems.response(ProblemCode.TOO_LARGE, f"at most {bytes_max} bytes")


async def _received(request: Request, bytes_max: int, within_s: float) -> bytes:
    """Return what comes, of which more than `bytes_max` is not read; TimeoutError when it stands still."""
    body = bytearray()
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    async with asyncio.timeout(within_s) as deadline:
        while len(body) <= bytes_max and (more := await request.content.read(bytes_max + 1 - len(body))):
            body += more
            deadline.reschedule(began_s + within_s + len(body) / BODY_BYTES_PER_S)
    return bytes(body)


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
