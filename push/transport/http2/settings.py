"""Settings of lanes over HTTP/2: what every such lane has flows in, its client flows out.

Bounded: every number has its range.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from msgspec import Meta

from push.provider import LaneSettings
from push.transport.http2.client import Http2Client
from push.transport.http2.dial import Http2Settings


class Http2LaneSettings(LaneSettings, frozen=True, kw_only=True):
    """What a lane over HTTP/2 has beside what every lane has. `ca_file` only for a provider of one's own."""

    streams_per_connection: Annotated[int, Meta(ge=1, le=5000)] = 100
    connections_max: Annotated[int, Meta(ge=1, le=256)] = 64
    ca_file: Path | None = None

    def client(self) -> Http2Client:
        """Return the lane's client; called with the loop running."""
        return Http2Client(
            Http2Settings(
                url=self.url,
                streams_per_connection=self.streams_per_connection,
                connections_max=self.connections_max,
                timeout_s=self.timeout_s,
                ca_file=self.ca_file,
                rate_per_s=self.lane_rate_per_s,
            )
        )
