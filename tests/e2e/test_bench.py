"""The benchmarks run, and their output has the documented form. Their figures are for people, not for tests."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import suppress

import pytest

from tests.support.debian import program
from tests.support.processes.processes import ROOT

WITHIN_S = 600.0
"""Far longer than any takes, also beside other work."""
STORM = {
    *(
        f"{name}{how}"
        for name in ("storm", "storm opening")
        for how in ("", " cpu", " nginx", " nginx cpu", " usual cpu")
    ),
    *("storm count", "storm count sampled", "storm sends", "storm sends cpu"),
}


@pytest.mark.parametrize(
    ("names", "measures"),
    [
        (
            ("stream", "pipeline", "reports", "feed", "users", "memory"),
            {"stream", "pipeline", "ping", "reports", "feed", "users", "memory"},
        ),
        (("stop", "estimate", "late"), {"stop", "estimate", "coverage", "late"}),
        (
            ("national", "processes"),
            {"national", "national found", "national memory", "national mistakes"}
            | {f"{servers} servers: {what}" for servers in (1, 2, 4) for what in ("recipient", "report")},
        ),
        (("storm",), STORM),
    ],
    ids=["pipeline", "audience", "scale", "storm"],
)
async def test_each_benchmark_prints_value_floor_and_ratio(names: tuple[str, ...], measures: set[str]) -> None:
    """As JSON: `{NAME: {value, floor, ratio, unit}}`, all of them numbers above zero."""
    if "storm" in names:
        program(("wrk",), (("wrk",),), "WRK_OF_TESTS")
        program(("nginx",), (("nginx-light",),), "NGINX_OF_TESTS")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench",
        *names,
        "--people",
        "20000",
        "--residents",
        "20000",
        "--runs",
        "1",
        "--cancels",
        "2",
        "--json",
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        output, errors = await asyncio.wait_for(process.communicate(), WITHIN_S)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
    assert process.returncode == 0, errors.decode()
    figures = json.loads(output)
    assert set(figures) == measures
    for name, figure in figures.items():
        if "mistakes" in name:
            assert figure["value"] == 0
        else:
            assert figure["value"] > 0
            assert figure["floor"] > 0
        assert figure["unit"]
