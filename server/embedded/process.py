"""Runs an embedded server as a child process that ends with its parent.

On Linux the kernel ends it when the parent is killed (PR_SET_PDEATHSIG). It has its own process group, so that Ctrl-C
reaches only the parent. Bounded: `READY_S` until it answers, `STOP_S` until it is killed. Errors: EmbeddedStoreError,
with the last lines of its log.
"""

from __future__ import annotations

import os
import subprocess
import time
from typing import TYPE_CHECKING

import msgspec

from runtime.system import tied_to_us
from server.embedded.folder import PRIVATE_FILE

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

READY_S = 30.0
STOP_S = 10.0
POLL_INTERVAL_S = 0.005
LOG_TAIL_LINES = 8
PRIVATE_UMASK = 0o077


class EmbeddedStoreError(Exception):
    """An embedded store did not start; the text has the last lines of its log."""


class Identity(msgspec.Struct, frozen=True):
    """The user and group that a child runs as, None for our own; `prefix` wraps the command in a user namespace."""

    user: int | None = None
    group: int | None = None
    prefix: tuple[str, ...] = ()


class Child:
    """One embedded server."""

    def __init__(self, name: str, log: Path, stop_signal: signal.Signals) -> None:
        self.name = name
        self._log = log
        self._stop_signal = stop_signal
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it is known."""
        return None if self._process is None else self._process.pid

    def start(
        self,
        command: Sequence[str],
        environ: Mapping[str, str],
        identity: Identity,
        fds: tuple[int, ...],
        answers: Callable[[], bool],
    ) -> None:
        """Start it and wait until it answers; EmbeddedStoreError when it does not."""
        with os.fdopen(os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE), "wb") as log:
            self._process = subprocess.Popen(
                [*identity.prefix, *command],
                env=dict(environ),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                user=identity.user,
                group=identity.group,
                extra_groups=[] if identity.user is not None else None,
                process_group=0,
                pass_fds=fds,
                umask=PRIVATE_UMASK,
                preexec_fn=tied_to_us(self._stop_signal),  # noqa: PLW1509 - stores start before any thread does
            )
        deadline_s = time.monotonic() + READY_S
        while not answers():
            if self._process.poll() is not None or time.monotonic() > deadline_s:
                self.stop()
                raise EmbeddedStoreError(f"the embedded {self.name} did not start:\n{self._tail()}")
            time.sleep(POLL_INTERVAL_S)

    def is_dead(self) -> bool:
        """Return whether it ended by itself."""
        return self._process is not None and self._process.poll() is not None

    def stop(self, with_signal: signal.Signals | None = None) -> None:
        """Stop it by its signal, and kill it after `STOP_S`."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(with_signal or self._stop_signal)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _tail(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-LOG_TAIL_LINES:])
