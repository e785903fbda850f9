"""Enrolment over HTTP: a user who agreed to be reached by exercises flows in or out; 204 flows back.

The audit trail has that one was enrolled or withdrawn, and by whom, never who it was. Bounded: one user a request,
`sql.enrolment.ENROLLED_MAX` in all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

import sql.enrolment
from handlers.http import problems
from handlers.http.requests import actor_of
from handlers.platform.devices import NO_USER
from handlers.platform.reports import user_in_path
from push.alerts.enrolment import change

if TYPE_CHECKING:
    from sql.database import Pool


class Enrolment:
    """`PUT` and `DELETE /v1/enrolled/{user}`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def put(self, request: web.Request) -> web.Response:
        """Enrol a user; whoever is enrolled stays so."""
        return await self._change(request, enrols=True)

    async def delete(self, request: web.Request) -> web.Response:
        """Withdraw a user, from the next batch on; whoever is not enrolled stays so."""
        return await self._change(request, enrols=False)

    async def _change(self, request: web.Request, *, enrols: bool) -> web.Response:
        user = user_in_path(request.match_info["user"])
        if user is None:
            return problems.response(422, NO_USER)
        if await change(self._pool, [user], actor_of(request).label, enrols=enrols) is not None:
            return web.Response(status=204)
        return problems.response(409, f"at most {sql.enrolment.ENROLLED_MAX} users can be enrolled")
