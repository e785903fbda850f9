"""Problems: an answer of no as `application/problem+json` (RFC 9457), with a stable code.

Bounded: at most `ERRORS_MAX` bad fields are listed.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
import structlog
from aiohttp import web

from geo.connection import UNAVAILABLE_ERRORS as INDEX_UNAVAILABLE_ERRORS
from geo.connection import is_mistake
from handlers.http.problem_codes import ProblemCode, code_of_status
from handlers.values.text import quoted
from push.alerts.record.contents import UnreadableAlertError
from sql.database import BAD_VALUE_ERRORS, UNAVAILABLE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiohttp.typedefs import Handler

ERRORS_MAX = 50
RETRY_AFTER_S = 2
RETRY_AFTER: Final = {"Retry-After": str(RETRY_AFTER_S)}
METHODS: Final = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "POST"})
"""What this server as a whole takes."""

NOT_JSON: Final = "not JSON"
COUNTED: Final = frozenset(
    {
        ProblemCode.MALFORMED_REQUEST,
        ProblemCode.UNREADABLE,
        ProblemCode.UNSUPPORTED_ENCODING,
        ProblemCode.INTERNAL_ERROR,
    }
)
"""Problems with what no parser can read, or what was not foreseen: whoever tries for more of them is slowed down."""

_IS_COUNTED: Final = web.ResponseKey("is_counted", bool)

PROBLEM_TYPE: Final = "application/problem+json"

_log = structlog.get_logger("handlers.problems")


class UnreadableAuthorityError(Exception):
    """The jurisdiction of an authority is damaged, or of another version: where its alerts may be is not known."""


class FieldError(msgspec.Struct, frozen=True):
    """One bad field, by its JSON path."""

    path: str
    detail: str


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """RFC 9457; `code` is the stable word of `docs/problems.md`, `possible` what the alert's state allows instead."""

    type: str
    title: str
    status: int
    code: ProblemCode
    detail: str = ""
    errors: list[FieldError] = []
    possible: list[str] | None = None


class Refusal(NamedTuple):
    """A problem that is not yet answered: its code and its detail."""

    code: ProblemCode
    detail: str
    errors: Sequence[FieldError] = ()


def body(code: ProblemCode, detail: str, errors: Sequence[FieldError] = (), possible: list[str] | None = None) -> bytes:
    """Return a problem document, in which what the sender wrote is bounded; `possible`: what could be done instead."""
    problem = Problem(
        type=code.uri,
        title=code.status.phrase,
        status=code.status.value,
        code=code,
        detail=quoted(detail),
        errors=[FieldError(quoted(one.path), quoted(one.detail)) for one in errors[:ERRORS_MAX]],
        possible=possible,
    )
    return msgspec.json.encode(problem)


def response(
    code: ProblemCode,
    detail: str,
    errors: Sequence[FieldError] = (),
    headers: dict[str, str] | None = None,
    possible: list[str] | None = None,
) -> web.Response:
    """Return a problem response."""
    answer = web.Response(
        status=code.status.value,
        body=body(code, detail, errors, possible),
        content_type=PROBLEM_TYPE,
        headers=headers,
    )
    answer[_IS_COUNTED] = code in COUNTED or any(one.detail.startswith(NOT_JSON) for one in errors)
    return answer


def is_counted(answer: web.StreamResponse) -> bool:
    """Tell whether an answer counts against its address: what no parser could read, or what met a bug."""
    return bool(answer.get(_IS_COUNTED, False))


def unparsed(detail: str) -> web.Response:
    """Return the problem with a query or a header that cannot be parsed."""
    return counted(response(ProblemCode.BAD_FIELDS, detail))


def counted(answer: web.Response) -> web.Response:
    """Return an answer that counts against its address."""
    answer[_IS_COUNTED] = True
    return answer


def unknown_path() -> web.Response:
    """Return the answer of a path that no route has."""
    return response(ProblemCode.UNKNOWN_PATH, "no such path; /openapi.json lists them all")


@web.middleware
async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn what handlers raise into problems: the outside never sees a stack trace or a framework's page."""
    if any("\0" in part for part in request.match_info.values()):
        # PostgreSQL has no place for it, so nothing has such a name.
        return unknown_path()
    if request.method == "OPTIONS" and request.raw_path == "*":
        return web.Response(status=HTTPStatus.NO_CONTENT, headers={"Allow": ", ".join(sorted(METHODS))})
    try:
        return await handler(request)
    except web.HTTPException as error:
        return _of_exception(error)
    except UnreadableAlertError:
        return response(ProblemCode.UNREADABLE_ALERT, "what the alert says cannot be read: it can be stopped and ended")
    except UnreadableAuthorityError:
        _log.error("request.unreadable_authority", route=route_of(request))
        detail = "the jurisdiction of the authority cannot be read: an administrator sets it anew"
        return response(ProblemCode.UNREADABLE_AUTHORITY, detail, headers=RETRY_AFTER)
    except (*UNAVAILABLE_ERRORS, *INDEX_UNAVAILABLE_ERRORS) as error:
        if is_mistake(error) or isinstance(error, BAD_VALUE_ERRORS):
            return _of_bug(request)
        _log.warning("request.store_away", route=route_of(request), error=type(error).__name__)
        return response(
            ProblemCode.STORE_UNAVAILABLE,
            "a store does not answer: it may have been done or not; look, and try again",
            headers=RETRY_AFTER,
        )
    except Exception:  # noqa: BLE001 - the last line before the outside; it is logged as a bug
        return _of_bug(request)


def _of_bug(request: web.Request) -> web.Response:
    _log.exception("request.bug", route=route_of(request))
    return response(ProblemCode.INTERNAL_ERROR, "a bug; it has been logged")


def _of_exception(error: web.HTTPException) -> web.Response:
    """Return the problem for what aiohttp answers by itself; a redirection goes on as it is."""
    if error.status < HTTPStatus.BAD_REQUEST:
        raise error
    if error.status == HTTPStatus.NOT_FOUND:
        return unknown_path()
    if error.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return response(ProblemCode.TOO_LARGE, "the body is larger than this route takes")
    if isinstance(error, web.HTTPMethodNotAllowed):
        return _of_method(error)
    return response(code_of_status(error.status), error.reason)


def _of_method(error: web.HTTPMethodNotAllowed) -> web.Response:
    """Return what a path takes (RFC 9110, 9.3.7), or that it does not take this method."""
    allow = ", ".join(sorted({*error.allowed_methods, "OPTIONS"}))
    if error.method == "OPTIONS":
        return web.Response(status=HTTPStatus.NO_CONTENT, headers={"Allow": allow})
    return response(ProblemCode.METHOD_NOT_ALLOWED, f"this path takes {allow}", headers={"Allow": allow})


def route_of(request: web.Request) -> str:
    """Return the route's pattern, never the path, which may hold an id."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "none"
