"""Appends anchors of the audit trail to a file, one JSON line each, never removes any, and reads the last one.

Several servers may append to one file: a line is written in one call. A file that has grown to `ROTATE_BYTES` gets a
name with a number, and the next line begins a new one. Bounded: a line at a time; files are a person's to remove.
Errors: OSError, as the file system has it.
"""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
from msgspec import Meta

from runtime.decoding import DECODE_ERRORS

if TYPE_CHECKING:
    from pathlib import Path

ROTATE_BYTES: Final = 16 * 1024 * 1024
"""About 90,000 anchors: ten months of one every five minutes."""

NUMBERS_MAX: Final = 10_000
PRIVATE: Final = 0o600
TAIL_BYTES: Final = 4096
"""Of the file's end are read: some twenty anchors."""


class _Line(msgspec.Struct, frozen=True):
    seq: Annotated[int, Meta(ge=1)]
    digest: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]


_LINE: Final = msgspec.json.Decoder(_Line)


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


def last(file: Path) -> tuple[int, str] | None:
    """Return number and digest of the last anchor that can be read, None where there is none."""
    for one in (file, *sorted(file.parent.glob(f"{file.name}.*"), key=_number, reverse=True)[:1]):
        try:
            fd = os.open(one, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        try:
            tail = os.pread(fd, TAIL_BYTES, max(0, os.fstat(fd).st_size - TAIL_BYTES))
        finally:
            os.close(fd)
        for line in reversed(tail.splitlines()):
            try:
                found = _LINE.decode(line)
            except DECODE_ERRORS:
                continue
            return found.seq, found.digest
    return None


def _number(file: Path) -> int:
    """Return which of the full files this is, 0 for another file."""
    number = file.suffix[1:]
    return int(number) if number.isascii() and number.isdecimal() else 0


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
