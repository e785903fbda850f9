"""A proxy for tests: nginx before a server, which passes requests on and cuts WebSockets, as some companies' do.

Bounded: `START_S` until it listens. `close` ends it by its id.
"""

from __future__ import annotations

import asyncio
import shutil
from typing import TYPE_CHECKING, Final

from tests.support.processes.processes import until

if TYPE_CHECKING:
    from asyncio.subprocess import Process as Child
    from pathlib import Path

START_S: Final = 30.0

_CONFIGURATION: Final = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/nginx.log; worker_rlimit_nofile 1024;
events {{ worker_connections 256; }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass {server}; proxy_set_header Host $http_host; proxy_http_version 1.1; }}
  }}
}}
"""
"""Without `proxy_set_header Upgrade`, which a WebSocket needs."""


class CuttingProxy:
    """nginx as a process of a test."""

    def __init__(self, server_url: str, port: int, folder: Path) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._port = port
        self._folder = folder
        self._configuration = _CONFIGURATION.format(folder=folder, port=port, server=server_url)
        self._child: Child | None = None

    async def start(self) -> None:
        """Start it; RuntimeError where there is no nginx."""
        nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
        if nginx is None:
            raise RuntimeError("this test needs nginx: apt-get install nginx-light")
        file = self._folder / "nginx.conf"
        file.write_text(self._configuration, encoding="utf-8")
        self._child = await asyncio.create_subprocess_exec(nginx, "-c", str(file), "-p", str(self._folder))
        await until(self._listens, START_S)

    async def _listens(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            return False
        writer.close()
        return True

    async def close(self) -> None:
        """End it."""
        if self._child is not None:
            self._child.terminate()
            await self._child.wait()
