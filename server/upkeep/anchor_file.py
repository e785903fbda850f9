"""Appends anchors of the audit trail to a file, one JSON line each, and never removes any.

Several servers may append to one file: a line is written in one call. A file that has grown to `ROTATE_BYTES` gets a
name with a number, and the next line begins a new one. Bounded: a line at a time; files are a person's to remove.
Errors: OSError, as the file system has it.
"""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

ROTATE_BYTES: Final = 16 * 1024 * 1024
"""About 90,000 anchors: ten months of one every five minutes."""

NUMBERS_MAX: Final = 10_000
PRIVATE: Final = 0o600


def append(file: Path, line: bytes) -> None:
    """Append a line, and return when the disk has it; OSError when it was not written as a whole."""
    fd = os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
    try:
        size = os.fstat(fd).st_size
        # What a full disk cut short stays where it is, on a line of its own.
        begun = size > 0 and os.pread(fd, 1, size - 1) != b"\n"
        text = (b"\n" if begun else b"") + line + b"\n"
        if os.write(fd, text) != len(text):
            raise OSError("only a part of the line was written")
        os.fsync(fd)
        if not size:
            _sync_folder(file)
        if size + len(text) >= ROTATE_BYTES:
            _rotate(file, fd)
    finally:
        os.close(fd)


def _rotate(file: Path, fd: int) -> None:
    """Give a full file a name with a number, unless another server is doing that or has done it."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    if os.fstat(fd).st_ino != file.stat().st_ino:
        return
    for number in range(1, NUMBERS_MAX):
        target = file.with_name(f"{file.name}.{number}")
        if not target.exists():
            file.rename(target)
            _sync_folder(file)
            return


def _sync_folder(file: Path) -> None:
    fd = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
