"""Problems: what went wrong flows in, `application/problem+json` (RFC 9457) flows out.

Bounded: at most `ERRORS_MAX` bad fields are listed.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import msgspec
import structlog
from aiohttp import web

from geo.connection import UNAVAILABLE_ERRORS as INDEX_UNAVAILABLE_ERRORS
from sql.database import UNAVAILABLE_ERRORS

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

ERRORS_MAX = 50
RETRY_AFTER_S = 2

_log = structlog.get_logger("handlers.http.problems")


class FieldError(msgspec.Struct, frozen=True):
    """One bad field, by its JSON path."""

    path: str
    detail: str


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """RFC 9457."""

    title: str
    status: int
    detail: str = ""
    type: str = "about:blank"
    errors: list[FieldError] = []
    possible: list[str] | None = None


def body(status: int, detail: str, errors: list[FieldError] | None = None, possible: list[str] | None = None) -> bytes:
    """Return a problem document; `possible` names what could be done instead."""
    problem = Problem(HTTPStatus(status).phrase, status, detail, errors=(errors or [])[:ERRORS_MAX], possible=possible)
    encoded = msgspec.to_builtins(problem)
    return msgspec.json.encode({"type": problem.type, **encoded})


def response(
    status: int,
    detail: str,
    errors: list[FieldError] | None = None,
    headers: dict[str, str] | None = None,
    possible: list[str] | None = None,
) -> web.Response:
    """Return a problem response."""
    return web.Response(
        status=status,
        body=body(status, detail, errors, possible),
        content_type="application/problem+json",
        headers=headers,
    )


DETAILS: Final = {404: "no such path; /openapi.json lists them all"}
"""What is said of a path that nothing answers."""


@web.middleware
async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn what handlers raise into problems: nobody outside sees a stack trace or a framework's page."""
    if any("\0" in part for part in request.match_info.values()):
        # PostgreSQL has no place for it, so nothing has such a name.
        return response(404, DETAILS[404])
    try:
        return await handler(request)
    except web.HTTPRequestEntityTooLarge:
        return response(413, "the body is larger than this route takes")
    except web.HTTPException as error:
        if error.status < HTTPStatus.BAD_REQUEST:
            raise
        allow = error.headers.get("Allow")
        detail = f"this path takes {allow}" if allow else DETAILS.get(error.status, error.reason)
        return response(error.status, detail, headers={"Allow": allow} if allow else None)
    except (*UNAVAILABLE_ERRORS, *INDEX_UNAVAILABLE_ERRORS) as error:
        _log.warning("request.store_away", route=route_of(request), error=type(error).__name__)
        return response(503, "a store is away; try again", headers={"Retry-After": str(RETRY_AFTER_S)})
    except Exception:  # noqa: BLE001 - the last line before the outside; it is logged as a bug
        _log.exception("request.bug", route=route_of(request))
        return response(500, "a bug; it has been logged")


def route_of(request: web.Request) -> str:
    """Return the route's pattern, never the path, which may hold an id."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "none"
