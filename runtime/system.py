"""Keeps the memory of a process, which holds secrets, from other programs: no core dump, no look from outside.

On Linux; elsewhere only the limit on core dumps is set. Bounded: by the number of environment variables.
"""

from __future__ import annotations

import ctypes
import os
import resource
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Collection

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4

# Loaded before any fork: a child may not load libraries between fork and exec.
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def keep_memory_private() -> None:
    """Have this process and its children dump no core, and let only root read its memory and its environment."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if _libc is None:
        return
    # Where a program takes core dumps through a pipe the limit does not count: then they have no memory in them.
    with suppress(OSError):
        Path("/proc/self/coredump_filter").write_text("0", encoding="ascii")
    _libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def tied_to_us(stop_signal: signal.Signals) -> Callable[[], None]:
    """Return a function to run between fork and exec: the child dumps no core, and ends when its parent dies.

    The kernel sends `stop_signal` then, on Linux.
    """
    parent = os.getpid()

    def tie() -> None:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if _libc is not None:
            _libc.prctl(_PR_SET_PDEATHSIG, stop_signal, 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)

    return tie


def forget_variables(names: Collection[str]) -> None:
    """Remove environment variables, and overwrite their values where the kernel shows them (/proc/PID/environ)."""
    if _libc is not None and names:
        wanted = {os.fsencode(name) for name in names}
        block = ctypes.POINTER(ctypes.c_void_p).in_dll(_libc, "environ")
        number = 0
        while (address := block[number]) is not None:
            there, _, value = ctypes.string_at(address).partition(b"=")
            if there in wanted:
                ctypes.memset(address + len(there) + 1, ord("x"), len(value))
            number += 1
    for name in names:
        os.environ.pop(name, None)
