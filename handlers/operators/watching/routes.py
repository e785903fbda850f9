"""The routes to what is looked at while an alert goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from handlers.http.problem_codes import ProblemCode
from handlers.http.roles import Role
from handlers.http.route import Answer, Route
from handlers.operators.watching.area import GEO_JSON, AreaCollection
from handlers.operators.watching.funnel import FunnelAnswer
from handlers.operators.watching.rates import RatesAnswer
from handlers.operators.watching.trail import TrailAnswer, TrailQuery

if TYPE_CHECKING:
    from handlers.operators.watching.area import AlertArea
    from handlers.operators.watching.funnel import Funnel
    from handlers.operators.watching.photo import AlertPhoto
    from handlers.operators.watching.rates import Rates
    from handlers.operators.watching.trail import AlertTrail


class Watching(NamedTuple):
    """What answers who watches an alert."""

    area: AlertArea
    rates: Rates
    trail: AlertTrail
    funnel: Funnel
    photo: AlertPhoto


def routes(of: Watching) -> list[Route]:
    """Return the routes."""
    return [
        Route(
            method="GET",
            path="/v1/alerts/{id}/area",
            access=Role.VIEWER,
            operation="read_area",
            summary="The area as GeoJSON, simplified to be drawn: rings, city, jurisdiction, boundaries around.",
            tag="operators",
            handler=of.area.get,
            answers=(Answer(200, "The area.", AreaCollection, GEO_JSON),),
            problems=(ProblemCode.UNKNOWN_ALERT,),
        ),
        Route(
            method="GET",
            path="/v1/alerts/{id}/rates",
            access=Role.VIEWER,
            operation="read_rates",
            summary="How many recipients were settled by when, in all lanes and in each.",
            tag="operators",
            handler=of.rates.get,
            answers=(Answer(200, "The history.", RatesAnswer),),
            problems=(ProblemCode.UNKNOWN_ALERT,),
        ),
        Route(
            method="GET",
            path="/v1/alerts/{id}/funnel",
            access=Role.VIEWER,
            operation="read_funnel",
            summary="Who was notified, opened the page, shared it, reported something, and whether it helped.",
            tag="operators",
            handler=of.funnel.get,
            answers=(Answer(200, "The funnel.", FunnelAnswer),),
            problems=(ProblemCode.UNKNOWN_ALERT,),
        ),
        Route(
            method="GET",
            path="/v1/alerts/{id}/photo",
            access=Role.OPERATOR,
            operation="read_photo",
            summary="The photo that is judged with an alert or its proposal, as phones get it; who saw it is recorded.",
            tag="operators",
            handler=of.photo.get,
            answers=(Answer(200, "The picture.", bytes, "image/jpeg"),),
            problems=(
                ProblemCode.UNKNOWN_ALERT,
                ProblemCode.NO_PHOTO,
                ProblemCode.UNREADABLE_ALERT,
                ProblemCode.STORE_UNAVAILABLE,
            ),
        ),
        Route(
            method="GET",
            path="/v1/alerts/{id}/trail",
            access=Role.OPERATOR,
            operation="read_alert_trail",
            summary="The trail of one alert, and whether its chain holds; who read it is recorded.",
            tag="operators",
            handler=of.trail.get,
            query=TrailQuery,
            answers=(Answer(200, "A page of the trail.", TrailAnswer),),
            problems=(ProblemCode.UNKNOWN_ALERT, ProblemCode.BAD_FIELDS),
        ),
    ]
