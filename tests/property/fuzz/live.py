"""Sends inputs to a real server on real stores, and says what it answered that it never should.

Bounded: `AT_ONCE` requests; every request by `TIMEOUT_S`.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import secrets
import time
from collections import Counter
from contextlib import asynccontextmanager
from itertools import count
from typing import TYPE_CHECKING, Final

import aiohttp
import msgspec

from tests.support.processes.deployment import CASE, Deployment

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from tests.property.fuzz.inputs import Input

AT_ONCE: Final = 8
TIMEOUT_S: Final = 60.0
SERVER_ERROR: Final = 500
ACCEPTED: Final = 202
LIMITS: Final = {
    f"QQ_ALERT_LIMITS__{name}": "1000000"
    for name in ("PLATFORM_PER_S", "PLATFORM_BURST", "PEOPLE_PER_S", "PEOPLE_BURST", "WEBHOOKS_PER_MINUTE")
} | {"QQ_ALERT_LIMITS__FAILURES_PER_MINUTE": "1000000"}


class Live:
    """A server with a case to act on; `broken` says what it did that it never should."""

    def __init__(self, deployment: Deployment, url: str, session: aiohttp.ClientSession, alert: str) -> None:
        self._deployment = deployment
        self._url = url
        self._session = session
        self._alert = alert
        self._numbers = count(1)
        self._at_once = asyncio.Semaphore(AT_ONCE)
        self.statuses: Counter[int] = Counter()
        self.broken: list[str] = []

    async def send(self, inputs: Sequence[Input]) -> None:
        """Send inputs, and look for the case of each one that was accepted."""
        async with asyncio.TaskGroup() as group:
            for one in inputs:
                group.create_task(self._send(one))
        log = self._deployment.log.read_text(encoding="utf-8")
        bugs = log.count("request.bug") + log.count("process.died")
        if bugs:
            self.broken.append(f"{bugs} bugs in the log")

    async def _send(self, one: Input) -> None:
        path, headers, body = self._request(one)
        number = f"FZ-{next(self._numbers)}"
        if one.kind in {"case", "siblings", "rich"}:
            body = body.replace(str(CASE["case_number"]).encode(), number.encode())
            headers = _signed(self._deployment.secret, body)
        async with self._at_once, self._session.post(self._url + path, data=body, headers=headers) as response:
            self.statuses[response.status] += 1
            answer = await response.read()
        if response.status >= SERVER_ERROR:
            self.broken.append(f"{response.status} for {one.kind} {one.where}: {one.body[:1500]!r}")
        elif response.status == ACCEPTED and path.startswith("/v1/intake"):
            filed = msgspec.json.decode(answer)["alert"]["case_number"]
            async with self._session.get(f"{self._url}/v1/alerts", params={"case_number": filed}) as found:
                alerts = (await found.json())["alerts"]
            if [alert["case_number"] for alert in alerts] != [filed]:
                self.broken.append(f"not found by its number: {filed!r}")

    def _request(self, one: Input) -> tuple[str, dict[str, str], bytes]:
        match one.kind:
            case "notice":
                return "/v1/intake/sz/notices", _signed(self._deployment.secret, one.body), one.body
            case "update":
                return f"/v1/alerts/{self._alert}/update", {"Content-Type": "application/json"}, one.body
            case "cap" | "signed":
                return "/v1/intake/sz", {"Content-Type": "application/cap+xml"}, one.body
            case "reports":
                return "/v1/devices", {"Content-Type": "application/json"}, one.body
            case _:
                return "/v1/intake/sz", {}, one.body


@asynccontextmanager
async def live(deployment: Deployment) -> AsyncIterator[Live]:
    """Start a server without anybody to notify, and file a case to act on."""
    server = await deployment.server(**LIMITS)
    _, answer = await deployment.file(server, case_number="SZ-1")
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    headers = {"Authorization": f"Bearer {deployment.token}"}
    async with aiohttp.ClientSession(headers=headers, timeout=timeout) as session:
        yield Live(deployment, server.url, session, answer["alert"]["id"])


def _signed(secret: str, body: bytes) -> dict[str, str]:
    """Sign any bytes, also those that are no text, which the standard's own library does not take."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    identity, at = f"msg_{secrets.token_hex(12)}", str(int(time.time()))
    digest = hmac.new(key, f"{identity}.{at}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": identity,
        "webhook-timestamp": at,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
        "Content-Type": "application/json",
    }
