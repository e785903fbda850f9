"""Takes device reports, and forgets users.

Bounded: `REPORTS_MAX` reports and `BODY_BYTES` a request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

import sql.enrolment
import sql.forgotten
from geo.connection import UNAVAILABLE_ERRORS, raise_if_mistake
from handlers.http import problems
from handlers.http.problem_codes import ProblemCode
from handlers.platform.reports import Unreadable, decode

if TYPE_CHECKING:
    from geo.index.forgetting import Forgetting
    from geo.index.position_index import PositionIndex
    from handlers.http.route import Call
    from handlers.platform.reports import Reports, Taken
    from sql.database import Pool

REPORTS_MAX = 10_000
BODY_BYTES = 4 * 1024 * 1024


class Devices:
    """`POST /v1/devices` and `DELETE /v1/users/{user}`."""

    def __init__(self, reports: Reports, index: PositionIndex, forgetting: Forgetting, pool: Pool) -> None:
        self._pool = pool
        self._reports = reports
        self._index = index
        self._forgetting = forgetting

    async def post(self, call: Call[bytes]) -> Taken | web.Response:
        """Take reports into the index."""
        decoded = decode(call.body, call.request.content_type)
        if isinstance(decoded, Unreadable):
            return problems.response(ProblemCode.UNREADABLE, decoded.detail)
        good, bad = decoded
        if len(good) + len(bad) > REPORTS_MAX:
            return problems.response(ProblemCode.TOO_LARGE, f"at most {REPORTS_MAX} reports a request")
        try:
            return await self._reports.take(good, bad)
        except UNAVAILABLE_ERRORS as error:
            raise_if_mistake(error)
            detail = "Redis is away, or takes nothing now; send the same reports again"
            return problems.response(ProblemCode.STORE_UNAVAILABLE, detail, headers=problems.RETRY_AFTER)

    async def delete(self, call: Call[None]) -> web.Response:
        """Forget a user: position, device, token and enrolment at once, and what is about to be sent as well."""
        await sql.forgotten.add(self._pool, [call.user])
        await sql.enrolment.withdraw(self._pool, [call.user])
        await self._index.forget([call.user])
        await self._forgetting.announce([call.user])
        return web.Response(status=204)
