"""Finds programs that the tests need and Python has no package of, and installs Debian's where they are missing.

Bounded: `INSTALL_S` a command. Errors: RuntimeError says what to install where that cannot be done.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

INSTALL_S: Final = 600


def program(names: Sequence[str], choices: Sequence[Sequence[str]], variable: str) -> str:
    """Return where the first of these programs is, installed if need be and possible.

    `choices`: packages to install, the first choice that can be had. `variable`: of the environment, names another
    program.
    """
    found = _found(names, variable)
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        _install(names, choices, variable)
        found = _found(names, variable)
    if found is None:
        raise RuntimeError(f"these tests need {names[0]}: apt-get install {' '.join(choices[-1])}, or set {variable}")
    return found


def _found(names: Sequence[str], variable: str) -> str | None:
    # Where root's programs are, some users do not look.
    path = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin"))
    return os.environ.get(variable) or next((at for name in names if (at := shutil.which(name, path=path))), None)


def _install(names: Sequence[str], choices: Sequence[Sequence[str]], variable: str) -> None:
    """Install it once, whichever of the tests' processes comes first."""
    lock = Path(tempfile.gettempdir()) / "qqa-install.lock"
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends"]
        for command in (["apt-get", "update", "-qq"], *([*install, *packages] for packages in choices)):
            if _found(names, variable) is None:
                subprocess.run(command, check=False, timeout=INSTALL_S, env=environ, stdout=subprocess.DEVNULL)
