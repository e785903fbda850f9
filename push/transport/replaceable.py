"""A lane's gateway that another one can take over while the lane sends.

A request ends at the gateway that it began with. Bounded: one that was replaced is closed once its requests are
answered, and after `LAST_ANSWERS_S` whatever they do.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import structlog

if TYPE_CHECKING:
    from collections.abc import Sequence

    from push.message.content import Message
    from push.provider import Clearance, Gateway
    from push.results import SendResult

LAST_ANSWERS_S: Final = 120.0
"""The longest `timeout_s` that a lane may have."""

_log = structlog.get_logger("push.transport.replaceable")


class OpenGateway:
    """A gateway, and how many of its requests are not answered yet."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self._sending = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def send(self, message: Message, recipients: Sequence[bytes], clearance: Clearance) -> SendResult:
        """Send as the gateway does."""
        self._sending += 1
        self._idle.clear()
        try:
            return await self.gateway.send(message, recipients, clearance)
        finally:
            self._sending -= 1
            if not self._sending:
                self._idle.set()

    async def close_when_answered(self) -> None:
        """Close it once all is answered, at most after `LAST_ANSWERS_S`; nothing may be sent with it any more."""
        try:
            async with asyncio.timeout(LAST_ANSWERS_S):
                await self._idle.wait()
        except TimeoutError:
            _log.warning("gateway.cut_off", requests=self._sending, after_s=LAST_ANSWERS_S)
        finally:
            await self.gateway.close()


class ReplaceableGateway:
    """Sends with the gateway that it was given last."""

    def __init__(self, gateway: Gateway) -> None:
        self._current = OpenGateway(gateway)
        self.recipients_max = gateway.recipients_max

    async def send(self, message: Message, recipients: Sequence[bytes], clearance: Clearance) -> SendResult:
        """Send as a gateway does."""
        return await self._current.send(message, recipients, clearance)

    def replace(self, gateway: Gateway) -> OpenGateway:
        """Send with another gateway from now on; returns the one before, which the caller closes."""
        before, self._current = self._current, OpenGateway(gateway)
        return before

    async def close(self) -> None:
        """Close its connections."""
        await self._current.gateway.close()
