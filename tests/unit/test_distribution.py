"""The distribution: an application whose packages have plain names, which no dependency may take from it."""

from __future__ import annotations

import re
import tomllib
from importlib import metadata
from pathlib import Path

from click.testing import CliRunner

import server
from server.cli import cli

ROOT = Path(__file__).parents[2]
PACKAGES = {"geo", "handlers", "public", "push", "runtime", "server", "sql"}


def _locked() -> set[str]:
    """Return the names of all locked distributions, as an index compares them."""
    lines = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "requirements").glob("*.txt"))
    return {re.sub(r"[-_.]+", "-", name).lower() for name in re.findall(r"^([A-Za-z0-9._-]+)", lines, re.MULTILINE)}


def test_no_locked_dependency_ships_a_package_of_our_names() -> None:
    """It would be imported in place of ours, or ours in place of its own, whichever comes first on the path."""
    locked, looked_at, taken = _locked(), set(), {}
    for distribution in metadata.distributions():
        name = re.sub(r"[-_.]+", "-", distribution.metadata["Name"]).lower()
        files = [file for file in distribution.files or [] if file.suffix in {".py", ".pyi", ".so", ".pyd"}]
        tops = {file.parts[0].partition(".")[0] for file in files}
        if name in locked:
            looked_at.add(name)
            taken.update({name: tops & PACKAGES} if tops & PACKAGES else {})
    assert looked_at >= {"aiohttp", "asyncpg", "msgspec", "pytest", "redis"}, "the lock files are read"
    assert taken == {}


def test_the_wheel_and_the_image_have_every_package() -> None:
    """A package that is missing from either would be missing where the server runs."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        wheel = tomllib.load(file)["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    image = re.findall(r"^COPY (\w+) \1$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(wheel) == set(image) == PACKAGES


def test_the_version_stands_once() -> None:
    """What is installed has the version of the code, and the changelog has begun it."""
    assert metadata.version("qq-alert") == server.__version__
    assert f"## [{server.__version__}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_command_line_prints_the_version() -> None:
    """`qq-alert --version` reads what is installed, so the version stands nowhere twice."""
    printed = CliRunner().invoke(cli, ["--version"])
    assert (printed.exit_code, printed.output) == (0, f"qq-alert, version {metadata.version('qq-alert')}\n")


def test_every_package_says_that_it_is_typed() -> None:
    """PEP 561: a type checker of code that imports it uses its types."""
    assert all((ROOT / package / "py.typed").exists() for package in PACKAGES)
