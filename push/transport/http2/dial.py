"""Opens connections to a lane's provider.

Failures of names, certificates and the network are returned as a short text without a secret. Bounded:
`connect_timeout_s` for everything up to the provider's first settings.
"""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from push.transport.http2.connection import Connection
from push.transport.http2.headers import HeaderBlocks

if TYPE_CHECKING:
    from push.transport.http2.connection import Owner


class Http2Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How a lane reaches its provider; `ca_file` only for a provider of one's own."""

    url: str
    streams_per_connection: int = 100
    connections_max: int = 32
    timeout_s: float = 15.0
    connect_timeout_s: float = 5.0
    ca_file: Path | None = None
    rate_per_s: float | None = None


class Dialer:
    """Opens connections to one provider."""

    def __init__(self, settings: Http2Settings) -> None:
        self._settings = settings
        self._url = urlsplit(settings.url)
        self._context: ssl.SSLContext | None = None
        if self._url.scheme == "https":
            self._context = ssl.create_default_context(cafile=settings.ca_file)
            self._context.set_alpn_protocols(["h2"])
            # HTTP/2 has none (RFC 9113, 9.2.1), and a peer could make us compute without end.
            self._context.options |= ssl.OP_NO_RENEGOTIATION

    async def dial(self, owner: Owner) -> Connection | str:
        """Return a connection that is ready, or why there is none; nothing is left open when there is none."""
        authority = self._url.netloc.rpartition("@")[2]
        blocks = HeaderBlocks(self._url.scheme, authority)
        connection = Connection(owner, blocks, self._settings.streams_per_connection, self._settings.timeout_s)
        try:
            async with asyncio.timeout(self._settings.connect_timeout_s):
                failure = await self._open(connection)
        except (OSError, TimeoutError) as error:
            failure = f"no connection ({type(error).__name__})"
        except BaseException:
            connection.abort()
            raise
        if failure is None:
            return connection
        connection.abort()
        return failure

    async def _open(self, connection: Connection) -> str | None:
        """Wait until the provider has sent its settings; return why it cannot be used."""
        port = self._url.port or (443 if self._context else 80)
        transport, _ = await asyncio.get_running_loop().create_connection(
            lambda: connection, self._url.hostname or "", port, ssl=self._context
        )
        encryption = transport.get_extra_info("ssl_object")
        if encryption is not None and encryption.selected_alpn_protocol() != "h2":
            return "the provider speaks no HTTP/2"
        failure = await connection.ready
        if failure is None and connection.going:
            return "the provider ended the connection at once"
        return failure
