"""Exports the version before the newest migration out of the history of this repository.

Bounded: `COMMITS` are looked at, `GIT_S` for git, `START_S` for an import.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING, Final

import pytest

from tests.support.processes.interpreter import START_S
from tests.support.processes.processes import ROOT

if TYPE_CHECKING:
    from pathlib import Path

GIT_S: Final = 60.0
COMMITS: Final = 5
"""A commit that cannot even be imported was no version that anybody ran: the one before it is taken."""

MIGRATIONS: Final = "sql/migrations"


def newest_migration() -> str:
    """Return the file name of the newest migration."""
    return max(file.name for file in (ROOT / MIGRATIONS).glob("*.sql"))


def exported(folder: Path) -> Path:
    """Write the last version before the newest migration below `folder`, and return where.

    Skips the test where there is no history of it.
    """
    if _git("rev-parse", "--show-prefix").strip():
        pytest.skip("the history around this folder is another one's")
    newest = f"{MIGRATIONS}/{newest_migration()}"
    added = _git("log", "--diff-filter=A", "--format=%H", "--", newest).split()
    # One that is not committed yet is newer than all that is.
    last = _git("rev-parse", "--verify", f"{added[-1]}^" if added else "HEAD").strip()
    for commit in _git("rev-list", "--first-parent", f"--max-count={COMMITS}", last).split():
        archive = folder / f"{commit}.zip"
        _git("archive", "--format=zip", f"--output={archive}", commit)
        with zipfile.ZipFile(archive) as files:
            files.extractall(folder / commit)
        if _can_be_imported(folder / commit):
            return folder / commit
    raise AssertionError(f"none of {COMMITS} commits up to {last} can be imported")


def _can_be_imported(folder: Path) -> bool:
    command = [sys.executable, "-c", "import server.commands.serve"]
    return subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=START_S).returncode == 0


def _git(*arguments: str) -> str:
    git = shutil.which("git")
    if git is None:
        pytest.skip("there is no git to export an older version with")
    done = subprocess.run(
        [git, "-C", str(ROOT), *arguments], capture_output=True, text=True, check=False, timeout=GIT_S
    )
    if done.returncode:
        pytest.skip(f"no history of an older version: git {arguments[0]} says {done.stderr.strip()!r}")
    return done.stdout
