"""Tencent TPNS: sends one `POST /v3/push/app` to up to 1,000 accounts.

Sources: Tencent's documents "Push API", "Server-side error codes" and "Application limits" (product 1024; 4 KB for the
field `message`). TPNS documents no collapse id of one's own for account lists, so repeats are collapsed by `n_id`, the
notification's number on the phone. Unverified: `n_importance`. Where TPNS reaches a phone through its maker, the
maker's channel decides whether a silent message rings.
Bounded: 1,000 accounts a request, 4,096 bytes a message, and what `push.transport.batch.http` bounds.
"""

from __future__ import annotations

import base64
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
from msgspec import Meta

from push.message.content import left_s
from push.message.rendering import RenderedMessage, Rendering
from push.message.truncation import truncate
from push.notice import SubjectKind
from push.provider import Addressing, LaneSettings, Provider, of_kind, withheld
from push.results import RecipientStatus, RequestStatus, SendResult
from push.transport.batch.http import BatchHttp, HttpAnswer, judged_by_status
from push.transport.batch.results import unknown_code
from runtime.decoding import DECODE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from push.message.content import Message
    from push.provider import Clearance

RECIPIENTS_MAX = 1000
MESSAGE_BYTES: Final = 4096
"""Of the field `message`, in which the text stands twice: for Android and for iOS."""

RENDERED_MAX: Final = 64
IMPORTANCE_HIGH, IMPORTANCE_LOW = 4, 2
"""Android's own values for a notification that pops up with a sound, and for one without."""

EXPIRE_MAX_S = 259_200
"""TPNS keeps a message for a phone that is offline for 72 hours at most."""

REQUEST_CODES: dict[int, tuple[RequestStatus, str]] = {
    0: (RequestStatus.ANSWERED, "accepted"),
    1008003: (RequestStatus.MISCONFIGURED, "the provider rejects our credentials (1008003)"),
    1008001: (
        RequestStatus.MESSAGE_REFUSED,
        "the provider rejects a parameter that is the same in every request (1008001)",
    ),
    1008004: (RequestStatus.FAILING, "the provider is busy (1008004)"),
    1008028: (RequestStatus.THROTTLED, "the provider limits our rate (1008028)"),
}
"""Answers to a whole request. An unknown code counts as failing: recipients stay due, the breaker limits the harm."""

ACCOUNT_CODES: dict[int, RecipientStatus] = {
    0: RecipientStatus.ACCEPTED,
    1008006: RecipientStatus.INVALID,  # no device is bound to the account
    1008004: RecipientStatus.RETRY,  # busy, for this account only
    1008028: RecipientStatus.RETRY,  # limited, for this account only
}
"""Answers for one account. An unknown code is `refused`: final for this account, and never for its neighbours."""


class TpnsAnswer(msgspec.Struct):
    """What TPNS answers; `result` is a JSON list of codes in request order, absent when there is nothing to add."""

    ret_code: int
    err_msg: str = ""
    result: str = ""


ChannelId = Annotated[str, Meta(min_length=1, max_length=64)]
Level = Annotated[str, Meta(pattern=r"^(active|time-sensitive)\Z")]


