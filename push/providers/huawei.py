"""Huawei Push Kit v3: sends one `messages:send` to up to 1,000 device tokens.

Sources: Huawei's "Request Body Structure", "Response Parameters" and "Generating a JWT" of Push Kit (HarmonyOS
references). Unverified: which categories a given app may use, because Huawei grants them app by app.
`messages:revoke` is not called: a follow-up notice has the `notifyId` of the first message and takes its place on the
phone, which says how it ended instead of nothing.
Bounded: 1,000 tokens and 4,096 bytes (without tokens) a request, and what `push.transport.batch.http` bounds.
"""

from __future__ import annotations

import re
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import jwt
import msgspec
from msgspec import Meta

from push.message.content import left_s
from push.message.rendering import RenderedMessage, Rendering
from push.message.truncation import truncate
from push.notice import SubjectKind
from push.provider import Addressing, LaneSettings, Provider, of_kind, tokens_like
from push.results import RecipientStatus, RequestStatus, SendResult
from push.transport.batch.gateway import BatchGateway
from push.transport.batch.http import UNREADABLE, BatchHttp, HttpAnswer, failing
from push.transport.batch.results import CodeMeaning, accepted_but, result_for_all
from push.transport.service_account import signing_key
from runtime.clock import record_s
from runtime.decoding import DECODE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from push.message.content import Message
    from push.provider import Clearance

PAYLOAD_BYTES: Final = 4096
OPENING, CLOSING = b',"target":{"token":["', b'"]}}'
RENDERED_MAX: Final = 64
TTL_MAX_S: Final = 15 * 86_400
JWT_S: Final = 3600
RENEW_S: Final = 3000.0
"""A token is good for an hour; renewed ten minutes before, so that clocks may differ."""

AUDIENCE: Final = "https://oauth-login.cloud.huawei.com/oauth2/v3/token"
TOKEN: Final = re.compile(rb"[A-Za-z0-9_.:+/=-]{1,512}")
HTTP_OK, HTTP_BAD_REQUEST = 200, 400

SUCCESS, PARTIAL, ALL_BAD = "80000000", "80100000", "80300007"
CODES: dict[str, CodeMeaning] = {
    SUCCESS: CodeMeaning(RequestStatus.ANSWERED, "accepted"),
    PARTIAL: CodeMeaning(RequestStatus.ANSWERED, "some tokens are bad"),
    ALL_BAD: CodeMeaning(RequestStatus.ANSWERED, "all tokens are bad", RecipientStatus.INVALID),
    "80100003": CodeMeaning(RequestStatus.MESSAGE_REFUSED, "the payload is wrong (80100003)"),
    "80200001": CodeMeaning(RequestStatus.MISCONFIGURED, "the provider rejects our key (80200001)"),
    "80200003": CodeMeaning(RequestStatus.MISCONFIGURED, "our token has expired: are the clocks right? (80200003)"),
    "80300002": CodeMeaning(RequestStatus.MISCONFIGURED, "this app may not send (80300002)"),
    "80300008": CodeMeaning(RequestStatus.MESSAGE_REFUSED, "the message is too large (80300008)"),
    "80300010": CodeMeaning(RequestStatus.MISCONFIGURED, "more than 1,000 tokens (80300010)"),
    "81000001": CodeMeaning(RequestStatus.FAILING, "an error of the provider (81000001)"),
}
"""Answers to a whole request. An unknown code counts as failing: recipients stay due, the breaker limits the harm."""

UNKNOWN: Final = CodeMeaning(RequestStatus.FAILING, "an unknown code")
STATUSES: dict[int, CodeMeaning] = {
    401: CodeMeaning(RequestStatus.MISCONFIGURED, "HTTP 401"),
    404: CodeMeaning(RequestStatus.MISCONFIGURED, "HTTP 404"),
    429: CodeMeaning(RequestStatus.THROTTLED, "HTTP 429"),
    503: CodeMeaning(RequestStatus.THROTTLED, "HTTP 503, which Huawei answers to control traffic"),
}


Category = Annotated[str, Meta(pattern=r"^[A-Z_]{1,32}\Z")]


