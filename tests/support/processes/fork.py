"""Start `qq-alert` commands quickly, by forking a process that has already imported the code.

Each command is a process of its own, as from a shell: with its own memory, files and signals. The tests in `tests/e2e/`
prove that the command line itself starts. Bounded by the callers.
"""

from __future__ import annotations

import ctypes
import gc
import multiprocessing
import os
import pkgutil
import resource
import sys
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TextIO

import push.providers
import sql.database
from handlers.auth.limits import Limits
from server.cli import main

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkServerProcess
    from pathlib import Path

IMPORTED = [
    "server.cli",
    "server.commands.serve",
    "server.commands.public.serve_public",
    "server.commands.access",
    "server.commands.devices",
    "server.commands.failures",
    "server.simulators.batch.tpns_cli",
    "server.simulators.batch.cli",
    "server.simulators.token.cli",
    *(module.name for module in pkgutil.iter_modules(push.providers.__path__, "push.providers.")),
]
"""Modules that the forked process imports beforehand: the commands that tests start."""

CLOCK_AHEAD_S = "TEST_CLOCK_AHEAD_S"
"""By so many seconds the clock of a process is ahead of all others."""

DESCRIPTORS = "TEST_DESCRIPTORS"
"""So many files and sockets a process may open, as `ulimit -n` has it."""

BEGIN_SESSION = sql.database._BEGIN_SESSION  # noqa: SLF001 - as above
PATIENT = "TEST_PATIENT"
"""Whether a process has the patience of a test with stores that a busy machine holds up."""

PATIENCE_S = 10.0

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload([__name__, *IMPORTED])


def forked(arguments: list[str], environ: dict[str, str], folder: Path, log: Path) -> tuple[ForkServerProcess, TextIO]:
    """Start `qq-alert` in a folder, its standard error appended to `log`; returns it with its standard output."""
    reader, writer = _context.Pipe(duplex=False)
    process = _context.Process(target=_become, args=(arguments, environ, str(folder), str(log), writer), daemon=True)
    process.start()
    writer.close()
    output = os.fdopen(os.dup(reader.fileno()), encoding="utf-8")
    reader.close()
    return process, output


def _become(arguments: list[str], environ: dict[str, str], folder: str, log: str, output: Connection) -> None:
    """Run the command in the forked process."""
    os.environ.clear()
    os.environ.update(environ)
    os.chdir(folder)
    errors = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(output.fileno(), 1)
    os.dup2(errors, 2)
    os.close(errors)
    output.close()
    sys.argv = ["qq-alert", *arguments]
    if descriptors := int(environ.get(DESCRIPTORS, "0")):
        resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))
    if ahead_s := float(environ.get(CLOCK_AHEAD_S, "0")):
        _set_clock(ahead_s)
    if environ.get(PATIENT):
        Limits.__init__.__defaults__ = (PATIENCE_S,)
        sql.database._BEGIN_SESSION = patient_session()  # type: ignore[misc] # noqa: SLF001 - how a connection begins
    main()


def patient_session() -> str:
    """Return how a connection begins whose transactions PostgreSQL never ends for waiting for their client.

    What waits for less than a second for a process that has no time would be refused on a busy machine.
    """
    return f"{BEGIN_SESSION}; set idle_in_transaction_session_timeout = 0"


def _set_clock(ahead_s: float) -> None:
    """Set the wall clock of this process ahead; intervals go on as before.

    In place, because messages are decoded by the type itself: another class of the same name would be another type.
    """
    ahead, real_now, real_time = timedelta(seconds=ahead_s), datetime.now, time.time
    members = gc.get_referents(datetime.__dict__)[0]
    members["now"] = classmethod(lambda _, tz=None: real_now(tz) + ahead)
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(datetime))
    time.time = lambda: real_time() + ahead_s
