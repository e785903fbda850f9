"""A lane over HTTP/2: its settings, and what its provider's replies mean for the phones of a batch.

The clearance is asked right before calls are begun. Bounded by the batch; each number of the settings has its range.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from push.provider import LaneSettings
from push.transport.http2 import PLAIN_OK, Http2Client, Http2Settings
from push.transport.token_results import FORBIDDEN, CallResult, stops, unsettled
from runtime.decoding import DECODE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from push.provider import Clearance
    from push.transport.http2 import Head, Reply


class Http2LaneSettings(LaneSettings, frozen=True, kw_only=True):
    """What a lane over HTTP/2 has beside what every lane has. `ca_file` only for a provider of one's own."""

    streams_per_connection: Annotated[int, Meta(ge=1, le=5000)] = 100
    connections_max: Annotated[int, Meta(ge=1, le=256)] = 64
    ca_file: Path | None = None

    def open_lane(self) -> Http2Lane:
        """Return the lane's connections; called with the loop running."""
        return Http2Lane(
            Http2Settings(
                url=self.url,
                streams_per_connection=self.streams_per_connection,
                connections_max=self.connections_max,
                timeout_s=self.timeout_s,
                ca_file=self.ca_file,
                rate_per_s=self.lane_rate_per_s,
            )
        )


class Http2Lane:
    """Sends calls to one provider, one a phone, and says what became of each."""

    def __init__(self, settings: Http2Settings) -> None:
        self._url = settings.url
        self.client = Http2Client(settings)

    async def send_all(
        self,
        head: Head,
        calls: Sequence[tuple[bytes, bytes]],
        judge: Callable[[Reply], CallResult],
        clearance: Clearance,
    ) -> list[CallResult | None]:
        """Send calls (path and body) that share a head and return their results in order; None: not begun.

        A reply other than a 200 that is about us (credentials, quota) lets nothing more begin. FORBIDDEN for all where
        the clearance does not allow the provider at all. `judge` may raise DECODE_ERRORS, and not for a plain 200.
        """
        if not clearance.may_reach(self._url):
            return [FORBIDDEN] * len(calls)

        def result(reply: Reply) -> CallResult:
            try:
                return judge(reply)
            except DECODE_ERRORS:
                # What a provider says ends neither the process nor a worker's wait.
                return unsettled(reply, f"HTTP {reply.status}, an answer that cannot be read")

        replies = await self.client.send_all(
            head, calls, may_send=clearance.may_send, stops=lambda reply: stops(result(reply))
        )
        # One call a phone at most: this is what a token lane spends its time on.
        plain = judge(PLAIN_OK)
        try:
            return [None if one is None else plain if one is PLAIN_OK else judge(one) for one in replies]
        except DECODE_ERRORS:
            return [None if one is None else result(one) for one in replies]

    async def close(self) -> None:
        """Close the connections."""
        await self.client.close()
