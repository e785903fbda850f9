"""The documents name files that exist, and count those that an alert passes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
ROOMS = (
    "bench",
    "docs",
    "examples",
    "geo",
    "handlers",
    "public",
    "push",
    "requirements",
    "runtime",
    "server",
    "sql",
    "tests",
)
FILE = re.compile(r"`([\w*][\w./*-]*\.(?:py|md|sql|lua|toml|sh|json|xml))`")
CONFIGURED = {"qq-alert.toml", "push/providers/NAME.py", "state.json"}
"""Files that a reader makes, and an object that is published with a page."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    """A path from the root stands there; a shorter one stands somewhere in the rooms."""
    missing = [
        name
        for name in FILE.findall(page.read_text(encoding="utf-8"))
        if name not in CONFIGURED and not any(ROOT.glob(name)) and not _in_a_room(name)
    ]
    assert missing == []


def _in_a_room(name: str) -> bool:
    return name.split("/", maxsplit=1)[0] not in ROOMS and any(any((ROOT / room).rglob(name)) for room in ROOMS)


def test_the_trip_of_an_alert_has_as_many_files_as_it_says() -> None:
    """The list of ARCHITECTURE.md names each file once, from the webhook to the provider."""
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    trip = page[page.index("## The trip of one alert") : page.index("## The life of an alert")]
    (said,) = re.findall(r"passes these (\d+) files", trip)
    named = re.findall(r"^\d+\. `([\w./-]+)`", trip, re.MULTILINE)
    assert len(named) == len(set(named)) == int(said)
    assert [name for name in named if not (ROOT / name).exists()] == []
