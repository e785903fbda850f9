"""Run an independent HTTP/2 server and load generator (nghttp2's nghttpd and h2load), and a proxy with a delay.

Bounded: `START_S` to listen, the caller's requests, `READ_BYTES` read at once on each side of a delayed connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import socket
import subprocess
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from aiohttp import web

from server.simulators.certificate import context_in
from server.simulators.token.fcm import account_in

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

PROJECT = "bench-project"
PATH = f"/v1/projects/{PROJECT}/messages:send"
START_S = 10.0
READ_BYTES = 1 << 18
STREAMS = 100
CONNECTIONS = 4


class Nghttpd(NamedTuple):
    """A server that accepts all FCM messages and counts nothing."""

    port: int
    folder: Path

    @property
    def url(self) -> str:
        """The server's URL."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def certificate(self) -> Path:
        """The server's self-signed certificate."""
        return self.folder / "cert.pem"

    def settings(self, **more: str) -> dict[str, str]:
        """Return the settings of an FCM lane for this server, as environment variables."""
        settings = {
            "url": self.url,
            "ca_file": str(self.certificate),
            "service_account_files": f'["{self.folder / f"{PROJECT}.json"}"]',
            **more,
        }
        return {f"QQ_ALERT_LANES__FCM__{name.upper()}": value for name, value in settings.items()}


def missing() -> str | None:
    """Say which of the two programs is not installed; None when both are."""
    wanted = [name for name in ("nghttpd", "h2load") if shutil.which(name) is None]
    return f"{' and '.join(wanted)} not installed (Debian: nghttp2-server, nghttp2-client)" if wanted else None


@asynccontextmanager
async def nghttpd(folder: Path) -> AsyncIterator[Nghttpd]:
    """Run nghttpd, and beside it a site that grants every request for an access token."""
    folder.mkdir()
    file = folder / PATH[1:]
    file.parent.mkdir(parents=True)
    file.write_bytes(b"{}")
    context_in(folder, ["h2"])
    port = _free_port()
    options = ["-d", str(folder), "-a", "127.0.0.1", "-m", "1000"]
    files = [str(folder / "key.pem"), str(folder / "cert.pem")]
    process = await asyncio.create_subprocess_exec(
        "nghttpd", *options, str(port), *files, stdout=asyncio.subprocess.DEVNULL
    )
    runner = web.ServerRunner(web.Server(_grant))
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        account_in(folder, PROJECT)
        account = msgspec.json.decode((folder / f"{PROJECT}.json").read_bytes())
        account["token_uri"] = f"http://127.0.0.1:{runner.addresses[0][1]}/token"
        (folder / f"{PROJECT}.json").write_bytes(msgspec.json.encode(account))
        await _listening(port)
        yield Nghttpd(port, folder)
    finally:
        process.terminate()
        await process.wait()
        await runner.cleanup()


def h2load(server: Nghttpd, body: bytes, requests: int) -> float:
    """Return h2load's requests for each of its CPU seconds; RuntimeError unless all were accepted."""
    file = server.folder / "body"
    file.write_bytes(body)
    command = ["h2load", "-n", str(requests), "-c", str(CONNECTIONS), "-m", str(STREAMS), "-d", str(file)]
    command += ["-H", f"authorization: Bearer {'x' * 200}", "-H", "content-type: application/json"]
    with subprocess.Popen([*command, server.url + PATH], stdout=subprocess.PIPE, text=True) as process:
        output = "" if process.stdout is None else process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    accepted = re.search(r"status codes: (\d+) 2xx", output)
    if accepted is None or int(accepted[1]) != requests:
        raise RuntimeError("not all requests of h2load were accepted")
    return requests / (used.ru_utime + used.ru_stime)


@asynccontextmanager
async def delayed(port: int, delay_s: float) -> AsyncIterator[int]:
    """Run a proxy to a local port that delays bytes by `delay_s` each way; yields the proxy's port."""
    loop = asyncio.get_running_loop()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(READ_BYTES):
                loop.call_later(delay_s, writer.write, data)
        loop.call_later(delay_s, writer.close)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A connection that breaks, or is still open at the end of the measure, is no fault.
        with contextlib.suppress(asyncio.CancelledError):
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
            async with asyncio.TaskGroup() as group:
                group.create_task(carry(reader, far_writer), name="there")
                group.create_task(carry(far_reader, writer), name="back")

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def _grant(_: web.BaseRequest) -> web.StreamResponse:
    content = msgspec.json.encode({"access_token": "bench", "expires_in": 3600, "token_type": "Bearer"})
    return web.Response(body=content, content_type="application/json")


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


async def _listening(port: int) -> None:
    async with asyncio.timeout(START_S):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.01)
                continue
            writer.close()
            return
