"""The routes of alarms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers.http.problem_codes import ProblemCode
from handlers.http.roles import Role
from handlers.http.route import Answer, Route, json_body
from handlers.operators.alarms.alarms import BODY_BYTES
from handlers.operators.alarms.answers import Acknowledge, AlarmsAnswer, ShownAlarm

if TYPE_CHECKING:
    from handlers.operators.alarms.alarms import Alarms


def routes(alarms: Alarms) -> list[Route]:
    """Return the routes."""
    return [
        Route(
            method="GET",
            path="/v1/alarms",
            access=Role.VIEWER,
            operation="list_alarms",
            summary="The alarms that stand in any process, with who has taken them.",
            tag="operators",
            handler=alarms.get,
            answers=(Answer(200, "The alarms.", AlarmsAnswer),),
            while_away=True,
        ),
        Route(
            method="POST",
            path="/v1/alarms/{id}/acknowledgements",
            access=Role.OPERATOR,
            operation="acknowledge_alarm",
            summary="Takes an alarm, which everybody is told; it stands until it is over, and makes no sound any more.",
            tag="operators",
            handler=alarms.post_acknowledgement,
            body=json_body(Acknowledge, BODY_BYTES),
            answers=(Answer(200, "The alarm as it stands then.", ShownAlarm),),
            problems=(
                ProblemCode.UNKNOWN_ALARM,
                ProblemCode.ALREADY_ACKNOWLEDGED,
                ProblemCode.TOO_LARGE,
                ProblemCode.BAD_FIELDS,
            ),
        ),
    ]
