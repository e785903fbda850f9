"""The demo as a new user runs it: the main job on real servers; says what is simulated, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from public.funnel.sampling import SAMPLE_MAX
from tests.support.processes.processes import ROOT, until

if TYPE_CHECKING:
    from collections.abc import Iterator

TOLD_WITHIN_S = 300.0
PROMISED = {
    "people",
    "in_area",
    "is_estimated",
    "estimated",
    "accepted",
    "duplicates",
    "webhook_ms",
    "first_request_ms",
    "completed_s",
    "deadline_margin_s",
    "recipients_per_s",
    "server_rss_mb",
    "city",
    "late_moved_in",
    "late_told",
    "late_others",
    "late_s",
    "lanes",
    "page",
}
PLAYED = {"opened": 1000, "shared": 60, "poster": 12, "reported": 3, "passed_on": 1, "found_through_alert": True}
"""What a thousand simulated strangers do, as long as all of them are counted."""


def _is_counted(story: dict[str, Any]) -> bool:
    """Tell whether the page's counts are right: exact unless the index was late to say how many people there are.

    Then they are taken for as many as there can be, and one view in 64 is counted.
    """
    page: dict[str, Any] = story["page"]
    if story["is_estimated"]:
        return (page["sample"], page["beacons"]) == (1, 1000) and PLAYED.items() <= page.items()
    unsampled = {name: PLAYED[name] for name in ("reported", "passed_on", "found_through_alert")}
    return page["sample"] == SAMPLE_MAX and unsampled.items() <= page.items()


async def _demo(temporary: Path, *arguments: str) -> asyncio.subprocess.Process:
    temporary.chmod(0o755)
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "server.demo",
        *arguments,
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(temporary)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


def _processes_of(temporary: Path) -> list[int]:
    """Return the processes that use the demo's folder: its stores, provider and server."""

    def knows(process: Path) -> bool:
        try:
            text = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
        except OSError:
            return False
        return str(temporary).encode() in text

    return [int(process.name) for process in _numbered(Path("/proc")) if knows(process)]


def _numbered(folder: Path) -> Iterator[Path]:
    return (entry for entry in folder.iterdir() if entry.name.isdigit())


@pytest.mark.parametrize("people", ["1", "10"])
async def test_a_demo_of_a_few_people_ends_as_well(tmp_path: Path, people: str) -> None:
    """However few late entrants there are, they are notified, and the command ends by itself."""
    process = await _demo(tmp_path, "--people", people, "--exit", "--json")
    output, errors = await asyncio.wait_for(process.communicate(), TOLD_WITHIN_S)
    assert process.returncode == 0, errors.decode()
    story = json.loads(output)
    assert story["in_area"] + story["late_moved_in"] == int(people)
    assert (story["accepted"], story["late_told"]) == (story["in_area"], story["late_moved_in"])
    assert _is_counted(story)


async def test_the_demo_reaches_everybody_in_the_area_once(tmp_path: Path) -> None:
    """`--exit --json` with four lanes: exit 0, the documented object; accepted recipients equal a brute-force count."""
    lanes = "tpns,huawei,apns,fcm"
    process = await _demo(tmp_path, "--people", "20000", "--exit", "--json", "--lanes", lanes)
    output, errors = await asyncio.wait_for(process.communicate(), TOLD_WITHIN_S)
    assert process.returncode == 0, errors.decode()
    story = json.loads(output)
    assert set(story) == PROMISED
    assert [*story["lanes"]] == lanes.split(",")
    assert all(story["lanes"].values())
    assert (story["people"], story["duplicates"]) == (20_000, 0)
    assert story["in_area"] == story["accepted"] > 0
    assert (story["late_moved_in"], story["late_told"], story["late_others"]) == (1000, 1000, 0)
    assert _is_counted(story)
    assert not list(tmp_path.iterdir()), "the demo's folder is still there"


async def test_the_demo_reports_its_progress_and_stays_until_ctrl_c(tmp_path: Path) -> None:
    """It says what is simulated and the margin to the deadline; Ctrl-C ends it gracefully."""
    process = await _demo(tmp_path, "--people", "5000")
    assert process.stderr is not None
    printed = b""
    async with asyncio.timeout(TOLD_WITHIN_S):
        while b"until Ctrl-C" not in printed:
            line = await process.stderr.readline()
            assert line, f"the demo ended before it was asked to: {printed.decode()}"
            printed += line
    text = " ".join(printed.decode().split())
    printed_page = re.search(r"The page of the alert, for everybody: (http://127\.0\.0\.1:\d+)(/p/\w{10})", text)
    assert printed_page is not None
    async with aiohttp.ClientSession(printed_page[1]) as session:
        for asked in (
            printed_page[1] + printed_page[2],
            f"{printed_page[1].removeprefix('http://')}{printed_page[2]}/en#s",
        ):
            async with session.get("/verify", params={"code": asked, "language": "en"}) as answer:
                assert "This alert was real and is over." in await answer.text(), "its own link is none of ours"
    process.send_signal(signal.SIGINT)
    assert await asyncio.wait_for(process.wait(), TOLD_WITHIN_S) == 0
    assert "SIMULATED" in text
    assert "before the deadline" in text
    assert "Nobody's phone rang" in text
    assert "found through the alert" in text
    assert not list(tmp_path.iterdir()), "the demo's folder is still there"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux' kernel ends children with their parent")
async def test_a_killed_demo_leaves_no_process_behind(tmp_path: Path) -> None:
    """After SIGKILL of the demo, its stores, provider and server end too."""
    process = await _demo(tmp_path, "--people", "5000")
    assert process.stderr is not None
    async with asyncio.timeout(TOLD_WITHIN_S):
        while b"until Ctrl-C" not in await process.stderr.readline():
            pass
    assert _processes_of(tmp_path)
    process.kill()
    await process.wait()

    async def gone() -> bool:
        return not _processes_of(tmp_path)

    await until(gone)
