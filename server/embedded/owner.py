"""Lets one process own the embedded stores of a state folder, and publishes their URLs.

The lock is an flock on `owner.lock` that the stores inherit, so it is held until the last of them has ended.
Bounded: `LOCK_WAIT_S` for the stores of an owner that was killed.
"""

from __future__ import annotations

import fcntl
import os
import time
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from pathlib import Path

LOCK_WAIT_S = 10.0
POLL_INTERVAL_S = 0.02


class StateOwnedError(Exception):
    """Another process owns the state folder; the text names it."""


class StoreUrls(msgspec.Struct, frozen=True):
    """The URLs of the embedded stores; None for one that is not embedded.

    `postgres`: as the owner of the schema, `runtime`: as the role that servers run as.
    """

    postgres: str | None
    redis: str | None
    runtime: str | None = None


class _Published(msgspec.Struct, frozen=True):
    pid: int
    urls: StoreUrls


class Ownership:
    """The lock on a state folder."""

    def __init__(self, state_dir: Path) -> None:
        self._state_dir = state_dir
        self._file = state_dir / "owner.json"
        self.fd = os.open(state_dir / "owner.lock", os.O_RDWR | os.O_CREAT, 0o600)

    def take(self) -> None:
        """Take the lock; StateOwnedError when a running process has it."""
        deadline_s = time.monotonic() + LOCK_WAIT_S
        while not _try_lock(self.fd):
            published = _read(self._file)
            if published is not None and _lives(published.pid):
                raise StateOwnedError(f"{self._state_dir} is owned by process {published.pid}")
            if time.monotonic() > deadline_s:
                raise StateOwnedError(f"{self._state_dir} is owned by stores whose server is gone, and they do not end")
            time.sleep(POLL_INTERVAL_S)
        self.publish(StoreUrls(None, None))

    def publish(self, urls: StoreUrls) -> None:
        """Write the URLs to `owner.json`, for commands that run beside the server."""
        fresh = self._file.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_bytes(msgspec.json.encode(_Published(os.getpid(), urls)))
        fresh.replace(self._file)

    def give_up(self) -> None:
        """Release the lock."""
        self._file.unlink(missing_ok=True)
        os.close(self.fd)


def running_stores(state_dir: Path) -> StoreUrls | None:
    """Return the URLs of the stores of a running owner, None when the folder has no owner."""
    published = _read(state_dir / "owner.json")
    if published is None or not _lives(published.pid):
        return None
    return published.urls if published.urls != StoreUrls(None, None) else None


def _try_lock(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(file: Path) -> _Published | None:
    try:
        return msgspec.json.decode(file.read_bytes(), type=_Published)
    except (OSError, msgspec.DecodeError):
        return None


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
