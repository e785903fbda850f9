"""Signs and sends a case as the police would.

Bounded: `TIMEOUT_S`. It is sent once: the caller decides about retries.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

import aiohttp
from standardwebhooks import Webhook

TIMEOUT_S = 30.0


async def send_notice(url: str, authority: str, secret: str, body: bytes) -> tuple[int, bytes]:
    """Sign and send a notice about a filed case; returns the HTTP status and the answer."""
    return await send_case(url, f"{authority}/notices", secret, body)


async def send_case(url: str, authority: str, secret: str, body: bytes) -> tuple[int, bytes]:
    """Sign and send a case; returns the HTTP status and the answer."""
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        session.post(
            f"{url.rstrip('/')}/v1/intake/{authority}", data=body, headers=signed_headers(secret, body)
        ) as response,
    ):
        return response.status, await response.read()


def signed_headers(
    secret: str, body: bytes, at: datetime | None = None, webhook_id: str | None = None
) -> dict[str, str]:
    """Return the headers of Standard Webhooks 1.0 for `body`."""
    moment = at or datetime.now(UTC)
    message_id = webhook_id or f"msg_{secrets.token_hex(12)}"
    return {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(secret).sign(message_id, moment, body.decode()),
    }
