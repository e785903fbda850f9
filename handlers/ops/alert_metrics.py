"""Exports how the lanes of alerts that are being sent do, and which alarms stand.

What is about an alert, an authority or a person is for the metrics' own listener alone: a webhook that nobody signed
would say by it which authorities and cases there are. Bounded: lanes x alerts being sent, and the alarms.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from push.alarm_kinds import AlarmKind
from push.alerts.disclosure.progress import shown_progress

if TYPE_CHECKING:
    from collections.abc import Iterable

    from push.alarms import AlarmBoard
    from push.engine import Engine

SYSTEM_KINDS: Final = frozenset(
    {
        AlarmKind.STORE_AWAY,
        AlarmKind.RECORD_REFUSED,
        AlarmKind.ANCHOR_REFUSED,
        AlarmKind.CLOCK_DIFFERS,
        AlarmKind.UNREADABLE_DATA,
        AlarmKind.INDEX_EMPTIED,
        AlarmKind.INDEX_EVICTS,
        AlarmKind.THROTTLED,
        AlarmKind.OUTAGE,
        AlarmKind.MISCONFIGURED,
        AlarmKind.INVALID_TOKENS,
        AlarmKind.FAILED_TOKENS,
        AlarmKind.ISSUER_AWAY,
        AlarmKind.PROCESS_GONE,
    }
)
"""About lanes, stores, clocks, processes and tokens that do not exist: nothing that an alert or an authority moves."""


class AlarmCollector(Collector):
    """Counts the alarms that stand in this process when Prometheus asks; `is_public`: anybody may."""

    def __init__(self, alarms: AlarmBoard, *, is_public: bool) -> None:
        self._alarms = alarms
        self._is_public = is_public

    def collect(self) -> Iterable[Metric]:
        """Return the family."""
        alarms = GaugeMetricFamily("qq_alert_alarms", "Alarms that stand.", labels=["kind", "lane"])
        shown = [
            one
            for one in self._alarms.standing
            if not self._is_public or (one.alert is None and one.kind in SYSTEM_KINDS)
        ]
        for (kind, lane), count in Counter((one.kind.value, one.lane) for one in shown).items():
            alarms.add_metric([kind, lane], count)
        yield alarms


class AlertCollector(Collector):
    """Reads the progress of the alerts that are being sent when Prometheus asks: where only engineers can."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._rule = engine.filing_service.planner.plan.disclosure

    def collect(self) -> Iterable[Metric]:
        """Return all families."""
        labels = ["alert", "lane"]
        rate = GaugeMetricFamily("qq_alert_rate_per_second", "Recipients settled a second.", labels=labels)
        eta = GaugeMetricFamily("qq_alert_eta_seconds", "Seconds until a lane is through.", labels=labels)
        margin = GaugeMetricFamily(
            "qq_alert_deadline_margin_seconds", "Seconds between a lane's ETA and the deadline.", labels=labels
        )
        now = self._engine.stores.clock.now()
        for progress in self._engine.watcher.current.values():
            if progress.state != "sending":
                continue
            for name, lane in shown_progress(progress, self._rule).lanes.items():
                key = (str(progress.alert), name)
                if lane.rate_per_s is not None:
                    rate.add_metric(key, lane.rate_per_s)
                if lane.eta is not None:
                    eta.add_metric(key, (lane.eta - now).total_seconds())
                    margin.add_metric(key, (progress.deadline - lane.eta).total_seconds())
        yield from (rate, eta, margin)
