"""What is installed for what: the demo and a server get no parts that only tests and checks use."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def _name(requirement: str) -> str:
    """Return the name of a requirement as locks write it."""
    return re.split(r"[\[<>=;~! ]", requirement)[0].lower().replace("_", "-").replace(".", "-")


def _named(requirements: list[str]) -> set[str]:
    return {_name(one) for one in requirements}


def _locked(lock: str) -> set[str]:
    """Return the names that a lock installs."""
    text = (ROOT / "requirements" / f"{lock}.txt").read_text(encoding="utf-8")
    return {_name(one) for one in re.findall(r"^[A-Za-z0-9._-]+(?:\[[^\]]*\])?==", text, re.MULTILINE)}


EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
SERVER = _named(PROJECT["dependencies"])
TEST_PARTS = _named(EXTRAS["dev"]) - SERVER


@pytest.mark.parametrize("lock", ["image", "server", "demo"])
def test_what_runs_the_product_installs_no_part_of_the_tests(lock: str) -> None:
    """No browser, no pytest, no type checker: neither in the image, nor on a server, nor for the demo."""
    assert _locked(lock) & TEST_PARTS == set()
    assert _locked(lock) >= SERVER


def test_the_locks_differ_by_their_extras() -> None:
    """The demo has the stores and the boundaries, the image has neither, and development has all of it."""
    image, server, demo, dev = (_locked(one) for one in ("image", "server", "demo", "dev"))
    assert image <= server <= demo <= dev
    assert _named(EXTRAS["embedded"]) <= server - image
    assert _named(EXTRAS["cn"]) <= demo - server
    assert dev - demo >= TEST_PARTS


def test_the_demo_is_installed_from_its_own_lock() -> None:
    """`./run demo` asks for the level of the demo; only what tests, checks and changes it asks for more."""
    run = (ROOT / "run").read_text(encoding="utf-8")
    assert "demo | qq-alert) grep -qs ^dev" in run
    assert '-r "$root/requirements/$2.txt"' in run
