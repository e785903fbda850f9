"""Devices: reports of where people are flow in, or the wish to be forgotten; what was taken flows out.

Bounded: `REPORTS_MAX` reports and `BODY_BYTES` a request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

import sql.enrolment
from geo.connection import UNAVAILABLE_ERRORS
from handlers.http import problems
from handlers.http.responses import answer_json
from handlers.platform.reports import Unreadable, decode, user_in_path

if TYPE_CHECKING:
    from geo.index.forgetting import Forgetting
    from geo.index.position_index import PositionIndex
    from handlers.platform.reports import Reports
    from sql.database import Pool

REPORTS_MAX = 10_000
BODY_BYTES = 4 * 1024 * 1024
NO_USER = "a user is a positive integer below 2^63"


class Devices:
    """`POST /v1/devices` and `DELETE /v1/users/{user}`."""

    def __init__(self, reports: Reports, index: PositionIndex, forgetting: Forgetting, pool: Pool) -> None:
        self._pool = pool
        self._reports = reports
        self._index = index
        self._forgetting = forgetting

    async def post(self, request: web.Request) -> web.Response:
        """Take reports into the index."""
        decoded = decode(await request.read(), request.content_type)
        if isinstance(decoded, Unreadable):
            return problems.response(decoded.status, decoded.detail)
        good, bad = decoded
        if len(good) + len(bad) > REPORTS_MAX:
            return problems.response(413, f"at most {REPORTS_MAX} reports a request")
        try:
            taken = await self._reports.take(good, bad)
        except UNAVAILABLE_ERRORS:
            headers = {"Retry-After": str(problems.RETRY_AFTER_S)}
            return problems.response(503, "Redis is away; send the same reports again", headers=headers)
        return answer_json(taken)

    async def delete(self, request: web.Request) -> web.Response:
        """Forget a user: position, device, token and enrolment at once, and what is about to be sent as well."""
        user = user_in_path(request.match_info["user"])
        if user is None:
            return problems.response(422, NO_USER)
        await sql.enrolment.withdraw(self._pool, [user])
        await self._index.forget([user])
        await self._forgetting.announce([user])
        return web.Response(status=204)
