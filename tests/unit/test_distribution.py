"""The distribution: an application whose packages have plain names, which no dependency may take from it."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

import server

ROOT = Path(__file__).parents[2]
PACKAGES = {"geo", "handlers", "push", "runtime", "server", "sql"}


def _locked() -> set[str]:
    """Return the names of all locked distributions, as an index compares them."""
    lines = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "requirements").glob("*.txt"))
    return {re.sub(r"[-_.]+", "-", name).lower() for name in re.findall(r"^([A-Za-z0-9._-]+)", lines, re.MULTILINE)}


def test_no_locked_dependency_ships_a_package_of_our_names() -> None:
    """It would be imported in place of ours, or ours in place of its own, whichever comes first on the path."""
    locked, taken = _locked(), {}
    for distribution in metadata.distributions():
        name = re.sub(r"[-_.]+", "-", distribution.metadata["Name"]).lower()
        tops = {file.parts[0].removesuffix(".py") for file in distribution.files or [] if file.suffix == ".py"}
        if name in locked and name != "qq-alert" and tops & PACKAGES:
            taken[name] = tops & PACKAGES
    assert taken == {}


def test_the_version_stands_once() -> None:
    """What is installed has the version of the code, and the changelog has begun it."""
    assert metadata.version("qq-alert") == server.__version__
    assert f"## [{server.__version__}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_every_package_says_that_it_is_typed() -> None:
    """PEP 561: whoever checks types against it is told that there are some."""
    assert all((ROOT / package / "py.typed").exists() for package in PACKAGES)
