"""A short fault campaign: the same faults each time, on real stores, judged by counting at the simulated provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.campaign.campaign import default_kinds, run

if TYPE_CHECKING:
    from pathlib import Path

SEED = 16258
"""Kills, a failover, a full disk, refused connections and a slow Redis, while one alert runs to its end."""

FAULTS = 6
MINUTES = 2.0
WINDOW_S = 3.5
"""The faults begin within so long: shorter than in a campaign, whose rounds are many."""


async def test_six_random_faults_lose_nobody_and_repeat_no_more_than_promised(tmp_path: Path) -> None:
    """A standby, proxies and two servers: nobody is lost, repeats are within the promise, every silence is alarmed.

    `./run faults` draws others, for as long as it is told to.
    """
    table = await run(SEED, default_kinds(), minutes=MINUTES, rounds=1, faults=FAULTS, window_s=WINDOW_S, kept=tmp_path)
    assert table.totals["times"] == FAULTS
    assert table.accepted > 0, "a round in which nobody is notified proves nothing"
    assert (table.totals["lost"], table.totals["late"], table.unexplained, table.broken_rounds) == (0, 0, 0, 0)
