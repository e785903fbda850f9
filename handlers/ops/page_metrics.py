"""Exports what there is to know of pages: what people did on them, and how far their publisher is behind.

Which alert's page it was is not said. Bounded: the series are kinds x channels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import TypeAlias

    from push.alerts.disclosure.people import Disclosure

    Taken: TypeAlias = Mapping[tuple[str, str], int]


class PageCollector(Collector):
    """Reads what people did on pages when Prometheus asks; which alert's page it was is not said."""

    def __init__(self, taken: Taken, rule: Disclosure) -> None:
        self._taken = taken
        self._rule = rule

    def collect(self) -> Iterable[Metric]:
        """Return all families."""
        actions = CounterMetricFamily(
            "qq_alert_page_actions",
            "Page views that what this process took into the record stands for, in steps of `[privacy] people_min`.",
            labels=["kind", "channel"],
        )
        for (channel, kind), people in sorted(self._taken.items()):
            if (shown := self._rule.floored(people)) is not None:
                actions.add_metric([kind, channel], shown)
        yield actions


class PageLagCollector(Collector):
    """Reads how far the publisher of pages is behind; where there are no pages, nothing."""

    def __init__(self) -> None:
        self.lag_s: Callable[[], float | None] = lambda: None

    def collect(self) -> Iterable[Metric]:
        """Return the family."""
        lag_s = self.lag_s()
        if lag_s is not None:
            family = GaugeMetricFamily("qq_alert_page_lag_seconds", "How long the oldest page is not as it should be.")
            family.add_metric([], lag_s)
            yield family
