"""Enrols users who agreed to be reached by exercises, and withdraws them, many at once; the trail never says who.

Bounded: `USERS_MAX` users a change, `sql.enrolment.ENROLLED_MAX` in all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import sql.enrolment
from handlers.http.problem_codes import ProblemCode
from handlers.http.problems import Refusal
from push.alerts import enrolment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from handlers.administration.changing import Administrator
    from sql.database import Pool

USERS_MAX: Final = 10_000


async def enrol(pool: Pool, by: Administrator, users: Sequence[int], consented_at: datetime) -> int | Refusal:
    """Enrol users who agreed at a time; returns how many were not enrolled before."""
    if len(users) > USERS_MAX:
        return _too_many()
    changed = await enrolment.enrol(
        pool, users, by.actor, consented_at, token=by.token, terminal=by.terminal, reason=by.reason
    )
    if changed is None:
        detail = f"at most {sql.enrolment.ENROLLED_MAX} users can be enrolled"
        return Refusal(ProblemCode.ENROLMENT_FULL, detail)
    return changed


async def withdraw(pool: Pool, by: Administrator, users: Sequence[int]) -> int | Refusal:
    """Withdraw users; returns how many were enrolled."""
    if len(users) > USERS_MAX:
        return _too_many()
    return await enrolment.withdraw(pool, users, by.actor, token=by.token, terminal=by.terminal, reason=by.reason)


def _too_many() -> Refusal:
    return Refusal(ProblemCode.BAD_FIELDS, f"at most {USERS_MAX} users at once")
