"""What a change by an administrator asks for, who asks, and how a refusal is answered.

Bounded: `BODY_BYTES` a request, a reason by `Reason`, a name by `Confirmation`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
from msgspec import Meta

from handlers.action_requests import Reason
from handlers.administration.changing import Administrator
from handlers.http import problems
from handlers.http.problem_codes import ProblemCode

if TYPE_CHECKING:
    from aiohttp import web

    from handlers.http.problems import Refusal
    from handlers.http.route import Call

BODY_BYTES: Final = 64 * 1024
Confirmation = Annotated[str, Meta(min_length=1, max_length=200)]
"""The id of an authority, the name on a token, or a lane: typed, so that the right one is meant."""


class Change(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why something is changed."""

    reason: Reason


class ConfirmedChange(Change, frozen=True, kw_only=True):
    """Why something is changed that cannot be taken back, and of what, typed."""

    confirmation: Confirmation


def administrator_of(call: Call[Any], reason: str = "") -> Administrator | web.Response:
    """Return who administers, or that an officer of an authority does not."""
    if call.bearer.authority is not None:
        return problems.response(ProblemCode.OTHER_AUTHORITY, "an officer of an authority administers nothing")
    return Administrator(actor=call.actor.label, token=call.actor.token_id, reason=reason)


def confirmed(call: Call[Any], name: str) -> Administrator | web.Response:
    """Return who administers, or that they may not, or have typed another name."""
    body: ConfirmedChange = call.body
    by = administrator_of(call, body.reason)
    if isinstance(by, Administrator) and body.confirmation != name:
        return problems.response(ProblemCode.WRONG_CONFIRMATION, "what was typed is not the name of what is meant")
    return by


def answered(refusal: Refusal) -> web.Response:
    """Return the answer of no."""
    return problems.response(refusal.code, refusal.detail, refusal.errors)


def bad_field(path: str, detail: str) -> web.Response:
    """Return the answer with one bad field."""
    error = problems.FieldError(path, detail)
    return problems.response(ProblemCode.BAD_FIELDS, "the request has bad fields; nothing was changed", [error])
