"""Enrols users who agreed to be reached by exercises, and withdraws them.

The audit trail has that one was enrolled or withdrawn, and by whom, never who it was. Bounded: one user a request,
`sql.enrolment.ENROLLED_MAX` in all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

import sql.enrolment
from handlers.http import problems
from handlers.http.problem_codes import ProblemCode
from push.alerts.enrolment import change

if TYPE_CHECKING:
    from handlers.http.route import Call
    from sql.database import Pool


class Enrolment:
    """`PUT` and `DELETE /v1/enrolled/{user}`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def put(self, call: Call[None]) -> web.Response:
        """Enrol a user; one who is enrolled stays so."""
        return await self._change(call, enrols=True)

    async def delete(self, call: Call[None]) -> web.Response:
        """Withdraw a user, from the next batch on; one who is not enrolled stays so."""
        return await self._change(call, enrols=False)

    async def _change(self, call: Call[None], *, enrols: bool) -> web.Response:
        if await change(self._pool, [call.user], call.actor.label, enrols=enrols) is not None:
            return web.Response(status=204)
        return problems.response(
            ProblemCode.ENROLMENT_FULL, f"at most {sql.enrolment.ENROLLED_MAX} users can be enrolled"
        )
