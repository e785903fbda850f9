"""Gives a child process the few environment variables that it needs, and none that may hold a secret.

What a process was started with can be read in /proc/PID/environ by its user, which for PostgreSQL may be `nobody`.
Bounded: by the lists.
"""

from __future__ import annotations

import os
from typing import Final

FOR_STORES: Final = ("PATH", "TMPDIR")
FOR_PYTHON: Final = (
    *FOR_STORES,
    *("HOME", "LANG", "LC_ALL", "LC_CTYPE", "TERM", "NO_COLOR"),
    *("VIRTUAL_ENV", "PYTHONPYCACHEPREFIX", "PYTHONUNBUFFERED", "COVERAGE_PROCESS_START"),
)


def store_environment() -> dict[str, str]:
    """Return the variables of a store: those of `FOR_STORES`, the C locale and UTC."""
    return {**_kept(FOR_STORES), "LC_ALL": "C", "TZ": "UTC"}


def python_environment() -> dict[str, str]:
    """Return the variables of a `qq-alert` that we start, without any setting."""
    return _kept(FOR_PYTHON)


def _kept(names: tuple[str, ...]) -> dict[str, str]:
    return {name: os.environ[name] for name in names if name in os.environ}
