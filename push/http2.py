"""HTTP/2 for token lanes: groups of calls, one a phone, flow in from asyncio; replies flow out, group by group.

libcurl's multi interface does the work in a thread of its own (`push.http2_thread`). Whatever the network does is a
value. Bounded: `streams_per_connection` x the connections, which follow the measured round trip up to
`connections_max`; `timeout_s` a call; `ANSWER_BYTES` of an answer; one group a worker waits.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from push.http2_thread import Call, Group, Http2Settings, Http2Thread, Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Call", "Http2Client", "Http2Settings", "Reply"]


class Http2Client:
    """The connections of one lane to one provider."""

    def __init__(self, settings: Http2Settings) -> None:
        self._thread = Http2Thread(settings)
        self._waiting: set[asyncio.Future[None]] = set()
        self._thread.on_death = self._on_death
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def connections(self) -> int:
        """How many connections may be open at present."""
        return self._thread.connections

    @property
    def round_trip_s(self) -> float:
        """The measured time of a call, a moving average in seconds."""
        return self._thread.round_trip_s

    def set_rate(self, rate_per_s: float | None) -> None:
        """Say how many calls a second are to be reached, from which connections are counted."""
        self._thread.rate_per_s = rate_per_s

    async def send_all(
        self, calls: Sequence[Call], stops: Callable[[Reply], bool] = lambda _: False
    ) -> list[Reply | None]:
        """Send all calls and return their replies in order.

        Once `stops` of a reply is true nothing more of this group is begun: None for those. Cancelled: the calls that
        were begun end by themselves, and nobody hears of them. RuntimeError when the thread has died of a bug.
        """
        if not calls:
            return []
        loop = self._loop = asyncio.get_running_loop()
        answered: asyncio.Future[None] = loop.create_future()

        def end() -> None:
            if not answered.done():
                answered.set_result(None)

        def done() -> None:
            try:
                loop.call_soon_threadsafe(end)
            except RuntimeError:
                # The loop has closed meanwhile: nobody waits any more.
                return

        group = Group(calls, stops, done, [None] * len(calls))
        self._waiting.add(answered)
        try:
            self._thread.take(group)
            await answered
        finally:
            group.ended = True
            self._waiting.discard(answered)
        return group.replies

    async def close(self) -> None:
        """End the thread and its connections."""
        await asyncio.to_thread(self._thread.close)

    def _on_death(self, error: BaseException) -> None:
        """Called in the thread: whoever waits gets the bug, so that the process ends loudly."""

        def fail() -> None:
            for waiting in self._waiting:
                if not waiting.done():
                    waiting.set_exception(RuntimeError(f"the HTTP/2 thread died of {type(error).__name__}"))

        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(fail)
