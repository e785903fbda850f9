"""The routes of the platform's engineers."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from handlers.http.roles import Proof
from handlers.http.route import Answer, Route
from handlers.ops.health import Alive, Ready

if TYPE_CHECKING:
    from handlers.ops.health import Health
    from handlers.ops.metrics import Metrics


class OpsHandlers(NamedTuple):
    """What answers engineers and their machines."""

    health: Health
    metrics: Metrics


def routes(handlers: OpsHandlers) -> list[Route]:
    """Return the routes."""
    return [
        Route(
            method="GET",
            path="/health",
            access=Proof.NONE,
            operation="read_health",
            summary="200 while the process lives.",
            tag="ops",
            handler=handlers.health.get_health,
            answers=(Answer(200, "It lives.", Alive),),
        ),
        Route(
            method="GET",
            path="/ready",
            access=Proof.NONE,
            operation="read_readiness",
            summary="200 while both stores answer.",
            tag="ops",
            handler=handlers.health.get_ready,
            answers=(
                Answer(200, "Both stores answer and take writes.", Ready),
                Answer(503, "A store is away, or refuses what is asked of it.", Ready),
            ),
        ),
        Route(
            method="GET",
            path="/metrics",
            access=Proof.NONE,
            operation="read_metrics",
            summary="Prometheus metrics.",
            tag="ops",
            handler=handlers.metrics.get,
            answers=(Answer(200, "The metrics.", str, "text/plain"),),
        ),
    ]
