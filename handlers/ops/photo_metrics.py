"""Exports what became of the photos of cases.

Bounded: one series for each result; no case is a label.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class PhotoCollector(Collector):
    """Reads `results` when Prometheus asks: how often each thing became of an attempt."""

    def __init__(self) -> None:
        self.results: Mapping[str, int] = {}

    def collect(self) -> Iterable[Metric]:
        """Return all families."""
        photos = CounterMetricFamily(
            "qq_alert_case_photos",
            "Attempts to fetch and decode photos of cases, by what became of them.",
            labels=["result"],
        )
        for result, count in sorted(self.results.items()):
            photos.add_metric([result], count)
        yield photos
