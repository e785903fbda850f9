"""Exports what lanes, stores and late entrants come to, from the engine's own counts.

On the public listener, which anybody may ask, every number that work about people moves is a multiple of the threshold
(`push.alerts.disclosure`), and there are no times of requests or searches: a single one says that somebody was there.
Bounded: the series are lanes x outcomes x fixed buckets; no user, place, case or alert ever is a label.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from push.delivery.breaker import Condition
from push.delivery.stats import LATENCY_BUCKETS_S, Histogram
from push.results import RequestStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from push.engine import Engine


class EngineCollector(Collector):
    """Reads the engine when Prometheus asks; `is_public`: anybody may."""

    def __init__(self, engine: Engine, listeners: Callable[[], int], *, is_public: bool) -> None:
        self._engine = engine
        self._rule = engine.filing_service.planner.plan.disclosure
        self._is_public = is_public
        self._listeners = listeners

    def collect(self) -> Iterable[Metric]:
        """Return all families."""
        yield from self._recipients()
        yield from self._lanes()
        if not self._is_public:
            yield from self._latencies()
        entrants = CounterMetricFamily(
            "qq_alert_entrants",
            "Entries into areas of live alerts: noted, or left to a full pass; in steps of `[privacy] people_min`.",
            labels=["outcome"],
        )
        entrants.add_metric(["noted"], self._floored(self._engine.entrants.noted))
        entrants.add_metric(["unnoted"], self._floored(self._engine.entrants.unnoted))
        yield entrants
        clients = GaugeMetricFamily("qq_alert_feed_clients", "Operators listening to the feed.")
        clients.add_metric([], self._listeners())
        yield clients
        unreadable = CounterMetricFamily(
            "qq_alert_unreadable_data", "What Redis held that no server wrote, and that was skipped.", labels=["kind"]
        )
        for kind, count in self._engine.stores.index.unreadable.counts.items():
            if (shown := self._counted(count)) > 0:
                unreadable.add_metric([kind.name.lower()], shown)
        yield unreadable

    def _floored(self, people: int) -> int:
        """Return a number of people as every listener shows it."""
        return self._rule.floored(people) or 0

    def _counted(self, work: int) -> int:
        """Return how much work there was, which may have been about one person."""
        return self._floored(work) if self._is_public else work

    def _recipients(self) -> Iterator[Metric]:
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
        for name, lane in self._engine.lanes.items():
            for (outcome, notice, ring), count in sorted(lane.stats.recipients.items()):
                # A series that appears would say that somebody was there.
                if (shown := self._rule.floored(count)) is not None:
                    recipients.add_metric([name, outcome, notice, str(ring)], shown)
            for (outcome, notice, kind), count in sorted(lane.stats.of_kind.items()):
                if (shown := self._rule.floored(count)) is not None:
                    of_kind.add_metric([name, outcome, notice, kind], shown)
            removed.add_metric([name], self._floored(0 if lane.invalid is None else lane.invalid.removed))
        yield from (recipients, of_kind, removed)

    def _lanes(self) -> Iterator[Metric]:
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
            for request_status in RequestStatus:
                answered = lane.stats.requests[request_status.value]
                requests.add_metric([name, request_status.value], self._counted(answered))
            queue.add_metric([name], self._counted(len(lane.queue)))
            parked.add_metric([name], self._counted(lane.queue.parked))
            flight.add_metric([name], self._counted(lane.stats.in_flight))
            for possible in Condition:
                condition.add_metric([name, possible.value], float(lane.breaker.condition is possible))
        yield from (requests, queue, parked, flight, condition)

    def _latencies(self) -> Iterator[Metric]:
        provider = HistogramMetricFamily(
            "qq_alert_provider_seconds", "Time a provider took to answer.", labels=["lane"]
        )
        store = HistogramMetricFamily("qq_alert_store_seconds", "Time a store took.", labels=["store", "operation"])
        for name, lane in self._engine.lanes.items():
            provider.add_metric([name], *cumulative(lane.stats.provider))
            store.add_metric(["redis", f"search {name}"], *cumulative(lane.stats.index))
        store.add_metric(["postgresql", "ledger commit"], *cumulative(self._engine.commit))
        yield from (provider, store)


def cumulative(histogram: Histogram) -> tuple[list[tuple[str, float]], float]:
    """Return the buckets of a histogram as Prometheus adds them up, and the sum (seconds)."""
    buckets: list[tuple[str, float]] = []
    total = 0
    for bound, count in zip((*LATENCY_BUCKETS_S, float("inf")), histogram.counts, strict=True):
        total += count
        buckets.append(("+Inf" if bound == float("inf") else str(bound), total))
    return buckets, histogram.sum_s
