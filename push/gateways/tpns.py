"""Tencent TPNS: a message and up to 1,000 accounts flow in, one `POST /v3/push/app` flows out, its answer comes back.

Source: Tencent's documents "Push API" and "Server-side error codes" (product 1024). TPNS documents no collapse id of
one's own for account lists, so repeats are collapsed by `n_id`, the notification's number on the phone.
Bounded: 1,000 accounts a request, `timeout_s` a request, `ANSWER_BYTES` of an answer.
"""

from __future__ import annotations

import base64
import email.utils
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import aiohttp
import msgspec

from push.model import Answer, Fate, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from push.model import Message

RECIPIENTS_MAX = 1000
CONNECT_TIMEOUT_S = 5.0
ANSWER_BYTES = 256 * 1024
EXPIRE_MAX_S = 259_200
"""TPNS keeps a message for a phone that is offline for 72 hours at most."""

REQUEST_CODES: dict[int, tuple[Verdict, str]] = {
    0: (Verdict.ANSWERED, "accepted"),
    1008003: (Verdict.MISCONFIGURED, "the provider rejects our credentials (1008003)"),
    1008001: (Verdict.MISCONFIGURED, "the provider rejects a parameter that is the same in every request (1008001)"),
    1008004: (Verdict.FAILING, "the provider is busy (1008004)"),
    1008028: (Verdict.THROTTLED, "the provider limits our rate (1008028)"),
}
"""Answers to a whole request. An unknown code counts as failing: recipients stay due, the breaker limits the harm."""

ACCOUNT_CODES: dict[int, Fate] = {
    0: Fate.ACCEPTED,
    1008006: Fate.INVALID,  # no device is bound to the account
    1008004: Fate.AGAIN,  # busy, for this account only
    1008028: Fate.AGAIN,  # limited, for this account only
}
"""Answers for one account. An unknown code is `refused`: final for this account, and never for its neighbours."""

MISCONFIGURED_STATUS = frozenset({401, 403, 404})
THROTTLED_STATUS = frozenset({429})


class TpnsAnswer(msgspec.Struct):
    """What TPNS answers; `result` is a JSON list of codes in request order, absent when there is nothing to add."""

    ret_code: int
    err_msg: str = ""
    result: str = ""


class TpnsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the provider is and who we are there."""

    url: str
    access_id: str
    secret_key: str
    connections: int = 16
    timeout_s: float = 15.0


class TpnsGateway:
    """The TPNS client: keep-alive connections, one request a batch."""

    recipients_max = RECIPIENTS_MAX

    def __init__(self, settings: TpnsSettings) -> None:
        credentials = base64.b64encode(f"{settings.access_id}:{settings.secret_key}".encode()).decode()
        self._url = f"{settings.url.rstrip('/')}/v3/push/app"
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=settings.connections, keepalive_timeout=60),
            timeout=aiohttp.ClientTimeout(total=settings.timeout_s, sock_connect=CONNECT_TIMEOUT_S),
            headers={"Authorization": f"Basic {credentials}", "Content-Type": "application/json"},
            auto_decompress=True,
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        self._answers = msgspec.json.Decoder(TpnsAnswer)
        self._codes = msgspec.json.Decoder(list[int])
        self._head: tuple[Message, bytes] | None = None

    async def send(self, message: Message, recipients: Sequence[bytes]) -> Answer:
        """Send one request; whatever the provider or the network does comes back as a value."""
        body = self._head_of(message) + b'","'.join(recipients) + b'"]}'
        try:
            async with self._session.post(self._url, data=body, allow_redirects=False) as response:
                content = await response.content.read(ANSWER_BYTES)
                return self._answer(response.status, response.headers.get("Retry-After"), content, len(recipients))
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            return Answer(Verdict.FAILING, f"no answer ({type(error).__name__})")

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    def _head_of(self, message: Message) -> bytes:
        """Return the body up to the first account, rendered once a message and not once a batch."""
        if self._head is None or (self._head[0] is not message and self._head[0] != message):
            self._head = (message, msgspec.json.encode(render(message))[:-1] + b',"account_list":["')
        return self._head[1]

    def _answer(self, status: int, retry_after: str | None, content: bytes, recipients: int) -> Answer:
        retry_after_s = parse_retry_after_s(retry_after)
        if status in THROTTLED_STATUS:
            return Answer(Verdict.THROTTLED, f"HTTP {status}", retry_after_s=retry_after_s)
        if status in MISCONFIGURED_STATUS:
            return Answer(Verdict.MISCONFIGURED, f"HTTP {status}")
        if status != 200:  # noqa: PLR2004 - HTTP's own number
            return Answer(Verdict.FAILING, f"HTTP {status}", retry_after_s=retry_after_s)
        try:
            answer = self._answers.decode(content)
            codes = self._codes.decode(answer.result) if answer.result else []
        except msgspec.DecodeError:
            return Answer(Verdict.FAILING, "an answer that is no TPNS answer")
        verdict, reason = REQUEST_CODES.get(answer.ret_code, (Verdict.FAILING, f"unknown code {answer.ret_code}"))
        if verdict is not Verdict.ANSWERED or not any(codes):
            return Answer(verdict, reason, retry_after_s=retry_after_s)
        if len(codes) != recipients:
            return Answer(Verdict.FAILING, "as many results as no request had accounts")
        return Answer(verdict, reason, fates=[ACCOUNT_CODES.get(code, Fate.REFUSED) for code in codes])


def render(message: Message) -> dict[str, Any]:
    """Return the request without its accounts: a notification on the lock screen with sound, kept until the expiry."""
    left_s = (message.expires - datetime.now(UTC)).total_seconds()
    return {
        "audience_type": "account_list",
        "message_type": "notify",
        "environment": "product",
        "expire_time": max(0, min(EXPIRE_MAX_S, int(left_s))),
        # Every phone of the account: the one at hand is not known.
        "account_push_type": 1,
        "message": {
            "title": message.title,
            "content": message.body,
            "android": {
                "n_id": message.collapse_number,
                "n_ch_id": "missing_child",
                "n_importance": 4,
                "ring": 1,
                "vibrate": 1,
                "lights": 1,
                "clearable": 1,
            },
            "ios": {
                "aps": {
                    "alert": {"title": message.title, "body": message.body},
                    "sound": "default",
                    "interruption-level": "time-sensitive",
                },
            },
        },
    }


def parse_retry_after_s(value: str | None) -> float | None:
    """Read a Retry-After header (RFC 9110 10.2.3): seconds or a date; None when absent or unreadable."""
    if value is None:
        return None
    if value.strip().isdigit():
        return float(value)
    try:
        at = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (at - datetime.now(at.tzinfo or UTC)).total_seconds())
