"""The floods run, and every measure is printed. Their figures are for people, not for tests."""

from __future__ import annotations

import asyncio
import json
import sys

from tests.attack.floods import FLOODS
from tests.support.processes.processes import ROOT

WITHIN_S = 400.0
"""Far longer than it takes, also beside other work."""

MEASURES = {
    *("recipients_per_s", "rate_ratio", "rate_ratio_by_cpu", "rate_ratio_of_computing"),
    *("health_p99_ms", "case_p99_ms", "failed", "short"),
}


async def test_each_flood_is_measured_beside_the_same_in_quiet() -> None:
    """As JSON: every measure of the quiet servers and of each flood, and which of them miss their targets."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.attack", "--seconds", "1", "--pairs", "1", "--people", "500", "--json"),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await asyncio.wait_for(process.communicate(), WITHIN_S)
    assert process.returncode == 0, errors.decode()
    figures = json.loads(output)
    assert figures.keys() == {"quiet", *(flood.name for flood in FLOODS)}
    for name, measured in figures.items():
        assert measured.keys() == MEASURES, name
        for measure in MEASURES - {"short"}:
            assert isinstance(measured[measure], int | float), (name, measure)
