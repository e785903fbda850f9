"""Fetches from the issuer: one request, no redirects, an answer of bounded size within a bounded time.

Bounded: `TIMEOUT_S` a request, `BODY_MAX` bytes of an answer, `CONNECTIONS` at once. Errors: `Unreachable` is a value.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Final, NamedTuple

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TIMEOUT_S: Final = 5.0
"""Two of these and the interval of the questions stay within the minute in which who has left is out."""

BODY_MAX: Final = 256 * 1024
"""A person in a thousand groups, or the keys of ten years."""

CONNECTIONS: Final = 8
HTTP_OK: Final = 200


class Answer(NamedTuple):
    """What the issuer answered."""

    status: int
    body: bytes


class Unreachable(NamedTuple):
    """The issuer did not answer, or not as an issuer does; `reason` holds nothing of what was asked."""

    reason: str


class Fetching:
    """Asks the issuer."""

    def __init__(self, ca_file: Path | None = None) -> None:
        self._ca_file = ca_file
        self._session: aiohttp.ClientSession | None = None

    async def get(self, url: str, token: str | None = None) -> Answer | Unreachable:
        """Get a document, in the name of an access token if given."""
        return await self._ask("GET", url, {} if token is None else {"Authorization": f"Bearer {token}"}, None)

    async def post(self, url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> Answer | Unreachable:
        """Send a form."""
        return await self._ask("POST", url, headers, form)

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    async def _ask(
        self, method: str, url: str, headers: Mapping[str, str], form: Mapping[str, str] | None
    ) -> Answer | Unreachable:
        given = {"Accept": "application/json", "Accept-Encoding": "identity", **headers}
        try:
            async with (
                asyncio.timeout(TIMEOUT_S),
                self._opened().request(method, url, headers=given, data=form, allow_redirects=False) as answer,
            ):
                body = bytearray()
                while len(body) <= BODY_MAX and (more := await answer.content.read(BODY_MAX + 1 - len(body))):
                    body += more
        except TimeoutError:
            return Unreachable(f"no answer within {TIMEOUT_S:g} s")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # Its text may quote the address with what stands in it.
            return Unreachable(type(error).__name__)
        return (
            Answer(answer.status, bytes(body)) if len(body) <= BODY_MAX else Unreachable("an answer that is too long")
        )

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            context = ssl.create_default_context(cafile=None if self._ca_file is None else str(self._ca_file))
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            connector = aiohttp.TCPConnector(limit=CONNECTIONS, ssl=context)
            # What is compressed could be larger than what is counted.
            self._session = aiohttp.ClientSession(
                connector=connector, auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar()
            )
        return self._session
