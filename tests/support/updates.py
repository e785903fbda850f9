"""Send updates of a case, signed as the police sign them.

Bounded by the time that a request may take.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import aiohttp
import msgspec

from server.administration.file_case import signed_headers
from tests.support.processes.deployment import CASE

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment, Listening


async def send_update(
    deployment: Deployment, server: Listening, webhook_id: str | None = None, **given: object
) -> tuple[int, dict[str, Any]]:
    """Send an update of the usual case; returns the status and the answer."""
    status, answer = await send_bytes(deployment, server, update_of(**given), webhook_id)
    return status, json.loads(answer)


def update_of(**given: object) -> bytes:
    """Return the body of an update of the usual case."""
    return msgspec.json.encode({"case_number": CASE["case_number"], "reason": "a witness called"} | given)


async def send_bytes(
    deployment: Deployment, server: Listening, body: bytes, webhook_id: str | None = None
) -> tuple[int, bytes]:
    """Send the body of an update; returns the status and the answer as it came."""
    headers = signed_headers(deployment.secret, body, webhook_id=webhook_id)
    url = f"{server.url}/v1/intake/sz/updates"
    async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=headers) as response:
        return response.status, await response.read()
