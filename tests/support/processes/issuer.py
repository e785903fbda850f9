"""An issuer for a test: `oidc-provider-mock` as a process of its own, with people that the test adds and turns out.

Bounded: `START_S` until it listens. Ended by its id.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import aiohttp

if TYPE_CHECKING:
    from pathlib import Path

START_S: Final = 120.0
POLL_INTERVAL_S: Final = 0.05
TYPE: Final = "application/json"


class Issuer:
    """A running issuer."""

    def __init__(self, port: int, log: Path) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._log = log.open("wb")
        command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--host", "127.0.0.1"]
        self._process = subprocess.Popen(command, stdout=self._log, stderr=self._log)

    async def started(self) -> None:
        """Wait until it answers."""
        async with asyncio.timeout(START_S), aiohttp.ClientSession() as session:
            while True:
                assert self._process.poll() is None, "the issuer ended"
                try:
                    async with session.get(f"{self.url}/.well-known/openid-configuration") as answer:
                        if answer.status == 200:
                            return
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(POLL_INTERVAL_S)

    async def person(self, subject: str, *groups: str, **claims: object) -> None:
        """Add a person with groups, or change what is known of them."""
        await self._send("PUT", f"/users/{subject}", {"groups": [*groups], "name": subject, **claims})

    async def turn_out(self, subject: str) -> None:
        """Let nothing that was given in a person's name be good any longer."""
        await self._send("POST", f"/users/{subject}/revoke-tokens", {})

    def environ(self, groups: str, **more: str) -> dict[str, str]:
        """Return the settings of a server whose people sign in here; `groups`: an inline table of TOML."""
        section = "QQ_ALERT_CONSOLE__OIDC__"
        return {
            f"{section}ISSUER": self.url,
            f"{section}CLIENT_ID": "console",
            f"{section}CLIENT_SECRET": "secret",
            f"{section}GROUPS": groups,
            f"{section}RECHECK_S": "0.5",
            **{f"{section}{name.upper()}": value for name, value in more.items()},
        }

    async def _send(self, method: str, path: str, content: object) -> None:
        data, headers = json.dumps(content).encode(), {"Content-Type": TYPE}
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, self.url + path, data=data, headers=headers) as answer,
        ):
            assert answer.status < 300, await answer.text()

    def end(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(START_S)
        self._log.close()
