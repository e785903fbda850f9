"""Starts what the storm meets: nginx with static files, serve-public, and nginx with the shipped file before it.

All without TLS, each one process. Bounded: `START_S` until a server listens.
"""

from __future__ import annotations

import asyncio
import gzip
import signal
import socket
import subprocess
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

from handlers.public.serving.prepared import prepared
from runtime.system import tied_to_us
from server.embedded.environment import python_environment

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ROOT: Final = Path(__file__).parents[2]
START_S: Final = 30.0
LOOK_S: Final = 0.05

_OWN: Final = frozenset({"Content-Type", "ETag"})
"""What nginx says of a file by itself."""

_MAIN: Final = """pid {folder}/nginx.pid; error_log {folder}/error.log; daemon off; master_process off;
worker_rlimit_nofile 8192;
events {{ worker_connections 4096; }}
http {{
    access_log off; keepalive_requests 100000000;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    {servers}
}}
"""


class Served(NamedTuple):
    """A server: its URL, and the id of its one process."""

    url: str
    pid: int


@asynccontextmanager
async def static_nginx(
    folder: Path, objects: dict[str, tuple[str, bytes]], *, is_tuned: bool = True
) -> AsyncIterator[Served]:
    """Run nginx over files: addresses with the names and bytes of their objects; beacons are answered and forgotten.

    `is_tuned`: files stay open and small ones are sent with their head, else as Debian's nginx does it.
    """
    folder.mkdir()
    places = ["location /b/ { return 204; }"]
    for number, (address, (name, content)) in enumerate(objects.items()):
        made = prepared(name, content)
        file = folder / f"{number}.{name.rpartition('.')[2]}"
        file.write_bytes(made.content)
        if made.compressed:
            Path(f"{file}.gz").write_bytes(gzip.compress(content, 9, mtime=0))
        kind = made.headers["Content-Type"]
        others = {header: value for header, value in made.headers.items() if header not in _OWN}
        headers = " ".join(f'add_header {header} "{value}";' for header, value in others.items())
        places.append(
            f'location = {address} {{ alias {file}; types {{ }} default_type "{kind}"; gzip_static on; {headers} }}'
        )
    port = free_port()
    tuned = "open_file_cache max=100 inactive=1h; open_file_cache_valid 1h;"
    way = tuned if is_tuned else "sendfile on; tcp_nopush on;"
    server = f"{way} server {{ listen 127.0.0.1:{port}; {' '.join(places)} }}"
    async with _nginx(folder, server, port) as served:
        yield served


@asynccontextmanager
async def shipped_nginx(folder: Path, origin: str) -> AsyncIterator[Served]:
    """Run nginx with the shipped file before serve-public, without TLS, and with one address for all readers."""
    folder.mkdir()
    port = free_port()
    text = (ROOT / "examples" / "nginx-public.conf").read_text(encoding="utf-8")
    for old, new in {
        "listen 443 ssl;": f"listen 127.0.0.1:{port};",
        "127.0.0.1:8480": urlsplit(origin).netloc,
        "/var/cache/nginx/qq-alert": f"{folder}/cache",
        "rate=20r/s": "rate=1000000r/s",
    }.items():
        if old not in text:
            raise RuntimeError(f"the shipped file has no {old!r}")
        text = text.replace(old, new)
    lines = [line for line in text.splitlines() if not line.strip().startswith("ssl_")]
    async with _nginx(folder, "\n".join(lines), port) as served:
        yield served


@asynccontextmanager
async def _nginx(folder: Path, servers: str, port: int) -> AsyncIterator[Served]:
    (folder / "nginx.conf").write_text(_MAIN.format(folder=folder, servers=servers), encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        "nginx",
        "-p",
        str(folder),
        "-c",
        str(folder / "nginx.conf"),
        stderr=subprocess.DEVNULL,
        env={"PATH": "/usr/local/sbin:/usr/sbin:/usr/bin:/bin"},
        preexec_fn=tied_to_us(signal.SIGTERM),
    )
    try:
        await _listens(port, process)
        yield Served(f"http://127.0.0.1:{port}", process.pid)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


@asynccontextmanager
async def serve_public(folder: Path, *, nice: int = 0) -> AsyncIterator[Served]:
    """Run serve-public over the objects of a folder; all readers have one address."""
    process = await asyncio.create_subprocess_exec(
        "nice",
        f"-n{nice}",
        sys.executable,
        "-m",
        "server.cli",
        "serve-public",
        env={
            **python_environment(),
            "PYTHONPATH": str(ROOT),
            "QQ_ALERT_PUBLIC__LISTEN": "127.0.0.1:0",
            "QQ_ALERT_PUBLIC__OBJECTS": (folder / "objects").as_uri(),
            "QQ_ALERT_LIMITS__PER_ADDRESS": "false",
            "QQ_ALERT_LOG__LEVEL": "warning",
        },
        stdout=subprocess.PIPE,
        preexec_fn=tied_to_us(signal.SIGTERM),
    )
    try:
        async with asyncio.timeout(START_S):
            line = b"" if process.stdout is None else await process.stdout.readline()
        if not line:
            raise RuntimeError("serve-public did not start")
        yield Served(line.decode().split()[-1], process.pid)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _listens(port: int, process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(START_S):
        while process.returncode is None:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(LOOK_S)
            else:
                writer.close()
                return
    raise RuntimeError("nginx ended")


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
    return port
