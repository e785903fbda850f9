"""Enrols users who agreed to be reached by exercises, and withdraws them.

The platform says when a user agreed, and that is kept: how many are enrolled, and since when, operators can see, and
they can withdraw everybody. The audit trail has that one was enrolled or withdrawn, and by whom, never who it was.
Bounded: one user a request, `sql.enrolment.ENROLLED_MAX` in all.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import msgspec
from aiohttp import web

import sql.enrolment
from handlers.action_requests import Reason
from handlers.alert_answers import Answer
from handlers.http import problems
from handlers.http.problem_codes import ProblemCode
from handlers.http.problems import FieldError
from handlers.moments import Moment, in_future
from push.alerts.enrolment import enrol, withdraw, withdraw_all
from runtime.clock import record_now

if TYPE_CHECKING:
    from handlers.http.route import Call
    from sql.database import Pool

BODY_BYTES: Final = 4096
CONSENT_MAX: Final = timedelta(days=730)
"""A consent that is older is asked for again."""


class Consent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When the user agreed to be reached by exercises."""

    consented_at: Moment


class AllWithdrawn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why everybody is withdrawn."""

    reason: Reason


class Enrolled(Answer, frozen=True, kw_only=True):
    """How many users are enrolled, when the first and the last of them agreed.

    `without_consent`: of how many no time is known, as they were enrolled before it was asked for.
    """

    enrolled: int
    without_consent: int
    first_consent_at: datetime | None
    last_consent_at: datetime | None


class Withdrawn(Answer, frozen=True, kw_only=True):
    """How many users were withdrawn."""

    withdrawn: int


class Enrolment:
    """`PUT` and `DELETE /v1/enrolled/{user}`, `GET /v1/enrolled` and `POST /v1/enrolled/withdrawal`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def put(self, call: Call[Consent]) -> web.Response:
        """Enrol a user who agreed; one who is enrolled stays so."""
        at = call.body.consented_at
        errors = in_future(at, "$.consented_at")
        if at < record_now() - CONSENT_MAX:
            errors.append(FieldError("$.consented_at", f"more than {CONSENT_MAX.days} days ago: ask the user again"))
        if errors:
            return problems.response(ProblemCode.BAD_FIELDS, "nobody was enrolled", errors)
        if (
            await enrol(self._pool, [call.user], call.actor.label, at.astimezone(UTC), token=call.actor.token_id)
            is not None
        ):
            return web.Response(status=204)
        return problems.response(
            ProblemCode.ENROLMENT_FULL, f"at most {sql.enrolment.ENROLLED_MAX} users can be enrolled"
        )

    async def delete(self, call: Call[None]) -> web.Response:
        """Withdraw a user, from the next batch on; one who is not enrolled stays so."""
        await withdraw(self._pool, [call.user], call.actor.label, token=call.actor.token_id)
        return web.Response(status=204)

    async def get_count(self, _: Call[None]) -> Enrolled:
        """Return how many are enrolled, never who."""
        found = await sql.enrolment.consents(self._pool)
        return Enrolled(
            enrolled=found.enrolled,
            without_consent=found.without_consent,
            first_consent_at=found.first,
            last_consent_at=found.last,
        )

    async def post_withdrawal(self, call: Call[AllWithdrawn]) -> Withdrawn | web.Response:
        """Withdraw everybody."""
        if call.bearer.authority is not None:
            return problems.response(ProblemCode.OTHER_AUTHORITY, "the exercises of all authorities reach them")
        return Withdrawn(
            withdrawn=await withdraw_all(self._pool, call.actor.label, call.body.reason, token=call.actor.token_id)
        )
