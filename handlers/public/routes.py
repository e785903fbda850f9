"""The routes of the public."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers.http.problem_codes import ProblemCode
from handlers.http.roles import Proof
from handlers.http.route import Answer, Route

if TYPE_CHECKING:
    from handlers.public.alerts import Public

PROBLEMS = (ProblemCode.NOT_PUBLISHED, ProblemCode.STORE_UNAVAILABLE)
NOT_CHANGED = Answer(304, "Not changed since the ETag that was sent.")


def routes(public: Public) -> list[Route]:
    """Return the routes."""
    return [
        Route(
            method="GET",
            path="/v1/public/alerts.atom",
            access=Proof.PUBLISHED,
            operation="read_public_feed",
            summary="The feed of public alerts.",
            tag="public",
            handler=public.get_feed,
            answers=(Answer(200, "The feed.", str, "application/atom+xml"), NOT_CHANGED),
            problems=PROBLEMS,
        ),
        Route(
            method="GET",
            path="/v1/public/alerts/{id}/cap",
            access=Proof.PUBLISHED,
            operation="read_public_alert",
            summary="A public alert as signed CAP 1.2.",
            tag="public",
            handler=public.get_cap,
            answers=(Answer(200, "The message.", str, "application/cap+xml"), NOT_CHANGED),
            problems=PROBLEMS,
        ),
    ]
