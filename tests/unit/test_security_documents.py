"""The threat model and the table of ASVS name tests that exist, have every row, and count what they say."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Final, NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
THREATS, STANDARD = ROOT / "SECURITY.md", ROOT / "docs" / "asvs.md"
LINE_MAX: Final = 130
"""Characters of a line that is no row of a table."""

NAMED: Final = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
"""A test that a page names; one that is still to come is not looked for."""

REQUIREMENTS: Final = (27, 11, 19, 10, 9, 35, 18, 7, 7, 29, 14, 9, 13, 9, 13, 16, 7)
"""How many of level 1 and 2 each chapter of ASVS 5.0 has, V1 to V17."""

JUDGEMENTS: Final = ("met", "not applicable", "short")
PLACE: Final = re.compile(r"`[^`]+`|README|the table below")


class Row(NamedTuple):
    """A row of the table of a chapter."""

    number: tuple[int, ...]
    level: str
    judgement: str
    content: str


def rows() -> list[Row]:
    """Return the rows of all chapters, in their order."""
    found = re.findall(r"^\| (\d+\.\d+\.\d+) \| ([12]) \| [^|]+ \| (.+) \|$", STANDARD.read_text("utf-8"), re.MULTILINE)
    return [
        Row(tuple(int(part) for part in number.split(".")), level, *content.split(": ", 1))
        for number, level, content in found
    ]


@pytest.mark.parametrize("page", [THREATS, STANDARD], ids=lambda page: page.name)
def test_every_test_that_is_named_exists(page: Path) -> None:
    """The file stands there, and defines a function of that name."""
    named = NAMED.findall(page.read_text("utf-8"))
    assert named
    missing = [f"{path}::{name}" for path, name in named if not _is_defined(ROOT / path, name)]
    assert missing == []


def _is_defined(path: Path, name: str) -> bool:
    return path.exists() and f"def {name}(" in path.read_text("utf-8")


def test_every_requirement_of_level_1_and_2_has_one_row() -> None:
    """In the order of the standard, as many as each chapter has, each with one of three judgements."""
    numbers = [row.number for row in rows()]
    assert numbers == sorted(set(numbers))
    assert tuple(Counter(number[0] for number in numbers)[1 + at] for at in range(17)) == REQUIREMENTS
    assert {row.judgement for row in rows()} == set(JUDGEMENTS)


def test_what_is_met_names_where_that_is_seen_and_nothing_is_without_a_reason() -> None:
    """A met requirement stands on a test, a file, a command or a page."""
    assert [row.number for row in rows() if row.judgement == "met" and not PLACE.search(row.content)] == []
    assert [row.number for row in rows() if not row.content.strip()] == []


def test_the_counts_at_the_top_are_those_of_the_rows() -> None:
    """By level and in all."""
    told = re.findall(
        r"^\| (1|2|1 and 2) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$", STANDARD.read_text("utf-8"), re.MULTILINE
    )
    counted = []
    for levels in ("1", "2", "1 and 2"):
        among = Counter(row.judgement for row in rows() if row.level in levels)
        counted.append((levels, *(str(among[judgement]) for judgement in JUDGEMENTS), str(among.total())))
    assert told == counted


def test_every_threat_names_a_test_or_says_what_is_short() -> None:
    """Who, what they might do, which boundary stops it, and by what that is shown."""
    _, _, table = THREATS.read_text("utf-8").partition("| who | ")
    threats = [line.split(" | ") for line in table.partition("\n\n")[0].splitlines()[2:]]
    assert threats
    assert [threat for threat in threats if len(threat) != len(("who", "what", "boundary", "shown by"))] == []
    assert [threat for threat in threats if not re.search(r"::test_|short: ", threat[-1])] == []


@pytest.mark.parametrize("page", [THREATS, STANDARD], ids=lambda page: page.name)
def test_no_line_is_too_long_to_read(page: Path) -> None:
    """But for rows of tables."""
    lines = page.read_text("utf-8").splitlines()
    assert [line for line in lines if len(line) > LINE_MAX and not line.startswith("|")] == []
