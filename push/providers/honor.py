"""Honor Push: sends one `sendMessage` to up to 1,000 push tokens.

Sources: Honor's "Sending downlink messages" (OAuth 2 client credentials, address, `timestamp`, message), copies of its
field reference in public client libraries (`ttl` of 15 days, `importance`, `tag` and `notifyId` that replace, kinds of
click, `failTokens` and `expireTokens`). Unverified: 1,000 tokens and 4,096 bytes, and every code but the two of
success, which are taken from Huawei, whose interface Honor's descends from; so is HTTP 503 for too much traffic.
Bounded: 1,000 tokens a request, and what `push.transport.batch.http` bounds.
"""

from __future__ import annotations

import re
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import urlencode

import msgspec
from msgspec import Meta

from push.message.content import left_s
from push.message.links import intent_uri
from push.message.rendering import RenderedMessage, Rendering
from push.message.truncation import truncate
from push.notice import SubjectKind
from push.provider import Addressing, LaneSettings, Provider, of_kind, tokens_like
from push.results import RecipientStatus, RequestStatus, SendResult
from push.transport.access_token import Granted, RenewedToken, oauth_granted
from push.transport.batch.gateway import BatchGateway
from push.transport.batch.http import FORM, UNREADABLE, BatchHttp, HttpAnswer, failing
from push.transport.batch.results import CodeMeaning, accepted_but, result_by_code, result_for_all
from runtime.clock import record_s
from runtime.decoding import DECODE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from push.message.content import Message
    from push.provider import Clearance

PAYLOAD_BYTES: Final = 4096
OPENING, CLOSING = b',"token":["', b'"]}'
RENDERED_MAX: Final = 64
TTL_MAX_S: Final = 15 * 86_400
OPEN_PAGE, OPEN_APP = 1, 3
LOW: Final = "LOW"
"""The importance without a sound; Honor may limit how many of it a phone gets a day."""

MILLISECONDS: Final = 1000
TOKEN: Final = re.compile(rb"[A-Za-z0-9_.:+/=-]{1,512}")
HTTP_OK, HTTP_BAD_REQUEST, HTTP_UNAUTHORIZED = 200, 400, 401

PARTIAL: Final = 80100000
TOKEN_REFUSED: Final = frozenset({80200001, 80200003})
NAMED: Final = frozenset({200, 80000000, PARTIAL})
"""Codes with which some tokens may be named as bad."""

CODES: dict[int, CodeMeaning] = {
    200: CodeMeaning(RequestStatus.ANSWERED, "accepted"),
    80000000: CodeMeaning(RequestStatus.ANSWERED, "accepted"),
    PARTIAL: CodeMeaning(RequestStatus.ANSWERED, "some tokens are bad"),
    80100003: CodeMeaning(RequestStatus.MESSAGE_REFUSED, "the payload is wrong (80100003)"),
    80200001: CodeMeaning(RequestStatus.MISCONFIGURED, "the provider rejects our token (80200001)"),
    80200003: CodeMeaning(RequestStatus.MISCONFIGURED, "our token has expired (80200003)"),
    80300002: CodeMeaning(RequestStatus.MISCONFIGURED, "this app may not send (80300002)"),
    # Taken from Huawei, and not verified: no token is removed for it.
    80300007: CodeMeaning(RequestStatus.ANSWERED, "all tokens are bad (80300007)", RecipientStatus.QUARANTINED),
    80300008: CodeMeaning(RequestStatus.MESSAGE_REFUSED, "the message is too large (80300008)"),
    80300010: CodeMeaning(RequestStatus.MISCONFIGURED, "more tokens than are allowed (80300010)"),
    81000001: CodeMeaning(RequestStatus.FAILING, "an error of the provider (81000001)"),
}

STATUSES: dict[int, CodeMeaning] = {
    403: CodeMeaning(RequestStatus.MISCONFIGURED, "HTTP 403"),
    404: CodeMeaning(RequestStatus.MISCONFIGURED, "HTTP 404: is the app's id right?"),
    429: CodeMeaning(RequestStatus.THROTTLED, "HTTP 429"),
    503: CodeMeaning(RequestStatus.THROTTLED, "HTTP 503"),
}


Importance = Annotated[str, Meta(pattern=r"^(NORMAL|LOW)\Z")]


