"""Runs a real S3 store, SeaweedFS, for tests: on this machine's own address, without a word to anybody outside.

Bounded: `START_S` until it answers, `STARTS_MAX` starts, each with other ports. It is ended by its id.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final
from urllib.parse import urlsplit

import msgspec

from public.objects import objects_of
from public.settings import PublicSettings, S3Settings
from tests.support.processes.processes import START_S, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from public.objects import Objects

BUCKET: Final = "alerts"
KEY: Final = "of-the-tests"
SECRET: Final = "secret-of-the-tests"
STARTS_MAX: Final = 3
SAID_MAX: Final = 4000
SOCKETS: Final = Path("/tmp")  # noqa: S108 - written by SeaweedFS
PORTS: Final = (
    "master.port",
    "master.port.grpc",
    "volume.port",
    "volume.port.grpc",
    "filer.port",
    "filer.port.grpc",
    "admin.port",
    "admin.port.grpc",
    "s3.port.grpc",
    "s3.port",
)


class _EndedError(Exception):
    """The store ended before it took anything: mostly because somebody else has one of its ports by now."""


@contextlib.asynccontextmanager
async def seaweedfs(folder: Path, before: PublicSettings | None = None) -> AsyncIterator[PublicSettings]:
    """Run a store with one bucket; yields the settings that reach it. `before`: it is there again, where it was."""
    async with contextlib.AsyncExitStack() as stack:
        for starts in range(1, STARTS_MAX + 1):
            try:
                settings = await stack.enter_async_context(_started(folder, before))
            except _EndedError:
                if starts == STARTS_MAX:
                    raise
            else:
                break
        yield settings


@contextlib.asynccontextmanager
async def _started(folder: Path, before: PublicSettings | None) -> AsyncIterator[PublicSettings]:
    ports = _free_ports(len(PORTS))
    if before is not None:
        ports[-1] = urlsplit(before.s3.url or "").port or 0
    s3 = S3Settings(url=f"http://127.0.0.1:{ports[-1]}", access_key_id=KEY, secret_access_key=SECRET)
    settings = PublicSettings(objects=f"s3://{BUCKET}/qq-alert", s3=s3)
    with tempfile.TemporaryFile() as said:
        process = await asyncio.create_subprocess_exec(
            *_command(folder, ports), env=_environment(folder), stdout=said, stderr=said
        )
        try:
            async with asyncio.timeout(START_S):
                await until(lambda: _takes(objects_of(settings, folder), process, said))
            yield settings
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()
            _remove_sockets(ports)


def _command(folder: Path, ports: Iterable[int]) -> list[str]:
    return [
        str(Path(sys.executable).parent / "weed"),
        "mini",
        f"-dir={folder}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        "-master.telemetry=false",
        "-admin.ui=false",
        "-webdav=false",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        f"-bucket={BUCKET}",
        *(f"-{name}={port}" for name, port in zip(PORTS, ports, strict=True)),
    ]


def _environment(folder: Path) -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "HOME": str(folder),
        "TMPDIR": tempfile.gettempdir(),
    }


def environment_of(settings: PublicSettings) -> dict[str, str]:
    """Return the variables that give a server these objects."""
    s3 = {f"S3__{name.upper()}": str(value) for name, value in msgspec.structs.asdict(settings.s3).items()}
    return {f"QQ_ALERT_PUBLIC__{name}": value for name, value in {"OBJECTS": settings.objects or "", **s3}.items()}


async def _takes(objects: Objects, process: asyncio.subprocess.Process, said: IO[bytes]) -> bool:
    """Tell whether the bucket is there: what is put into it can be deleted again."""
    if process.returncode is not None:
        said.seek(0)
        raise _EndedError(said.read()[-SAID_MAX:].decode(errors="replace"))
    return await objects.put("first", b"") is None and await objects.delete(["first"]) is None


def _remove_sockets(ports: Iterable[int]) -> None:
    """Remove the sockets that it leaves: of two of them no option says where they are."""
    for port in ports:
        for left in SOCKETS.glob(f"seaweedfs-*-{port}.sock"):
            left.unlink()


def _free_ports(number: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        bound = [stack.enter_context(socket.socket()) for _ in range(number)]
        for one in bound:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in bound]
