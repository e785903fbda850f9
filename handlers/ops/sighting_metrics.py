"""The metrics of what strangers reported: how much of it waits to be taken into the record. Nothing of an alert.

Bounded: three numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prometheus_client.core import Metric


class SightingCollector(Collector):
    """Says what waits in the inbox, and what is aside there."""

    def __init__(self) -> None:
        self.waiting = 0.0
        self.oldest_s = 0.0
        self.aside = 0

    def collect(self) -> Iterable[Metric]:
        """Return all families."""
        waiting = GaugeMetricFamily("qq_alert_reports_waiting", "Reports of strangers that wait in the inbox.")
        waiting.add_metric([], self.waiting)
        oldest = GaugeMetricFamily(
            "qq_alert_reports_oldest_seconds", "How long the oldest of them waits, floods apart."
        )
        oldest.add_metric([], self.oldest_s)
        aside = GaugeMetricFamily(
            "qq_alert_reports_aside", "Reports that could not be opened, or whose page the record does not know."
        )
        aside.add_metric([], self.aside)
        yield from (waiting, oldest, aside)
