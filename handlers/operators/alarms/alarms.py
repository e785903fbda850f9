"""Alarms are read and acknowledged: who takes one is named to everybody, and in the trail.

Bounded: `BODY_BYTES` a request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from handlers.http import problems
from handlers.http.problem_codes import ProblemCode
from handlers.operators.alarms.answers import Acknowledge, AlarmsAnswer, ShownAlarm
from handlers.operators.scope import scope_of
from push.shared_alarms import NotAcknowledged

if TYPE_CHECKING:
    from aiohttp import web

    from handlers.http.bearer import Bearer
    from handlers.http.route import Call
    from handlers.operators.alarms.within import AlarmsWithin

BODY_BYTES: Final = 4096


class Alarms:
    """`GET /v1/alarms` and `POST /v1/alarms/{id}/acknowledgements`."""

    def __init__(self, within: AlarmsWithin) -> None:
        self._within = within
        self.shared = within.shared

    async def get(self, call: Call[None]) -> AlarmsAnswer:
        """Return the alarms that stand."""
        return self.listed_for(call.bearer)

    def listed_for(self, bearer: Bearer) -> AlarmsAnswer:
        """Return the alarms that somebody may read about."""
        return AlarmsAnswer(
            alarms=self._within.of(scope_of(bearer)),
            processes=self.shared.processes,
            record="ok" if self.shared.is_recorded else "away",
        )

    async def post_acknowledgement(self, call: Call[Acknowledge]) -> ShownAlarm | web.Response:
        """Let somebody have an alarm."""
        alarm = await self.shared.known(call.alert_id)
        if alarm is None or not self._within.has(scope_of(call.bearer), alarm):
            return _unknown()
        taken = await self.shared.acknowledge(alarm, call.actor, call.body.note, take_over=call.body.take_over)
        if taken is NotAcknowledged.UNKNOWN:
            return _unknown()
        if isinstance(taken, NotAcknowledged):
            standing = self.shared.find(alarm.id)
            by = "somebody" if standing is None or standing.acknowledged is None else standing.acknowledged.by
            return problems.response(
                ProblemCode.ALREADY_ACKNOWLEDGED, f"{by} has taken this alarm; `take_over` takes it over"
            )
        return self._within.shown(taken)


def _unknown() -> web.Response:
    return problems.response(ProblemCode.UNKNOWN_ALARM, "no such alarm stands: it may be over, or raised anew")
