"""Parts of a request: its body within a bound, the alert that its path names, and whether our own pages sent it.

Nothing beyond the bound is read, whatever the request says of its length. Bounded in time by the caller.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit
from uuid import UUID

from aiohttp import ClientPayloadError, HttpVersion11, hdrs, web
from aiohttp.http_exceptions import HttpProcessingError

from handlers.http import problems
from handlers.http.problem_codes import ProblemCode

if TYPE_CHECKING:
    from aiohttp.web import Request

BYTES_PER_S: Final = 32 * 1024
"""For so much of a body its sender, and of a response its reader, has a second more: a slow phone is that fast."""

BODY_ERRORS: Final = (
    HttpProcessingError,
    ClientPayloadError,
    web.PayloadAccessError,
    web.RequestPayloadError,
    ConnectionError,
)
"""What aiohttp raises while a body is read that its sender did not write as HTTP has it, or left."""

OURS: Final = "same-origin"
"""What browsers say (`Sec-Fetch-Site`) of a request that a page of ours sent; pages cannot change that."""

NO_ALERT_NAMED: Final = UUID(int=0)
EXPECTED: Final = "100-continue"
"""What may be expected of this server (RFC 9110, 10.1.1)."""

CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"


async def read_bytes(
    request: Request, bytes_max: int, within_s: float, bytes_per_s: int = BYTES_PER_S
) -> bytes | web.Response:
    """Return a request's body of at most `bytes_max` that comes in time, or the problem with it.

    `bytes_per_s`: for so much of it there is a second more.
    """
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"", "identity"}:
        return problems.response(ProblemCode.UNSUPPORTED_ENCODING, "the body is taken as it is, without an encoding")
    body = b""
    try:
        if (request.content_length or 0) <= bytes_max:
            await _invite(request)
            body = await _received(request, bytes_max, within_s, bytes_per_s)
            if len(body) <= bytes_max:
                return body
    except TimeoutError:
        late = problems.response(ProblemCode.REQUEST_TIMEOUT, f"the body was not there within {within_s:g} s")
        late.force_close()
        return late
    except BODY_ERRORS:
        return problems.response(ProblemCode.MALFORMED_REQUEST, "the body ends early, or is not in the form of HTTP")
    return problems.response(ProblemCode.TOO_LARGE, f"at most {bytes_max} bytes")


async def _invite(request: Request) -> None:
    """Let a client send its body that first waits for leave to; who was refused before that sends none."""
    if request.version == HttpVersion11 and hdrs.EXPECT in request.headers and not request.content.is_eof():
        await request.writer.write(CONTINUE)
        # aiohttp counts it towards the answer, which has not begun.
        request.writer.output_size = 0


async def _received(request: Request, bytes_max: int, within_s: float, bytes_per_s: int) -> bytes:
    """Return what comes, of which more than `bytes_max` is not read; TimeoutError when it stands still."""
    body = bytearray()
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    async with asyncio.timeout(within_s) as deadline:
        while len(body) <= bytes_max and (more := await request.content.read(bytes_max + 1 - len(body))):
            body += more
            deadline.reschedule(began_s + within_s + len(body) / bytes_per_s)
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


def is_same_site(request: Request) -> bool:
    """Tell whether a request that changes something comes from our own pages; without either header it does not."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None and site != OURS:
        return False
    if origin is None:
        return site == OURS
    return is_own_origin(request, origin)


def is_own_origin(request: Request, origin: str) -> bool:
    """Tell whether an origin is that of the address under which the request came."""
    try:
        return bool(request.host) and urlsplit(origin).netloc.lower() == request.host.lower()
    except ValueError:
        return False


def may_open(request: Request) -> bool:
    """Tell whether a WebSocket may be opened: by our own pages, or by what is no browser, which says nothing of a site.

    Browsers open one to anybody, and leave it to the server to look at the origin.
    """
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    return site in {None, OURS} and (origin is None or is_own_origin(request, origin))
