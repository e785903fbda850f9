"""Enrolment over HTTP: a user who agreed to be reached by exercises flows in or out; 204 flows back.

The audit trail has that one was enrolled or withdrawn, and by whom, never who it was. Bounded: one user a request,
`sql.enrolment.ENROLLED_MAX` in all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

import sql.audit
import sql.enrolment
from handlers import problems
from handlers.actions import actor_of
from handlers.devices import NO_USER
from handlers.reports import user_in_path
from sql.audit import AuditEvent

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
        async with self._pool.acquire() as connection, connection.transaction():
            if bool(await sql.enrolment.enrolled_among(connection, [user])) is enrols:
                return web.Response(status=204)
            if not enrols:
                await sql.enrolment.withdraw(connection, [user])
            elif not await sql.enrolment.enrol(connection, [user]):
                await sql.enrolment.withdraw(connection, [user])
                return problems.response(409, f"at most {sql.enrolment.ENROLLED_MAX} users can be enrolled")
            action = "exercise enrolment" if enrols else "exercise withdrawal"
            event = AuditEvent(actor=actor_of(request).said, action=action, details={"users": 1})
            await sql.audit.append(connection, event)
        return web.Response(status=204)
