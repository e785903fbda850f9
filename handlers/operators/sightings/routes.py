"""The routes of sightings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers.http.problem_codes import ProblemCode
from handlers.http.roles import Proof, Role
from handlers.http.route import Answer, Route, json_body
from handlers.operators.sightings.answers import ShownSighting, SightingDecision, SightingsAnswer, SightingsQuery
from handlers.operators.sightings.delivery import EventsAnswer, EventsQuery, PhotoQuery
from handlers.operators.sightings.sightings import BODY_BYTES

if TYPE_CHECKING:
    from handlers.operators.sightings.delivery import Delivery
    from handlers.operators.sightings.sightings import SightingReports


def routes(reports: SightingReports) -> list[Route]:
    """Return the routes."""
    return [*_reports(reports), *_delivery(reports.delivery)]


def _delivery(delivery: Delivery) -> list[Route]:
    return [
        Route(
            method="GET",
            path="/v1/authorities/{authority}/events",
            access=Role.OPERATOR,
            operation="list_police_events",
            summary="What an authority was told by webhooks, and what it did not take.",
            tag="operators",
            handler=delivery.get_events,
            query=EventsQuery,
            answers=(Answer(200, "The newest events.", EventsAnswer),),
            problems=(ProblemCode.OTHER_AUTHORITY, ProblemCode.UNKNOWN_AUTHORITY, ProblemCode.BAD_FIELDS),
        ),
        Route(
            method="POST",
            path="/v1/authorities/{authority}/events/{event}/again",
            access=Role.OPERATOR,
            operation="send_police_event_again",
            summary="Sends an event again that was not taken for a day.",
            tag="operators",
            handler=delivery.post_again,
            answers=(Answer(200, "The events that are dead then.", EventsAnswer),),
            problems=(
                ProblemCode.OTHER_AUTHORITY,
                ProblemCode.UNKNOWN_AUTHORITY,
                ProblemCode.UNKNOWN_EVENT,
                ProblemCode.UNAUTHORIZED,
            ),
        ),
        Route(
            method="GET",
            path="/v1/sightings/photos/{link}",
            access=Proof.SIGNATURE,
            operation="download_sighting_photo",
            summary="A photo for the police, by a link of an event, which ends after an hour; who saw it is recorded.",
            tag="police",
            handler=delivery.get_photo,
            query=PhotoQuery,
            answers=(Answer(200, "The photo as it came.", bytes, "application/octet-stream"),),
            problems=(ProblemCode.UNKNOWN_SIGHTING, ProblemCode.STORE_UNAVAILABLE, ProblemCode.BAD_FIELDS),
        ),
    ]


def _reports(reports: SightingReports) -> list[Route]:
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
