"""Exports the version before the newest migration out of the history of this repository.

Bounded: `COMMITS` are looked at, `GIT_S` for git, `START_S` for an import.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Final

import pytest

from tests.support.processes.interpreter import START_S
from tests.support.processes.processes import ROOT

GIT_S: Final = 60.0
COMMITS: Final = 5
"""A commit that cannot even be imported was no version that anybody ran: the one before it is taken."""

MIGRATIONS: Final = "sql/migrations"
HISTORY: Final = 500
"""Commits among which the version before the newest migration is."""


def newest_migration() -> str:
    """Return the file name of the newest migration."""
    return max(file.name for file in (ROOT / MIGRATIONS).glob("*.sql"))


def exported(folder: Path) -> Path:
    """Write the last version before the newest migration below `folder`, and return where.

    Skips the test where there is no history of it.
    """
    if _git("rev-parse", "--show-prefix").strip():
        pytest.skip("the history around this folder is another one's")
    looked_at = 0
    for commit in _git("rev-list", "--date-order", f"--max-count={HISTORY}", "HEAD").split():
        if not _migrations_of(commit) < migrations_below(ROOT):
            continue
        looked_at += 1
        if looked_at > COMMITS:
            break
        archive = folder / f"{commit}.zip"
        _git("archive", "--format=zip", f"--output={archive}", commit)
        with zipfile.ZipFile(archive) as files:
            files.extractall(folder / commit)
        if _can_be_imported(folder / commit):
            return folder / commit
    raise AssertionError(f"none of {COMMITS} commits of the last {HISTORY} can be imported")


def migrations_below(folder: Path) -> set[str]:
    """Return the file names of a version's migrations."""
    return {file.name for file in (folder / MIGRATIONS).glob("*.sql")}


def _migrations_of(commit: str) -> set[str]:
    return {Path(name).name for name in _git("ls-tree", "--name-only", commit, f"{MIGRATIONS}/").split()}


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
