"""The routes of sightings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers.http.problem_codes import ProblemCode
from handlers.http.roles import Role
from handlers.http.route import Answer, Route, json_body
from handlers.operators.sightings.answers import ShownSighting, SightingDecision, SightingsAnswer, SightingsQuery
from handlers.operators.sightings.sightings import BODY_BYTES

if TYPE_CHECKING:
    from handlers.operators.sightings.sightings import SightingReports


def routes(reports: SightingReports) -> list[Route]:
    """Return the routes."""
    return [
        Route(
            method="GET",
            path="/v1/alerts/{id}/sightings",
            access=Role.OPERATOR,
            operation="list_sightings",
            summary="What strangers saw, one of each stack of nearly the same; who read it is recorded.",
            tag="operators",
            handler=reports.get_all,
            query=SightingsQuery,
            answers=(Answer(200, "A page.", SightingsAnswer),),
            problems=(ProblemCode.UNKNOWN_ALERT, ProblemCode.BAD_FIELDS),
        ),
        Route(
            method="GET",
            path="/v1/alerts/{id}/sightings/{sighting}",
            access=Role.OPERATOR,
            operation="read_sighting",
            summary="One sighting; who read it is recorded.",
            tag="operators",
            handler=reports.get_one,
            answers=(Answer(200, "The sighting.", ShownSighting),),
            problems=(ProblemCode.UNKNOWN_ALERT, ProblemCode.UNKNOWN_SIGHTING),
        ),
        Route(
            method="GET",
            path="/v1/alerts/{id}/sightings/{sighting}/photos/{number}",
            access=Role.OPERATOR,
            operation="read_sighting_photo",
            summary="A copy of a photo without its metadata; the original is for the police. Who saw it is recorded.",
            tag="operators",
            handler=reports.get_photo,
            answers=(Answer(200, "The copy.", bytes, "image/jpeg"),),
            problems=(ProblemCode.UNKNOWN_ALERT, ProblemCode.UNKNOWN_SIGHTING, ProblemCode.STORE_UNAVAILABLE),
        ),
        Route(
            method="POST",
            path="/v1/alerts/{id}/sightings/{sighting}/decision",
            access=Role.OPERATOR,
            operation="decide_sighting",
            summary="Passes a sighting on to the police, says of which one it is a duplicate, or dismisses it.",
            tag="operators",
            handler=reports.post_decision,
            body=json_body(SightingDecision, BODY_BYTES),
            answers=(Answer(200, "The sighting as it stands then.", ShownSighting),),
            problems=(
                ProblemCode.UNKNOWN_ALERT,
                ProblemCode.UNKNOWN_SIGHTING,
                ProblemCode.ALREADY_DECIDED,
                ProblemCode.REVISION_CHANGED,
                ProblemCode.TOO_LARGE,
                ProblemCode.BAD_FIELDS,
            ),
        ),
    ]
