"""Access tokens: keeps one for each account and renews it in good time.

A token that a provider no longer takes has expired, and what was sent with it is tried again with another; only the
refusal of a token that was just given says that our credentials are at fault.
Bounded: one question at a time, asked again no sooner than `AGAIN_S` after a failure; two attempts a request.
"""

from __future__ import annotations

import asyncio
import re
import time
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from push.results import RequestStatus, SendResult
from runtime.decoding import DECODE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from push.transport.batch.http import HttpAnswer

FRESH_SHARE: Final = 0.8
"""A token is renewed at this share of its life, so that none ends on its way."""

AGAIN_S: Final = 1.0
"""Everybody who waits for a token that cannot be had shares one failure."""

LIFE_S: Final = (60.0, 86_400.0)
"""A token is good for no less and no more, whatever the provider says: usual is an hour, or a day."""

TOKEN: Final = re.compile(r"[!-~]{1,4096}")
"""What may stand in a header; the longest that is known has 2 KiB."""

HTTP_OK, HTTP_SERVER_ERROR, HTTP_THROTTLED = 200, 500, 429
NOT_TAKEN: Final = SendResult(
    RequestStatus.MISCONFIGURED, "the provider rejects an access token that it has just given"
)


NO_TOKEN: Final = SendResult(RequestStatus.FAILING, "an answer that is no access token")


class Granted(NamedTuple):
    """A token, and for how long it is good."""

    token: str
    life_s: float


class _OAuth(msgspec.Struct):
    access_token: str
    expires_in: float


class RenewedToken:
    """One account's token."""

    def __init__(self, ask: Callable[[], Awaitable[Granted | SendResult]]) -> None:
        self._ask = ask
        self._asking = asyncio.Lock()
        self._token = ""
        self._renew_s = float("-inf")
        self._failed: tuple[float, SendResult] | None = None

    async def current(self) -> str | SendResult:
        """Return a token that is good for a while, or why there is none."""
        if time.monotonic() < self._renew_s:
            return self._token
        return await self.other_than("")

    async def authorized(self, send: Callable[[str], Awaitable[SendResult | None]]) -> SendResult:
        """Send with a token; `send` returns None when the provider does not take it, and is called once more."""
        access = await self.current()
        if isinstance(access, SendResult):
            return access
        result = await send(access)
        if result is not None:
            return result
        access = await self.other_than(access)
        if isinstance(access, SendResult):
            return access
        return await send(access) or NOT_TAKEN

    async def other_than(self, refused: str) -> str | SendResult:
        """Return a token that is not `refused`; callers that wait while one asks get the token given to that one."""
        async with self._asking:
            now_s = time.monotonic()
            if now_s < self._renew_s and self._token != refused:
                return self._token
            if self._failed is not None and now_s - self._failed[0] < AGAIN_S:
                return self._failed[1]
            self._renew_s = float("-inf")
            granted = await self._ask()
            now_s = time.monotonic()
            if isinstance(granted, SendResult):
                self._failed = (now_s, granted)
                return granted
            if TOKEN.fullmatch(granted.token) is None:
                self._failed = (now_s, NO_TOKEN)
                return NO_TOKEN
            self._failed, self._token = None, granted.token
            self._renew_s = now_s + min(max(granted.life_s, LIFE_S[0]), LIFE_S[1]) * FRESH_SHARE
            return self._token


def oauth_granted(answer: HttpAnswer | SendResult) -> Granted | SendResult:
    """Read the answer of an OAuth 2 token endpoint (RFC 6749 5.1)."""
    if isinstance(answer, SendResult):
        return answer
    if answer.status >= HTTP_SERVER_ERROR or answer.status == HTTP_THROTTLED:
        return SendResult(
            RequestStatus.FAILING, f"no access token, HTTP {answer.status}", retry_after_s=answer.retry_after_s
        )
    if answer.status != HTTP_OK:
        return SendResult(RequestStatus.MISCONFIGURED, f"no access token, HTTP {answer.status}")
    try:
        granted = msgspec.json.decode(answer.content, type=_OAuth)
    except DECODE_ERRORS:
        return NO_TOKEN
    return Granted(granted.access_token, granted.expires_in)
