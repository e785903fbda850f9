"""`POST /v1/exercises`: starts an exercise in the name of an authority; it reaches only those who are enrolled.

It is a case like any other, with the status `exercise` and texts that say that nobody is missing: it goes through the
review of the authority. The trail has who started it and why. Bounded: one a request; a number names one exercise.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Annotated, Any, Final
from uuid import uuid4

import msgspec
from msgspec import Meta

import sql.administration
from handlers.action_requests import Reason
from handlers.http import problems
from handlers.http.problem_codes import ProblemCode
from handlers.police.intake import Sent
from push.notice import Status
from runtime.clock import record_now
from sql.audit import AuditEvent

if TYPE_CHECKING:
    from aiohttp import web

    from handlers.http.route import Call
    from handlers.police.intake import Intake
    from sql.database import Pool

BODY_BYTES: Final = 16 * 1024
NUMBER_BYTES: Final = 3
NOBODY: Final = {"name": "演习", "age": 6, "clothing": "演习，并无此人"}
"""Who is missing: an exercise ("yan xi"), whom nobody can take for a child."""

TEXTS: Final = {
    "zh-CN": {"title": "寻找走失儿童的演习", "body": "这是一次演习，没有人走失，您无需做任何事。"},
    "en": {
        "title": "An exercise of the missing-child alert",
        "body": "This is an exercise. Nobody is missing, and you need do nothing.",
    },
}


class NewExercise(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An exercise around a place (degrees, WGS-84), in the name of an authority, which is typed once more.

    `number`: its case number; one that was used starts no second exercise. `phone`: whom its readers may call.
    """

    authority: Annotated[str, Meta(min_length=1, max_length=63)]
    confirmation: Annotated[str, Meta(min_length=1, max_length=200)]
    longitude: Annotated[float, Meta(ge=-180, le=180)]
    latitude: Annotated[float, Meta(ge=-90, le=90)]
    place: Annotated[str, Meta(min_length=1, max_length=100)] | None = None
    phone: Annotated[str, Meta(min_length=3, max_length=20)] = "110"
    number: Annotated[str, Meta(min_length=1, max_length=64, pattern="^EX-[A-Za-z0-9-]+$")] | None = None
    reason: Reason


class Exercises:
    """Starts exercises."""

    def __init__(self, pool: Pool, intake: Intake) -> None:
        self._pool = pool
        self._intake = intake

    async def post(self, call: Call[NewExercise]) -> web.Response:
        """Start an exercise; answers with its alert."""
        body, actor = call.body, call.actor
        if actor.authority not in {None, body.authority}:
            return problems.response(ProblemCode.OTHER_AUTHORITY, "an officer starts exercises of the own authority")
        if body.confirmation != body.authority:
            return problems.response(ProblemCode.WRONG_CONFIRMATION, "what was typed is not the authority's id")
        found = await sql.administration.authority(self._pool, body.authority)
        if found is None or found.revoked_at is not None:
            return problems.response(ProblemCode.UNKNOWN_AUTHORITY, "no such authority, or it is revoked")
        number = body.number or new_number()
        event = AuditEvent(
            actor=actor.label,
            action="exercise started",
            reason=body.reason,
            details={"authority": body.authority, "case_number": number},
            token=actor.token_id,
        )
        content = msgspec.json.encode(_case(body, number, found.name))
        return await self._intake.take(Sent(body.authority, actor, f"exercise:{uuid4()}", content, event))


def new_number() -> str:
    """Return the case number of an exercise that has none."""
    return f"EX-{record_now():%Y%m%d-%H%M%S}-{secrets.token_hex(NUMBER_BYTES)}"


def _case(body: NewExercise, number: str, name: str) -> dict[str, Any]:
    now = record_now()
    seen = {"at": now, "longitude": body.longitude, "latitude": body.latitude, "place": body.place}
    return {
        "case_number": number,
        "status": Status.EXERCISE.value,
        "reported_at": now,
        "child": NOBODY,
        "last_seen": seen,
        "contact": {"name": name, "phone": body.phone},
        "texts": TEXTS,
    }
