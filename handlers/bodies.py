"""Bodies: a request flows in, its bytes flow out, or the refusal of more than the route takes.

Nothing beyond the bound is read, whatever the request says of its length.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers import problems

if TYPE_CHECKING:
    from aiohttp import web


async def read_body(request: web.Request, bytes_max: int) -> bytes | web.Response:
    """Return a request's body of at most `bytes_max`, or 413."""
    if (request.content_length or 0) <= bytes_max:
        body = await request.content.read(bytes_max + 1)
        while len(body) <= bytes_max and (more := await request.content.read(bytes_max + 1 - len(body))):
            body += more
        if len(body) <= bytes_max:
            return body
    return problems.response(413, f"at most {bytes_max} bytes")
