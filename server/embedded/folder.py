"""Keeps a state folder to its user: keys, passwords, logs and the stores' data are in it.

Bounded: by the files of the folder; those of PostgreSQL, which sees to its own, are left out.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

PRIVATE_FOLDER: Final = 0o700
PRIVATE_FILE: Final = 0o600
POSTGRES: Final = frozenset({"postgres", "postgres.new"})


class StateFolderError(Exception):
    """The state folder cannot be kept from others; the text names it and the reason."""


def make_private(state_dir: Path) -> None:
    """Make the folder, or take the rights of others from it and from what is in it.

    StateFolderError: it belongs to somebody else, or is no folder of a file system with rights.
    """
    try:
        state_dir.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        owner = state_dir.stat().st_uid
        if owner != os.geteuid():
            raise StateFolderError(
                f"{state_dir} belongs to user {owner}, and this process is user {os.geteuid()}: "
                "start it as that user, or give the folder to this one"
            )
        state_dir.chmod(PRIVATE_FOLDER)
        for folder, folders, files in os.walk(state_dir):
            folders[:] = [one for one in folders if folder != str(state_dir) or one not in POSTGRES]
            for name in (*folders, *files):
                _narrow(os.path.join(folder, name))  # noqa: PTH118 - os.walk's own texts
        left = stat.S_IMODE(state_dir.stat().st_mode)
    except OSError as error:
        raise StateFolderError(f"{state_dir} cannot be kept from other users: {error.strerror}") from None
    if left != PRIVATE_FOLDER:
        raise StateFolderError(f"{state_dir} cannot be kept from other users: its rights stay {left:o}")


def _narrow(path: str) -> None:
    """Take the rights of others from a folder, file or socket of ours; what ends meanwhile is left."""
    try:
        found = os.lstat(path)
        if found.st_uid != os.geteuid() or stat.S_ISLNK(found.st_mode):
            return
        allowed = PRIVATE_FOLDER if stat.S_ISDIR(found.st_mode) else PRIVATE_FILE
        if stat.S_IMODE(found.st_mode) & ~allowed:
            os.chmod(path, stat.S_IMODE(found.st_mode) & allowed)  # noqa: PTH101 - as above
    except FileNotFoundError:
        return
