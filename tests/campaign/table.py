"""The table of a campaign: kind, times, lost, repeated, late, alarms.

What was lost, unrecorded, repeated or late counts for the last fault that had begun before and may cause it.
`unrecorded`: who was notified of an alert without a trace in the record, and so not of its end. `unheard`: requests
of a server that could not hear of the stop, within the second for which it trusts what it saw.
Bounded by the kinds.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from tests.campaign.faults import KINDS
from tests.campaign.judging.alarms import listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.campaign.faults.step import Step
    from tests.campaign.round import Result

COLUMNS: Final = ("times", "lost", "unrecorded", "repeated", "late", "unheard", "alarms")
FORGETTING: Final = ("failover with lost commits", "server killed", "all servers killed")
"""What may keep out of the record who was notified."""

AFTER_S: Final = 3.0
"""So long after a fault an alarm still counts as its own."""


def may_repeat(kind: str) -> bool:
    """Tell whether a kind of fault may have batches sent again: those in flight, or accepted without an answer."""
    return KINDS[kind].repeats or kind.startswith("provider")


class Table:
    """The sums of all rounds, by kind."""

    def __init__(self) -> None:
        self.rows: dict[str, Counter[str]] = {name: Counter() for name in KINDS}
        self.promised = 0
        self.accepted = 0
        self.alerts = 0
        self.silences = 0
        self.unexplained = 0
        self.kinds_of_alarms: Counter[str] = Counter()
        self.broken_rounds = 0
        self.rounds = 0

    def add(self, result: Result) -> None:
        """Add a round."""
        verdict, steps = result.verdict, result.plan.steps
        self.rounds += 1
        self.broken_rounds += bool(result.broken)
        self.promised += verdict.promised
        self.accepted += verdict.accepted
        self.alerts += len(result.plan.alerts)
        self.silences += len(result.silences)
        self.unexplained += sum(not one.is_explained for one in result.silences)
        for step in steps:
            row = self.rows[step.kind]
            row["times"] += 1
            raised = listed(result.samples, step.began, step.ended + AFTER_S)
            row["alarms"] += bool(raised)
            self.kinds_of_alarms.update(raised)
        if verdict.lost_count:
            self._at(steps, float("inf"))["lost"] += verdict.lost_count
        if verdict.unrecorded:
            forgetting = [step for step in steps if step.kind in FORGETTING] or steps
            self._at(forgetting, float("inf"))["unrecorded"] += verdict.unrecorded
        for at in verdict.repeats:
            self._at([step for step in steps if may_repeat(step.kind)] or steps, at)["repeated"] += 1
        for one in verdict.late:
            self._at(steps, one.at)["unheard" if one.is_within_trust else "late"] += 1

    def _at(self, steps: Sequence[Step], at: float) -> Counter[str]:
        begun = [step for step in steps if 0 < step.began <= at] or list(steps)
        return self.rows[max(begun, key=lambda step: step.began).kind]

    @property
    def totals(self) -> Counter[str]:
        """The sums of all kinds."""
        totals: Counter[str] = Counter()
        for row in self.rows.values():
            totals += row
        return totals

    def lines(self) -> list[str]:
        """Return the table as text."""
        head = f"{'kind':30}" + "".join(f"{column:>11}" for column in COLUMNS)
        rows = {**{name: row for name, row in self.rows.items() if row["times"]}, "all": self.totals}
        body = [f"{name:30}" + "".join(f"{row[column]:>11,}" for column in COLUMNS) for name, row in rows.items()]
        return [head, *body]

    def as_json(self) -> dict[str, object]:
        """Return everything for programs."""
        return {
            "simulated": True,
            "rounds": self.rounds,
            "broken_rounds": self.broken_rounds,
            "alerts": self.alerts,
            "accepted": self.accepted,
            "repeats_promised": self.promised,
            "silences": self.silences,
            "silences_without_alarm": self.unexplained,
            "alarms": dict(self.kinds_of_alarms),
            "kinds": {name: dict(row) for name, row in self.rows.items() if row["times"]},
            "all": dict(self.totals),
        }