class HuaweiKind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is different for one kind of missing person."""

    category: Category | None = None
    silent_category: Category | None = None


class HuaweiSettings(LaneSettings, frozen=True, kw_only=True):
    """Who we are at Huawei: a service account's key file, and the class of our messages.

    `category` decides whether a message is held back at night: ask Huawei for one that is not. Nothing else tells a
    phone not to ring, so a silent message rings unless `silent_category` names a class without a sound (MARKETING):
    of that one Huawei delivers two to five a phone and day, which is why it is not used unasked.
    """

    service_account_file: Path
    category: Category = "SUBSCRIPTION"
    silent_category: Category | None = None
    ca_file: Path | None = None
    kinds: dict[SubjectKind, HuaweiKind] = msgspec.field(default_factory=dict)

    def category_of(self, message: Message) -> str:
        """Return the class of a message."""
        return self.silent_category or self.category if message.silent else self.category


class _Account(msgspec.Struct):
    project_id: str
    key_id: str
    private_key: str
    sub_account: str


class _Answer(msgspec.Struct):
    code: str
    msg: str = ""


class _Partial(msgspec.Struct):
    """What `msg` holds, as JSON in a string, when some tokens are bad."""

    illegal_tokens: list[str] = []


class HuaweiGateway(BatchGateway):
    """The Huawei client: keep-alive connections, one request a batch."""

    def __init__(self, settings: HuaweiSettings, now_s: Callable[[], float] = record_s) -> None:
        self._account = msgspec.json.decode(settings.service_account_file.read_bytes(), type=_Account)
        signing_key(self._account.private_key, "PS256")
        self._now_s = now_s
        self._made_s = float("-inf")
        self._headers: dict[str, str] = {}
        super().__init__(
            TOKEN,
            BatchHttp(connections=settings.workers, timeout_s=settings.timeout_s, ca_file=settings.ca_file),
            f"{settings.url.rstrip('/')}/v3/{self._account.project_id}/messages:send",
        )
        self._head = lru_cache(maxsize=RENDERED_MAX)(partial(rendered, settings))

    async def _send(self, message: Message, tokens: Sequence[bytes], clearance: Clearance) -> SendResult:
        head = self._head(message, left_s(message, TTL_MAX_S)).content
        body = head + b'","'.join(tokens) + CLOSING
        http = await self._http.send(self._url, body, clearance, self._authorized())
        return http if isinstance(http, SendResult) else _answer(http, tokens)

    def _authorized(self) -> dict[str, str]:
        """Return the headers with our signed token (PS256), the same one for `RENEW_S`."""
        now_s = self._now_s()
        if now_s - self._made_s >= RENEW_S:
            account = self._account
            claims = {"iss": account.sub_account, "aud": AUDIENCE, "iat": int(now_s), "exp": int(now_s) + JWT_S}
            token = jwt.encode(claims, account.private_key, algorithm="PS256", headers={"kid": account.key_id})
            self._headers = {
                "Authorization": f"Bearer {token}",
                "Content-Type": "application/json",
                "push-type": "0",
            }
            self._made_s = now_s
        return self._headers


def rendered(settings: HuaweiSettings, message: Message, ttl_s: int) -> RenderedMessage[bytes]:
    """Return the body of a request up to the first token, truncated to what Huawei takes."""
    settings = of_kind(settings, settings.kinds.get(message.subject_kind))
    category = settings.category_of(message)

    def encoded(body: str) -> bytes:
        return msgspec.json.encode(render(message, body, category, ttl_s))[:-1] + OPENING

    body = truncate(message.text, PAYLOAD_BYTES, lambda body: len(encoded(body)) + len(CLOSING))
    head = encoded(body)
    silent = message.silent and settings.silent_category is not None
    size = len(head) + len(CLOSING)
    return RenderedMessage(head, Rendering(message.text.title, body, size, PAYLOAD_BYTES, "bytes", silent))


def rendering(settings: HuaweiSettings, message: Message) -> Rendering:
    """Return what phones show of a message."""
    return rendered(settings, message, left_s(message, TTL_MAX_S)).rendering


def render(message: Message, body: str, category: str, ttl_s: int) -> dict[str, Any]:
    """Return the request without its target: a notification that replaces the one before of the same alert."""
    click: dict[str, Any] = {"actionType": 0}
    if message.deep_link is not None:
        click = {"actionType": 1, "uri": message.deep_link}
    notification: dict[str, Any] = {
        "category": category,
        "title": message.text.title,
        "body": body,
        "clickAction": click,
        "notifyId": message.collapse_number,
    }
    if message.photo_url is not None:
        notification["image"] = message.photo_url
    return {"payload": {"notification": notification}, "pushOptions": {"ttl": ttl_s}}


def _answer(http: HttpAnswer, tokens: Sequence[bytes]) -> SendResult:
    known = STATUSES.get(http.status)
    if known is not None:
        return result_for_all(known, len(tokens), http.retry_after_s)
    if http.status not in {HTTP_OK, HTTP_BAD_REQUEST}:
        return failing(http)
    try:
        answer = msgspec.json.decode(http.content, type=_Answer)
        if answer.code == PARTIAL:
            illegal = msgspec.json.decode(answer.msg, type=_Partial).illegal_tokens
            return accepted_but({token.encode(): RecipientStatus.INVALID for token in illegal}, tokens)
    except DECODE_ERRORS:
        return SendResult(RequestStatus.FAILING, UNREADABLE, indeterminate=True)
    return result_for_all(CODES.get(answer.code, UNKNOWN), len(tokens), http.retry_after_s)


PROVIDER = Provider(
    "huawei", Addressing.DEVICES, HuaweiSettings, HuaweiGateway, rendering, read_token=tokens_like(TOKEN)
)