class TpnsKind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is different for one kind of missing person."""

    channel_id: ChannelId | None = None
    interruption_level: Level | None = None


class TpnsSettings(LaneSettings, frozen=True, kw_only=True):
    """Who we are at the provider."""

    access_id: str
    secret_key: str
    channel_id: ChannelId = "missing_child"
    interruption_level: Level = "time-sensitive"
    kinds: dict[SubjectKind, TpnsKind] = msgspec.field(default_factory=dict)


class TpnsGateway:
    """The TPNS client: keep-alive connections, one request a batch."""

    recipients_max = RECIPIENTS_MAX

    def __init__(self, settings: TpnsSettings) -> None:
        credentials = base64.b64encode(f"{settings.access_id}:{settings.secret_key}".encode()).decode()
        self._url = f"{settings.url.rstrip('/')}/v3/push/app"
        self._http = BatchHttp(
            connections=settings.workers,
            timeout_s=settings.timeout_s,
            headers={"Authorization": f"Basic {credentials}", "Content-Type": "application/json"},
        )
        self._answers = msgspec.json.Decoder(TpnsAnswer)
        self._codes = msgspec.json.Decoder(list[int])
        self._head = lru_cache(maxsize=RENDERED_MAX)(partial(rendered, settings))

    async def send(self, message: Message, recipients: Sequence[bytes], clearance: Clearance) -> SendResult:
        """Send one request; whatever the provider or the network does comes back as a value."""
        unsent = withheld(clearance, self._url, len(recipients))
        if unsent is not None:
            return unsent
        head = self._head(message, left_s(message, EXPIRE_MAX_S)).content
        body = head + b'","'.join(recipients) + b'"]}'
        answer = await self._http.send(self._url, body, clearance)
        if isinstance(answer, SendResult):
            return answer
        return judged_by_status(answer) or self._answer(answer, len(recipients))

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    def _answer(self, http: HttpAnswer, recipients: int) -> SendResult:
        try:
            answer = self._answers.decode(http.content)
            codes = self._codes.decode(answer.result) if answer.result else []
        except DECODE_ERRORS:
            return SendResult(RequestStatus.FAILING, "an answer that is no TPNS answer", indeterminate=True)
        request_status, reason = REQUEST_CODES.get(
            answer.ret_code, (RequestStatus.FAILING, unknown_code(answer.ret_code))
        )
        if request_status is not RequestStatus.ANSWERED or not any(codes):
            return SendResult(request_status, reason, retry_after_s=http.retry_after_s)
        if len(codes) != recipients:
            return SendResult(RequestStatus.FAILING, "as many results as no request had accounts", indeterminate=True)
        return SendResult(
            request_status, reason, statuses=[ACCOUNT_CODES.get(code, RecipientStatus.REFUSED) for code in codes]
        )


def rendered(settings: TpnsSettings, message: Message, ttl_s: int) -> RenderedMessage[bytes]:
    """Return the body of a request up to the first account, truncated to what TPNS takes."""
    settings = of_kind(settings, settings.kinds.get(message.subject_kind))

    def size_of(body: str) -> int:
        return len(msgspec.json.encode(render(message, body, settings)))

    body = truncate(message.text, MESSAGE_BYTES, size_of)
    request = {
        "audience_type": "account_list",
        "message_type": "notify",
        "environment": "product",
        "expire_time": ttl_s,
        # Every phone of the account: the one at hand is not known.
        "account_push_type": 1,
        "message": render(message, body, settings),
    }
    head = msgspec.json.encode(request)[:-1] + b',"account_list":["'
    return RenderedMessage(
        head, Rendering(message.text.title, body, size_of(body), MESSAGE_BYTES, "bytes", message.silent)
    )


def rendering(settings: TpnsSettings, message: Message) -> Rendering:
    """Return what phones show of a message."""
    return rendered(settings, message, left_s(message, EXPIRE_MAX_S)).rendering


def render(message: Message, body: str, settings: TpnsSettings) -> dict[str, Any]:
    """Return the message: on the lock screen with sound unless it is silent, replacing the one before."""
    rings = 0 if message.silent else 1
    aps: dict[str, Any] = {
        "alert": {"title": message.text.title, "body": body},
        "interruption-level": "passive" if message.silent else settings.interruption_level,
    }
    if not message.silent:
        aps["sound"] = "default"
    return {
        "title": message.text.title,
        "content": body,
        "android": {
            "n_id": message.collapse_number,
            "n_ch_id": settings.channel_id,
            "n_importance": IMPORTANCE_LOW if message.silent else IMPORTANCE_HIGH,
            "ring": rings,
            "vibrate": rings,
            "lights": rings,
            "clearable": 1,
        },
        "ios": {"aps": aps},
    }


PROVIDER = Provider("tpns", Addressing.ACCOUNTS, TpnsSettings, TpnsGateway, rendering)
