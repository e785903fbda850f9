"""Read from Linux how much CPU processes used.

Bounded: the processes of the machine.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def parent_of(process: int) -> int:
    """Return the id of the process that started a process."""
    return int(_stat(process)[1])


def _stat(process: int) -> list[str]:
    """Return what Linux says of a process, from its state on."""
    return Path(f"/proc/{process}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()


def cpu_s(process: int, *, children: bool) -> float:
    """Return the CPU seconds of a process, and of its children, those that ended included."""
    ticks = sum(int(value) for value in _stat(process)[11 : 15 if children else 13])
    for entry in Path("/proc").iterdir() if children else ():
        # One may end while it is looked at.
        with suppress(OSError, ValueError):
            stat = _stat(int(entry.name))
            if int(stat[1]) == process:
                ticks += int(stat[11]) + int(stat[12])
    return ticks / os.sysconf("SC_CLK_TCK")
