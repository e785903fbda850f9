"""Runs a real nginx with the configuration that is shipped, before a server of a test.

Bounded: `START_S` until it listens. It is ended by its id.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import subprocess
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from tests.support.debian import program
from tests.support.processes.processes import ROOT, START_S, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

SHIPPED: Final = "examples/nginx.conf"
SHIPPED_PUBLIC: Final = "examples/nginx-public.conf"
UPSTREAMS: Final = {SHIPPED: "127.0.0.1:8470", SHIPPED_PUBLIC: "127.0.0.1:8480"}
MAIN: Final = """pid {folder}/nginx.pid; error_log {folder}/nginx-error.log; daemon off; master_process off;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    include {folder}/server.conf;
}}
"""


@contextlib.asynccontextmanager
async def nginx(
    folder: Path,
    server_url: str,
    certificate: Path,
    key: Path,
    *,
    shipped: str = SHIPPED,
    changes: dict[str, str] | None = None,
) -> AsyncIterator[str]:
    """Run nginx before a server; yields its URL. `changes`: of what is shipped to what a test needs."""
    path = program(("nginx",), (("nginx-light",),), "NGINX_OF_TESTS")
    port = _free_port()
    text = await asyncio.to_thread((ROOT / shipped).read_text, encoding="utf-8")
    for old, new in {
        "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
        UPSTREAMS[shipped]: urlsplit(server_url).netloc,
        "/etc/nginx/tls/alerts.pem": str(certificate),
        "/etc/nginx/tls/alerts.key": str(key),
        **(changes or {}),
    }.items():
        assert old in text, f"the shipped file has no {old!r}"
        text = text.replace(old, new)
    (folder / "server.conf").write_text(text, encoding="utf-8")
    (folder / "nginx.conf").write_text(MAIN.format(folder=folder), encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        path, "-p", str(folder), "-c", str(folder / "nginx.conf"), stderr=subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(START_S):
            await until(lambda: _listens(port, process))
        yield f"https://127.0.0.1:{port}"
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _listens(port: int, process: asyncio.subprocess.Process) -> bool:
    assert process.returncode is None, "nginx ended"
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    except OSError:
        return False
    writer.close()
    return True


def _free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
    return port
