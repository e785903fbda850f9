"""Messages that a provider stores: stores each once, and keeps the id that the provider gives it.

Providers limit how many are stored a day, so that one is stored for all batches of a message and not for each batch.
Bounded: `KEPT_MAX` messages, each stored again after `KEEP_S`; one request to store a message at a time.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from push.results import SendResult

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from push.message.content import Message
    from push.provider import Clearance

KEPT_MAX: Final = 4096
"""Alerts take turns, each in some languages: with fewer, batches of hundreds of them would store theirs anew."""

KEEP_S: Final = 1800.0
"""What was stored earlier would outlive its alert on phones that are off: by half an hour at most."""

FORGET_S: Final = 60.0
"""For so long a message stays stored that may not be there: how many are stored a day is limited."""

AGAIN_S: Final = 0.5
"""Everybody who waits for a message that cannot be stored shares one failure."""


class _Entry:
    def __init__(self) -> None:
        self.storing = asyncio.Lock()
        self.stored_id = ""
        self.until_s = float("-inf")
        self.failed: tuple[float, SendResult] | None = None


class StoredMessages:
    """The ids of what a provider has stored; `store` returns None when it does not take the access token."""

    def __init__(self, store: Callable[[Message, str, Clearance], Awaitable[str | SendResult | None]]) -> None:
        self._store = store
        self._entries: dict[Message, _Entry] = {}

    async def id_of(self, message: Message, access: str, clearance: Clearance) -> str | SendResult | None:
        """Return the message's id, stored now if it is not; or why it could not be; None: `access` is not taken."""
        entry = self._entry(message)
        if time.monotonic() < entry.until_s:
            return entry.stored_id
        async with entry.storing:
            if time.monotonic() < entry.until_s:
                return entry.stored_id
            if entry.failed is not None and time.monotonic() - entry.failed[0] < AGAIN_S:
                return entry.failed[1]
            stored = await self._store(message, access, clearance)
            if isinstance(stored, SendResult):
                # What is only stored reaches no recipient.
                stored = stored.of_no_recipient()
                # That one batch was stopped says nothing of the provider: another one stores the message.
                entry.failed = (time.monotonic(), stored) if stored.asked else None
            elif stored is not None:
                entry.failed, entry.stored_id, entry.until_s = None, stored, time.monotonic() + KEEP_S
            return stored

    def forget(self, message: Message, stored_id: str, *, surely: bool = True) -> None:
        """Note that the provider no longer knows an id: the message is stored again, unless `surely` after a while."""
        entry = self._entry(message)
        kept_s = KEEP_S - (entry.until_s - time.monotonic())
        if entry.stored_id == stored_id and (surely or kept_s >= FORGET_S):
            entry.until_s = float("-inf")

    def _entry(self, message: Message) -> _Entry:
        entry = self._entries.pop(message, None)
        while entry is None and len(self._entries) >= KEPT_MAX:
            del self._entries[next(iter(self._entries))]
        # The one that was used last comes last.
        entry = self._entries[message] = entry or _Entry()
        return entry
