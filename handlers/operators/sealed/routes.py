"""The routes to what is sealed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers.http.problem_codes import ProblemCode
from handlers.http.roles import Role
from handlers.http.route import Answer, Route
from handlers.operators.sealed.notes import Sealed
from handlers.operators.sealed.outcomes import OutcomeAnswer, Statistics

if TYPE_CHECKING:
    from handlers.operators.sealed.notes import SealedNotes
    from handlers.operators.sealed.outcomes import Outcomes


def routes(notes: SealedNotes, outcomes: Outcomes) -> list[Route]:
    """Return the routes."""
    return [
        Route(
            method="GET",
            path="/v1/alerts/{id}/internal",
            access=Role.VIEWER,
            operation="read_internal",
            summary="What the police sealed: for the case's officers and for approvers; who read it is recorded.",
            tag="operators",
            handler=notes.get,
            answers=(Answer(200, "What is sealed.", Sealed),),
            problems=(ProblemCode.WRONG_ROLE, ProblemCode.UNKNOWN_ALERT),
        ),
        Route(
            method="GET",
            path="/v1/alerts/{id}/outcome",
            access=Role.OPERATOR,
            operation="read_outcome",
            summary="How the case ended; sealed: no other answer has it.",
            tag="operators",
            handler=outcomes.get,
            answers=(Answer(200, "The outcome.", OutcomeAnswer),),
            problems=(ProblemCode.UNKNOWN_ALERT,),
        ),
        Route(
            method="GET",
            path="/v1/statistics",
            access=Role.VIEWER,
            operation="read_statistics",
            summary="How many alerts ended how: recovered, dead, unfounded, because of the alert.",
            tag="operators",
            handler=outcomes.get_statistics,
            answers=(Answer(200, "The numbers.", Statistics),),
        ),
    ]