class HonorKind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is different for one kind of missing person."""

    importance: Importance | None = None


class HonorSettings(LaneSettings, frozen=True, kw_only=True):
    """Who we are at Honor, where it gives access tokens, and the class of our messages.

    `importance` NORMAL (services and communication) rings at any hour; LOW is for marketing and for whatever is silent.
    """

    app_id: str
    client_id: str
    client_secret: str
    auth_url: Annotated[str, Meta(pattern="^https?://")]
    importance: Importance = "NORMAL"
    kinds: dict[SubjectKind, HonorKind] = msgspec.field(default_factory=dict)


class _Data(msgspec.Struct, rename="camel"):
    send_result: bool = True
    fail_tokens: list[str] | None = None
    expire_tokens: list[str] | None = None


class _Answer(msgspec.Struct):
    code: int | str
    data: _Data | None = None


class HonorGateway(BatchGateway):
    """The Honor client: keep-alive connections, one request a batch."""

    def __init__(self, settings: HonorSettings) -> None:
        self._settings = settings
        super().__init__(
            TOKEN,
            BatchHttp(connections=settings.workers, timeout_s=settings.timeout_s),
            f"{settings.url.rstrip('/')}/api/v1/{settings.app_id}/sendMessage",
        )
        self._access = RenewedToken(self._ask)
        self._head = lru_cache(maxsize=RENDERED_MAX)(partial(rendered, settings))

    async def _send(self, message: Message, tokens: Sequence[bytes], clearance: Clearance) -> SendResult:
        head = self._head(message, left_s(message, TTL_MAX_S)).content
        body = head + b'","'.join(tokens) + CLOSING
        return await self._access.authorized(lambda access: self._attempt(body, tokens, access, clearance))

    async def _attempt(
        self, body: bytes, tokens: Sequence[bytes], access: str, clearance: Clearance
    ) -> SendResult | None:
        headers = {
            "Authorization": f"Bearer {access}",
            "Content-Type": "application/json; charset=UTF-8",
            "timestamp": str(int(record_s() * MILLISECONDS)),
        }
        http = await self._http.send(self._url, body, clearance, headers)
        return http if isinstance(http, SendResult) else _answer(http, tokens)

    async def _ask(self) -> Granted | SendResult:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._settings.client_id,
            "client_secret": self._settings.client_secret,
        }
        return oauth_granted(await self._http.ask(self._settings.auth_url, urlencode(form).encode(), FORM))


def rendered(settings: HonorSettings, message: Message, ttl_s: int) -> RenderedMessage[bytes]:
    """Return the body of a request up to the first token, truncated to what Honor takes."""
    settings = of_kind(settings, settings.kinds.get(message.subject_kind))
    importance = LOW if message.silent else settings.importance

    def encoded(body: str) -> bytes:
        return msgspec.json.encode(render(message, body, importance, ttl_s))[:-1] + OPENING

    body = truncate(message.text, PAYLOAD_BYTES, lambda body: len(encoded(body)) + len(CLOSING))
    head = encoded(body)
    size = len(head) + len(CLOSING)
    return RenderedMessage(head, Rendering(message.text.title, body, size, PAYLOAD_BYTES, "bytes", importance == LOW))


def rendering(settings: HonorSettings, message: Message) -> Rendering:
    """Return what phones show of a message."""
    return rendered(settings, message, left_s(message, TTL_MAX_S)).rendering


def render(message: Message, body: str, importance: str, ttl_s: int) -> dict[str, Any]:
    """Return the request without its tokens: a notification that replaces the one before of the same alert."""
    click: dict[str, Any] = {"type": OPEN_APP}
    if message.deep_link is not None:
        click = {"type": OPEN_PAGE, "intent": intent_uri(message.deep_link)}
    notification: dict[str, Any] = {
        "title": message.text.title,
        "body": body,
        "clickAction": click,
        "importance": importance,
        "notifyId": message.collapse_number,
        "tag": message.collapse_id,
    }
    if message.photo_url is not None:
        notification["image"] = message.photo_url
    return {"android": {"ttl": f"{ttl_s}s", "notification": notification}}


def _answer(http: HttpAnswer, tokens: Sequence[bytes]) -> SendResult | None:
    """Return what was answered; None: the access token is not taken."""
    if http.status == HTTP_UNAUTHORIZED:
        return None
    known = STATUSES.get(http.status)
    if known is not None:
        return result_for_all(known, len(tokens), http.retry_after_s)
    if http.status not in {HTTP_OK, HTTP_BAD_REQUEST}:
        return failing(http)
    try:
        answer = msgspec.json.decode(http.content, type=_Answer)
        code = int(answer.code)
    except DECODE_ERRORS:
        return SendResult(RequestStatus.FAILING, UNREADABLE, indeterminate=True)
    if code in TOKEN_REFUSED:
        return None
    if code in NAMED and answer.data is not None:
        return _sorted_out(answer.data, tokens)
    return result_by_code(CODES, code, len(tokens), http.retry_after_s)


def _sorted_out(data: _Data, tokens: Sequence[bytes]) -> SendResult:
    # The answer does not say why a token failed: it is kept, and too many of them stop the lane.
    bad = {token.encode(): RecipientStatus.QUARANTINED for token in data.fail_tokens or []}
    bad |= {token.encode(): RecipientStatus.INVALID for token in data.expire_tokens or []}
    if not bad and not data.send_result:
        return SendResult(RequestStatus.FAILING, "the provider could not send, and does not say why")
    return accepted_but(bad, tokens)


PROVIDER = Provider("honor", Addressing.DEVICES, HonorSettings, HonorGateway, rendering, read_token=tokens_like(TOKEN))
