"""Exports what the engine and the authenticator count, in Prometheus' text format.

Nothing is counted here but the event loop's lag. Which alert it is stands on the metrics' own listener only: on the
public one, which anybody may ask, labels are those of lanes. Bounded: the series are lanes x outcomes x fixed buckets,
and the alerts being sent; no user, place or case ever is a label.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from aiohttp import web
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from handlers.ops.page_metrics import PageCollector, PageLagCollector
from handlers.ops.photo_metrics import PhotoCollector
from handlers.ops.sighting_metrics import SightingCollector
from push.alerts.disclosure.progress import shown_progress
from push.delivery.breaker import Condition
from push.delivery.stats import LATENCY_BUCKETS_S, Histogram
from push.results import RequestStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

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


class EngineCollector(Collector):
    """Reads the engine when Prometheus asks."""

    def __init__(self, engine: Engine, listeners: Callable[[], int], lag: LoopLag, *, names_alerts: bool) -> None:
        self._engine = engine
        self._rule = engine.filing_service.planner.plan.disclosure
        self._names_alerts = names_alerts
        self._listeners = listeners
        self._lag = lag

    def collect(self) -> Iterable[Metric]:
        """Return all families."""
        yield from self._lanes()
        yield from self._latencies()
        yield from self._alerts()
        entrants = CounterMetricFamily(
            "qq_alert_entrants",
            "Entries into areas of live alerts: noted, or left to a full pass; in steps of `[privacy] people_min`.",
            labels=["outcome"],
        )
        entrants.add_metric(["noted"], self._rule.floored(self._engine.entrants.noted) or 0)
        entrants.add_metric(["unnoted"], self._rule.floored(self._engine.entrants.unnoted) or 0)
        yield entrants
        clients = GaugeMetricFamily("qq_alert_feed_clients", "Operators listening to the feed.")
        clients.add_metric([], self._listeners())
        yield clients
        unreadable = CounterMetricFamily(
            "qq_alert_unreadable_data", "What Redis held that no server wrote, and that was skipped.", labels=["kind"]
        )
        for kind, count in self._engine.stores.index.unreadable.counts.items():
            unreadable.add_metric([kind.name.lower()], count)
        yield unreadable

    def _lanes(self) -> Iterator[Metric]:
        recipients = CounterMetricFamily(
            "qq_alert_recipients",
            "Recipients settled in the ledger by this process, in steps of `[privacy] people_min`.",
            labels=["lane", "outcome", "notice", "ring"],
        )
        of_kind = CounterMetricFamily(
            "qq_alert_recipients_of_kind",
            "The same by who is missing: a child, or a person with dementia or a disability.",
            labels=["lane", "outcome", "notice", "subject_kind"],
        )
        removed = CounterMetricFamily(
            "qq_alert_tokens_removed", "Devices removed because their token is dead.", labels=["lane"]
        )
        requests = CounterMetricFamily(
            "qq_alert_provider_requests", "Requests answered by the provider.", labels=["lane", "request_status"]
        )
        queue = GaugeMetricFamily("qq_alert_queue_batches", "Batches queued.", labels=["lane"])
        parked = GaugeMetricFamily("qq_alert_parked_batches", "Batches waiting to be tried again.", labels=["lane"])
        flight = GaugeMetricFamily("qq_alert_requests_in_flight", "Requests being answered.", labels=["lane"])
        condition = GaugeMetricFamily(
            "qq_alert_lane_condition", "1 for the condition that the lane is in.", labels=["lane", "condition"]
        )
        for name, lane in self._engine.lanes.items():
            for (outcome, notice, ring), count in sorted(lane.stats.recipients.items()):
                # A series that appears would say that somebody was there.
                if (shown := self._rule.floored(count)) is not None:
                    recipients.add_metric([name, outcome, notice, str(ring)], shown)
            for (outcome, notice, kind), count in sorted(lane.stats.of_kind.items()):
                if (shown := self._rule.floored(count)) is not None:
                    of_kind.add_metric([name, outcome, notice, kind], shown)
            dead = 0 if lane.invalid is None else lane.invalid.removed
            removed.add_metric([name], self._rule.floored(dead) or 0)
            for request_status in RequestStatus:
                requests.add_metric([name, request_status.value], lane.stats.requests[request_status.value])
            queue.add_metric([name], len(lane.queue))
            parked.add_metric([name], lane.queue.parked)
            flight.add_metric([name], lane.stats.in_flight)
            for possible in Condition:
                condition.add_metric([name, possible.value], float(lane.breaker.condition is possible))
        yield from (recipients, of_kind, removed, requests, queue, parked, flight, condition)

    def _latencies(self) -> Iterator[Metric]:
        provider = HistogramMetricFamily(
            "qq_alert_provider_seconds", "Time a provider took to answer.", labels=["lane"]
        )
        store = HistogramMetricFamily("qq_alert_store_seconds", "Time a store took.", labels=["store", "operation"])
        for name, lane in self._engine.lanes.items():
            provider.add_metric([name], *_cumulative(lane.stats.provider))
            store.add_metric(["redis", f"search {name}"], *_cumulative(lane.stats.index))
        store.add_metric(["postgresql", "ledger commit"], *_cumulative(self._engine.commit))
        lag = HistogramMetricFamily("qq_alert_loop_lag_seconds", "How late the event loop was.")
        lag.add_metric([], *_cumulative(self._lag.histogram))
        yield from (provider, store, lag)

    def _alerts(self) -> Iterator[Metric]:
        labels = ["alert", "lane"] if self._names_alerts else ["lane"]
        rate = GaugeMetricFamily("qq_alert_rate_per_second", "Recipients settled a second.", labels=labels)
        eta = GaugeMetricFamily("qq_alert_eta_seconds", "Seconds until a lane is through.", labels=labels)
        margin = GaugeMetricFamily(
            "qq_alert_deadline_margin_seconds", "Seconds between a lane's ETA and the deadline.", labels=labels
        )
        for key, found in sorted(self._sending().items()):
            if found.rate_per_s is not None:
                rate.add_metric(key, found.rate_per_s)
            if found.eta_s is not None and found.margin_s is not None:
                eta.add_metric(key, found.eta_s)
                margin.add_metric(key, found.margin_s)
        alarms = GaugeMetricFamily("qq_alert_alarms", "Alarms that stand.", labels=["kind", "lane"])
        standing: dict[tuple[str, str], int] = {}
        for alarm in self._engine.alarms.standing:
            about = (alarm.kind.value, alarm.lane)
            standing[about] = standing.get(about, 0) + 1
        for (kind, name), count in standing.items():
            alarms.add_metric([kind, name], count)
        yield from (rate, eta, margin, alarms)

    def _sending(self) -> dict[tuple[str, ...], Sending]:
        """Return how the lanes of alerts that are being sent do: of each alert, or of the worst of all."""
        found: dict[tuple[str, ...], Sending] = {}
        now = self._engine.stores.clock.now()
        for progress in self._engine.watcher.current.values():
            if progress.state != "sending":
                continue
            for name, lane in shown_progress(progress, self._rule).lanes.items():
                key = (str(progress.alert), name) if self._names_alerts else (name,)
                eta_s = None if lane.eta is None else (lane.eta - now).total_seconds()
                margin_s = None if lane.eta is None else (progress.deadline - lane.eta).total_seconds()
                found[key] = found.get(key, Sending()).with_another(Sending(lane.rate_per_s, eta_s, margin_s))
        return found


class Sending(NamedTuple):
    """How a lane does: recipients a second, and seconds until it is through, and from then to the deadline."""

    rate_per_s: float | None = None
    eta_s: float | None = None
    margin_s: float | None = None

    def with_another(self, other: Sending) -> Sending:
        """Return both together: the sum of the rates, the later end, and the smaller margin."""
        rates = [one for one in (self.rate_per_s, other.rate_per_s) if one is not None]
        etas = [one for one in (self.eta_s, other.eta_s) if one is not None]
        margins = [one for one in (self.margin_s, other.margin_s) if one is not None]
        return Sending(sum(rates) if rates else None, max(etas, default=None), min(margins, default=None))


class AuthenticatorCollector(Collector):
    """Reads what the authenticator refused when Prometheus asks."""

    def __init__(self, authenticator: Authenticator) -> None:
        self._authenticator = authenticator

    def collect(self) -> Iterable[Metric]:
        """Return all families."""
        failures = self._authenticator.failures
        signatures = CounterMetricFamily(
            "qq_alert_failed_signatures", "Webhooks whose signature does not verify.", labels=["authority"]
        )
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


def _cumulative(histogram: Histogram) -> tuple[list[tuple[str, float]], float]:
    buckets: list[tuple[str, float]] = []
    total = 0
    for bound, count in zip((*LATENCY_BUCKETS_S, float("inf")), histogram.counts, strict=True):
        total += count
        buckets.append(("+Inf" if bound == float("inf") else str(bound), total))
    return buckets, histogram.sum_s


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
        pages = PageCollector({} if taken is None else taken, engine.filing_service.planner.plan.disclosure)
        self._public, self._own = (
            self._registry(engine, listeners, authenticator, pages, names=names) for names in (False, True)
        )

    def _registry(
        self,
        engine: Engine,
        listeners: Callable[[], int],
        authenticator: Authenticator,
        pages: PageCollector,
        *,
        names: bool,
    ) -> CollectorRegistry:
        registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)
        registry.register(EngineCollector(engine, listeners, self.lag, names_alerts=names))
        registry.register(AuthenticatorCollector(authenticator))
        registry.register(self.pages)
        registry.register(pages)
        registry.register(self.sightings)
        registry.register(self.photos)
        return registry

    async def get(self, _: Call[None]) -> web.Response:
        """Return all metrics, by lane: anybody may ask."""
        return _answer(self._public)

    async def get_own(self, _: Call[None]) -> web.Response:
        """Return all metrics with the alerts, where only engineers can ask."""
        return _answer(self._own)


def _answer(registry: CollectorRegistry) -> web.Response:
    return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})
