"""Finds Chromium for the tests of pages, and installs Debian's where it is missing and can be.

Bounded: `INSTALL_S`. Errors: RuntimeError says what to install where there is none.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

NAMES: Final = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The first has no windows, and needs half of the time and CPU to start."""

PACKAGES: Final = (("chromium-headless-shell", "fonts-noto-cjk"), ("chromium", "fonts-noto-cjk"))
"""Of Debian: the first that can be had."""

INSTALL_S: Final = 600
ARGUMENTS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""Without a sandbox of its own, which root and many containers have no way to give it: it opens our own pages alone."""


def chromium() -> str:
    """Return where Chromium is."""
    found = _found()
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        _install()
        found = _found()
    if found is None:
        raise RuntimeError("these tests need Chromium: apt-get install chromium fonts-noto-cjk, or CHROMIUM_OF_TESTS")
    return found


def _found() -> str | None:
    named = os.environ.get("CHROMIUM_OF_TESTS")
    return named or next((path for name in NAMES if (path := shutil.which(name))), None)


def _install() -> None:
    """Install it once, whichever of the tests' processes comes first."""
    lock = Path(tempfile.gettempdir()) / "qqa-chromium.lock"
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if _found() is not None:
            return
        environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends"]
        for command in (["apt-get", "update", "-qq"], *([*install, *packages] for packages in PACKAGES)):
            if _found() is None:
                subprocess.run(command, check=False, timeout=INSTALL_S, env=environ, stdout=subprocess.DEVNULL)
