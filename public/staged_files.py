"""Removes what an interrupted put leaves in a folder: a file `NAME#1` that is no object, and that no list has.

It may hold what the object would have held: a page, a poster, a photo. Its age is by the clock of the folder, which is
not that of the machine where others write into it, too. Runs in a thread; bounded: a pause after each folder, `stop`.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import threading

PAUSE_S: Final = 0.001
"""After each folder: what sends shares the interpreter with this thread."""

CLOCK: Final = "clock#0"
"""A file that is written to read its time: removed like any other where it stays."""

_STAGED: Final = re.compile(r".+#\d+\Z")


def remove_staged(root: Path, folder: str, older_than_s: float, stop: threading.Event) -> int:
    """Remove staged files below a folder of `root`, and return how many; OSError where that cannot be done.

    Those younger than `older_than_s` may still be written, and stay.
    """
    removed, latest = 0, _now_s(root) - older_than_s if older_than_s > 0 else None
    for place, _, names in os.walk(root / folder, onerror=_unless_gone):
        for name in names:
            if _STAGED.fullmatch(name) is not None:
                removed += _remove(Path(place, name), latest)
        if stop.wait(PAUSE_S):
            break
    return removed


def _now_s(root: Path) -> float:
    clock = root / CLOCK
    clock.write_bytes(b"")
    try:
        return clock.stat().st_mtime
    finally:
        clock.unlink(missing_ok=True)


def _remove(path: Path, latest: float | None) -> bool:
    """Remove a file that was last written at `latest` or before; another process may have done so."""
    with suppress(FileNotFoundError):
        if latest is None or path.stat().st_mtime <= latest:
            path.unlink()
            return True
    return False


def _unless_gone(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error
