"""HTTP for batch lanes: sends a request for many recipients, and returns its status and bounded body, or a failure.

Whatever the network does comes back as a value. A message is sent only with a clearance, which is asked before a
connection is sought and again when there is one. No redirect is followed, nothing is decompressed, and no cookie kept.
Bounded: `connections` at once, `timeout_s` a request, `ANSWER_BYTES` and `VALUES_MAX` of an answer, and what
`push.transport.batch.bounded` bounds.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Final, TypeVar

import aiohttp
import msgspec

from push.provider import STOPPED
from push.results import INDETERMINATE_STATUSES, RequestStatus, SendResult
from push.transport.batch.bounded import BoundedConnector
from push.transport.http2.retry_after import parse_retry_after_s
from runtime.decoding import DECODE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from aiohttp.abc import AbstractResolver, AbstractStreamWriter
    from yarl import URL

    from push.provider import Clearance

CONNECT_TIMEOUT_S = 5.0
KEEP_ALIVE_S = 60.0
ANSWER_BYTES = 1024 * 1024
"""A provider may name a thousand bad tokens of 512 bytes each, and a little about each."""

VALUES_MAX: Final = 10_000
"""Values of an answer in JSON: three for each of a thousand tokens, thrice. A MiB of empty texts would be 350,000."""

IDENTITY: Final = {"Accept-Encoding": "identity"}
"""Answers are short; a compressed one could be any size."""

FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
HTTP_OK = 200
UNREADABLE: Final = "an answer that is none of this provider's"
MISCONFIGURED_STATUS = frozenset({401, 403, 404})
THROTTLED_STATUS = frozenset({429})


T = TypeVar("T")


class HttpAnswer(msgspec.Struct, frozen=True):
    """What came back: HTTP status, the beginning of the body, and for how long to wait if the provider says so."""

    status: int
    content: bytes
    retry_after_s: float | None = None


class _StoppedError(Exception):
    """The clearance ended while a connection was sought."""


class _Cleared(aiohttp.BytesPayload):
    """The body of a request, which is written if it may still be sent: to find a connection may take seconds.

    aiohttp writes the head of a request together with the first bytes of its body.
    """

    def __init__(self, data: bytes, clearance: Clearance) -> None:
        super().__init__(data)
        self._clearance = clearance

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        """Write the body, or nothing."""
        if not self._clearance.may_send():
            raise _StoppedError
        await super().write_with_length(writer, content_length)


class BatchHttp:
    """Keep-alive connections to one provider."""

    def __init__(
        self,
        *,
        connections: int,
        timeout_s: float,
        headers: Mapping[str, str] | None = None,
        ca_file: Path | None = None,
        connections_a_host: int = 0,
        resolver: AbstractResolver | None = None,
    ) -> None:
        context = ssl.create_default_context(cafile=ca_file)
        # Handshakes are the most that a peer can make us compute.
        context.options |= ssl.OP_NO_RENEGOTIATION
        self._session = aiohttp.ClientSession(
            connector=BoundedConnector(
                connections=connections,
                a_host=connections_a_host,
                keep_alive_s=KEEP_ALIVE_S,
                context=context,
                resolver=resolver,
            ),
            timeout=aiohttp.ClientTimeout(total=timeout_s, sock_connect=CONNECT_TIMEOUT_S),
            headers={**IDENTITY, **(headers or {})},
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def send(
        self, url: str | URL, data: bytes, clearance: Clearance, headers: Mapping[str, str] | None = None
    ) -> HttpAnswer | SendResult:
        """Send a message, or what goes before one; a SendResult without an answer, STOPPED when nothing was sent.

        A caller that knows how many recipients there are asks `may_reach` before; what is not allowed is not sent here.
        """
        if not (clearance.may_reach(str(url)) and clearance.may_send()):
            return STOPPED
        return await self._post(url, _Cleared(data, clearance), headers)

    async def ask(
        self, url: str | URL, data: bytes, headers: Mapping[str, str] | None = None
    ) -> HttpAnswer | SendResult:
        """Ask for an access token, which reaches no recipient; a SendResult when there was no answer."""
        answer = await self._post(url, data, headers)
        return answer.of_no_recipient() if isinstance(answer, SendResult) else answer

    async def _post(
        self, url: str | URL, data: bytes | _Cleared, headers: Mapping[str, str] | None
    ) -> HttpAnswer | SendResult:
        try:
            async with self._session.post(url, data=data, headers=headers, allow_redirects=False) as response:
                encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
                content = await _content_of(response.content) if encoding in {"", "identity"} else b""
                return HttpAnswer(response.status, content, parse_retry_after_s(response.headers.get("Retry-After")))
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            if isinstance(error.__cause__, _StoppedError):
                return STOPPED
            is_unsent = isinstance(error, (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError))
            return SendResult(RequestStatus.FAILING, f"no answer ({type(error).__name__})", indeterminate=not is_unsent)

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()


async def _content_of(stream: aiohttp.StreamReader) -> bytes:
    """Read a whole answer; one that is longer than `ANSWER_BYTES` or has more than `VALUES_MAX` values is nothing."""
    content = bytearray()
    # One read gives only what has arrived so far.
    while chunk := await stream.read(ANSWER_BYTES + 1 - len(content)):
        content += chunk
        if len(content) > ANSWER_BYTES:
            return b""
    return bytes(content) if sum(map(content.count, b",[{")) <= VALUES_MAX else b""


def judged_by_status(answer: HttpAnswer) -> SendResult | None:
    """Return the result if the HTTP status alone decides it, None when the body is to be read."""
    if answer.status in THROTTLED_STATUS:
        return SendResult(RequestStatus.THROTTLED, f"HTTP {answer.status}", retry_after_s=answer.retry_after_s)
    if answer.status in MISCONFIGURED_STATUS:
        return SendResult(RequestStatus.MISCONFIGURED, f"HTTP {answer.status}")
    return None if answer.status == HTTP_OK else failing(answer)


def failing(answer: HttpAnswer) -> SendResult:
    """Return the result of a status in no table: the provider is believed, a gateway in front of it is not."""
    indeterminate = answer.status in INDETERMINATE_STATUSES
    return SendResult(
        RequestStatus.FAILING, f"HTTP {answer.status}", retry_after_s=answer.retry_after_s, indeterminate=indeterminate
    )


def decoded(answer: HttpAnswer | SendResult, decoder: msgspec.json.Decoder[T]) -> T | SendResult:
    """Return the JSON of an answer with status 200, or the result if the status or an unreadable body decides it."""
    if isinstance(answer, SendResult):
        return answer
    try:
        return judged_by_status(answer) or decoder.decode(answer.content)
    except DECODE_ERRORS:
        return SendResult(RequestStatus.FAILING, UNREADABLE, indeterminate=True)
