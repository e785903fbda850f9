"""The table of an attack: for each flood the server under it beside the same server in quiet, and the targets.

Bounded: a row for each flood and one for all quiet runs.
"""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Final, NamedTuple

from tests.attack.measures import p99_ms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.attack.measures import Figures

QUIET: Final = "quiet"
RATIO_TARGET: Final = 0.9
HEALTH_TARGET_MS: Final = 100
CASE_TARGET_MS: Final = 250
HEADS: Final = (
    "recipients/s",
    "of quiet",
    f">= {RATIO_TARGET}",
    "by CPU",
    "of computing",
    "/health p99 ms",
    f"< {HEALTH_TARGET_MS}",
    "case p99 ms",
    f"< {CASE_TARGET_MS}",
    "failed",
)
NAME_WIDE: Final = 24


class Pair(NamedTuple):
    """A quiet run, one under the flood, and one beside a process that computes as much as the clients of the flood.

    Right after each other. `share`: of a processor, what those clients used.
    """

    quiet: Figures
    flood: Figures
    computing: Figures
    share: float


class Row(NamedTuple):
    """One line of the table: medians of the rates, and the slowest of a hundred answers of all runs.

    `ratio_by_cpu`: of recipients for each second of the server's CPU. What a flood costs the server is in it, and what
    its clients take from the processors of this machine is not. `ratio_of_computing`: to the rate beside a process that
    computes as much as those clients did, which slows a machine of few processors by itself.
    """

    name: str
    recipients_per_s: float
    ratio: float
    ratio_by_cpu: float
    ratio_of_computing: float
    health_p99_ms: float
    case_p99_ms: float
    failed: int

    @property
    def short(self) -> list[str]:
        """The measures that miss their target."""
        is_missed = {
            "rate_ratio": self.ratio < RATIO_TARGET,
            "health_p99_ms": self.health_p99_ms >= HEALTH_TARGET_MS,
            "case_p99_ms": self.case_p99_ms >= CASE_TARGET_MS,
        }
        return [measure for measure, missed in is_missed.items() if missed]

    def as_json(self) -> dict[str, float | list[str]]:
        """Return the measures by name."""
        return {
            "recipients_per_s": round(self.recipients_per_s, 1),
            "rate_ratio": round(self.ratio, 3),
            "rate_ratio_by_cpu": round(self.ratio_by_cpu, 3),
            "rate_ratio_of_computing": round(self.ratio_of_computing, 3),
            "health_p99_ms": round(self.health_p99_ms, 1),
            "case_p99_ms": round(self.case_p99_ms, 1),
            "failed": self.failed,
            "short": self.short,
        }

    def as_line(self) -> str:
        """Return the line; what misses its target is marked."""
        short = self.short
        marks = ["short" if one in short else "ok" for one in ("rate_ratio", "health_p99_ms", "case_p99_ms")]
        return _line(
            self.name,
            f"{self.recipients_per_s:,.0f}",
            f"{self.ratio:.2f}",
            marks[0],
            f"{self.ratio_by_cpu:.2f}",
            f"{self.ratio_of_computing:.2f}",
            f"{self.health_p99_ms:.1f}",
            marks[1],
            f"{self.case_p99_ms:.1f}",
            marks[2],
            f"{self.failed}",
        )


def row(name: str, pairs: Sequence[Pair]) -> Row:
    """Return the row of a flood."""
    return _row(name, [pair.flood for pair in pairs], pairs)


def quiet_row(pairs: Sequence[Pair]) -> Row:
    """Return the row of all quiet runs."""
    return _row(QUIET, [pair.quiet for pair in pairs], pairs)


def table(rows: Sequence[Row]) -> str:
    """Return the table."""
    return "\n".join([_line("", *HEADS), *(one.as_line() for one in rows)])


def _row(name: str, runs: Sequence[Figures], pairs: Sequence[Pair]) -> Row:
    quiet = [*zip(runs, (pair.quiet for pair in pairs), strict=True)]
    computing = [*zip(runs, (pair.computing for pair in pairs), strict=True)]
    return Row(
        name,
        median(one.recipients_per_s for one in runs),
        median(one.recipients_per_s / max(other.recipients_per_s, 1.0) for one, other in quiet),
        median(one.recipients_per_cpu_s / max(other.recipients_per_cpu_s, 1.0) for one, other in quiet),
        median(one.recipients_per_s / max(other.recipients_per_s, 1.0) for one, other in computing),
        p99_ms(one.probes for one in runs),
        p99_ms(one.cases for one in runs),
        sum(one.failed for one in runs),
    )


def _line(name: str, *cells: str) -> str:
    return f"{name:{NAME_WIDE}}" + "".join(f" {cell:>{len(head)}}" for cell, head in zip(cells, HEADS, strict=True))
