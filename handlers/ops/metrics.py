"""Exports what the process counts, in Prometheus' text format: for strangers, and for engineers.

Nothing is counted here but the event loop's lag. Two registries: that of the public listener, which anybody may ask,
says nothing of a person, an authority or an alert; that of the metrics' own listener has all of it, with the alerts.
A family is on the public one only where its collector knows `is_public`. Bounded by the collectors.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from handlers.ops.alert_metrics import AlarmCollector, AlertCollector
from handlers.ops.engine_metrics import EngineCollector, cumulative
from handlers.ops.page_metrics import PageCollector, PageLagCollector
from handlers.ops.photo_metrics import PhotoCollector
from handlers.ops.sighting_metrics import SightingCollector
from push.delivery.stats import Histogram

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from handlers.auth.authenticator import Authenticator
    from handlers.http.route import Call
    from handlers.ops.page_metrics import Taken
    from push.engine import Engine

LAG_PERIOD_S = 0.5


class LoopLag:
    """Measures how late the event loop comes to what was due."""

    def __init__(self) -> None:
        self.histogram = Histogram()

    async def run(self) -> None:
        """Measure until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due_s = loop.time() + LAG_PERIOD_S
            await asyncio.sleep(LAG_PERIOD_S)
            self.histogram.observe(max(0.0, loop.time() - due_s))


class LagCollector(Collector):
    """Reads the event loop's lag when Prometheus asks."""

    def __init__(self, lag: LoopLag) -> None:
        self._lag = lag

    def collect(self) -> Iterable[Metric]:
        """Return the family."""
        lag = HistogramMetricFamily("qq_alert_loop_lag_seconds", "How late the event loop was.")
        lag.add_metric([], *cumulative(self._lag.histogram))
        yield lag


class AuthenticatorCollector(Collector):
    """Reads what the authenticator refused when Prometheus asks; `is_public`: anybody may.

    Then no label says whether there is such an authority: who sends a webhook and asks learned it.
    """

    def __init__(self, authenticator: Authenticator, *, is_public: bool) -> None:
        self._authenticator = authenticator
        self._is_public = is_public

    def collect(self) -> Iterable[Metric]:
        """Return all families."""
        failures = self._authenticator.failures
        signatures = CounterMetricFamily(
            "qq_alert_failed_signatures",
            "Webhooks whose signature does not verify.",
            labels=[] if self._is_public else ["authority"],
        )
        if self._is_public:
            signatures.add_metric([], sum(failures.signatures.values()))
        else:
            for known, count in failures.signatures.items():
                signatures.add_metric([known], count)
        tokens = CounterMetricFamily("qq_alert_failed_tokens", "Bearer tokens and tickets that open nothing.")
        tokens.add_metric([], failures.tokens)
        cross_site = CounterMetricFamily(
            "qq_alert_cross_site_requests", "Requests that a browser sent from a page of another site, refused."
        )
        cross_site.add_metric([], failures.cross_site)
        limited = CounterMetricFamily("qq_alert_limited_requests", "Requests over a limit.", labels=["limit"])
        counts = {"address": failures.refused, "turn": self._authenticator.strangers.refused}
        for limit, count in {**self._authenticator.limits.refused, **counts}.items():
            limited.add_metric([limit], count)
        yield from (signatures, tokens, cross_site, limited)


class Metrics:
    """`GET /metrics`, for the public listener and for one of its own."""

    def __init__(
        self, engine: Engine, listeners: Callable[[], int], authenticator: Authenticator, taken: Taken | None = None
    ) -> None:
        """`taken`: for how many page views stands what was counted, by channel and kind."""
        self.lag = LoopLag()
        self.pages = PageLagCollector()
        self.sightings = SightingCollector()
        self.photos = PhotoCollector()
        self._public, self._own = (
            self._registry(engine, listeners, authenticator, is_public=is_public) for is_public in (True, False)
        )
        pages = PageCollector({} if taken is None else taken, engine.filing_service.planner.plan.disclosure)
        # One view, one report or one photo may move any of these.
        for collector in (AlertCollector(engine), pages, self.pages, self.sightings, self.photos):
            self._own.register(collector)

    def _registry(
        self, engine: Engine, listeners: Callable[[], int], authenticator: Authenticator, *, is_public: bool
    ) -> CollectorRegistry:
        registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)
        registry.register(LagCollector(self.lag))
        registry.register(EngineCollector(engine, listeners, is_public=is_public))
        registry.register(AlarmCollector(engine.alarms, is_public=is_public))
        registry.register(AuthenticatorCollector(authenticator, is_public=is_public))
        return registry

    async def get(self, _: Call[None]) -> web.Response:
        """Return what anybody may know: nothing of a person, an authority or an alert."""
        return _answer(self._public)

    async def get_own(self, _: Call[None]) -> web.Response:
        """Return all metrics with the alerts, where only engineers can ask."""
        return _answer(self._own)


def _answer(registry: CollectorRegistry) -> web.Response:
    return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})
