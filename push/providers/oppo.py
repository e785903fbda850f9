"""OPPO Push: stores a message, and sends it with `broadcast` to up to 1,000 registration ids.

Sources: copies of OPPO's "Addresses, common parameters and return codes" and "Unicast" (codes, a day's token, one id),
and public client libraries (`save_message_content` and `broadcast`, ids joined by `;`, bad ones listed under "10000",
`off_line_ttl` of 10 days, a title of 50 characters). Unverified: a text of 200 characters, that one stored message may
be used for many broadcasts, and the smallest list, so that a single id is sent to by `unicast`.
Bounded: 1,000 ids a request, two requests a batch at most, and what `push.transport.batch.http` bounds.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import urlencode

import msgspec
from msgspec import Meta

from push.message.content import left_s
from push.message.rendering import RenderedMessage, Rendering
from push.message.truncation import truncate_parts
from push.notice import SubjectKind
from push.provider import Addressing, LaneSettings, Provider, of_kind, tokens_like
from push.results import RecipientStatus, RequestStatus, SendResult
from push.transport.access_token import Granted, RenewedToken
from push.transport.batch.gateway import BatchGateway
from push.transport.batch.http import FORM, UNREADABLE, BatchHttp, decoded
from push.transport.batch.results import DAY_QUOTA_S, CodeMeaning, accepted_but, result_by_code
from push.transport.batch.stored_message import StoredMessages
from runtime.clock import record_s

if TYPE_CHECKING:
    from collections.abc import Sequence

    from push.message.content import Message
    from push.provider import Clearance

LIST_MIN: Final = 2
TITLE_MAX, BODY_MAX = 50, 200
RENDERED_MAX: Final = 64
TTL_MIN_S, TTL_MAX_S = 3600, 10 * 86_400
ACCESS_S: Final = 86_400.0
REGISTRATION_IDS: Final = 2
OPEN_APP, OPEN_SCHEME = 0, 5
NOTIFICATION_BAR, BANNER_AND_SOUND = 1, 16
"""Levels of attention: a silent message is in the notification bar and nowhere else. The app's channel has its say."""

MILLISECONDS: Final = 1000
TOKEN: Final = re.compile(rb"[A-Za-z0-9_-]{1,128}")

ACCEPTED: Final = 0
TOKEN_REFUSED: Final = frozenset({11})
NOT_STORED: Final = frozenset({31})
CODES: dict[int, CodeMeaning] = {
    ACCEPTED: CodeMeaning(RequestStatus.ANSWERED, "accepted"),
    -2: CodeMeaning(RequestStatus.THROTTLED, "the provider controls its traffic (-2)"),
    -1: CodeMeaning(RequestStatus.FAILING, "the provider is not available (-1)"),
    11: CodeMeaning(RequestStatus.MISCONFIGURED, "the provider rejects our token (11)"),
    13: CodeMeaning(RequestStatus.THROTTLED, "the provider limits our calls (13)"),
    14: CodeMeaning(RequestStatus.MISCONFIGURED, "the provider rejects our app key (14)"),
    16: CodeMeaning(RequestStatus.MISCONFIGURED, "the provider rejects our signature (16)"),
    19: CodeMeaning(RequestStatus.MISCONFIGURED, "the provider rejects our time: are the clocks right? (19)"),
    26: CodeMeaning(RequestStatus.MISCONFIGURED, "our address is on the provider's black list (26)"),
    27: CodeMeaning(RequestStatus.MISCONFIGURED, "the app may not do this (27)"),
    28: CodeMeaning(RequestStatus.MISCONFIGURED, "the app is disabled (28)"),
    30: CodeMeaning(RequestStatus.MISCONFIGURED, "the app may not push (30)"),
    31: CodeMeaning(RequestStatus.FAILING, "the stored message is not there any more (31)"),
    33: CodeMeaning(RequestStatus.THROTTLED, "the messages of the day are used up (33)", retry_after_s=DAY_QUOTA_S),
    40: CodeMeaning(RequestStatus.MISCONFIGURED, "a parameter is missing (40)"),
    41: CodeMeaning(RequestStatus.MESSAGE_REFUSED, "a parameter is wrong (41)"),
    55: CodeMeaning(RequestStatus.THROTTLED, "the provider limits how often we call (55)"),
    67: CodeMeaning(RequestStatus.MISCONFIGURED, "category or notify level is not ours to use (67)"),
    10000: CodeMeaning(RequestStatus.ANSWERED, "not a registration id (10000)", RecipientStatus.INVALID),
}

ID_CODES: dict[int, RecipientStatus] = {10000: RecipientStatus.INVALID}
"""Ids named under a code. An unknown code is `refused`: final for these ids, and never for their neighbours."""


Category = Annotated[str, Meta(pattern=r"^[A-Z_]{1,32}\Z")]
ChannelId = Annotated[str, Meta(min_length=1, max_length=64)]
Level = Annotated[int, Meta(ge=1, le=16)]


class OppoKind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is different for one kind of missing person."""

    channel_id: ChannelId | None = None
    category: Category | None = None
    notify_level: Level | None = None


class OppoSettings(LaneSettings, frozen=True, kw_only=True):
    """Who we are at OPPO, and the class of our messages.

    `category` decides whether a phone may get more than a few a day; `notify_level` 2 is the lock screen, 16 a banner
    with sound, which OPPO grants. Messages of such classes may need `template_id`, with variables `title` and `body`.
    """

    app_key: str
    master_secret: str
    channel_id: ChannelId = "missing_child"
    category: Category = "SUBSCRIPTION"
    notify_level: Level = 2
    template_id: str | None = None
    kinds: dict[SubjectKind, OppoKind] = msgspec.field(default_factory=dict)


class _Answer(msgspec.Struct):
    code: int
    data: Any = None

    def named(self) -> dict[str, Any]:
        """Return the data by name; a refusal may have a text instead."""
        return self.data if isinstance(self.data, dict) else {}

    def text(self, name: str) -> str:
        """Return one of them, empty when it is not there."""
        value = self.named().get(name)
        return value if isinstance(value, str) else ""


_ANSWER = msgspec.json.Decoder(_Answer)


class OppoGateway(BatchGateway):
    """The OPPO client: keep-alive connections, one stored message for all batches, one broadcast a batch."""

    def __init__(self, settings: OppoSettings) -> None:
        self._settings = settings
        super().__init__(
            TOKEN,
            BatchHttp(connections=settings.workers, timeout_s=settings.timeout_s, headers=FORM),
            f"{settings.url.rstrip('/')}/server/v1",
        )
        self._access = RenewedToken(self._ask)
        self._stored = StoredMessages(self._store)
        self._rendered = lru_cache(maxsize=RENDERED_MAX)(partial(rendered, settings))

    async def _send(self, message: Message, tokens: Sequence[bytes], clearance: Clearance) -> SendResult:
        # What does not fit asks for no access token either; what does is rendered once and kept.
        self._content(message)
        attempt = self._send_one if len(tokens) < LIST_MIN else self._send_list
        return await self._access.authorized(lambda access: attempt(message, tokens, access, clearance))

    async def _send_list(
        self, message: Message, tokens: Sequence[bytes], access: str, clearance: Clearance
    ) -> SendResult | None:
        stored = await self._stored.id_of(message, access, clearance)
        if not isinstance(stored, str):
            return stored
        target = {"message_id": stored, "target_type": REGISTRATION_IDS, "auth_token": access}
        form = urlencode(target).encode() + b"&target_value=" + b"%3B".join(tokens)
        answer = await self._call("message/notification/broadcast", form, clearance)
        if not isinstance(answer, _Answer):
            return answer
        if answer.code in NOT_STORED:
            self._stored.forget(message, stored)
        return _judged(answer, tokens)

    async def _send_one(
        self, message: Message, tokens: Sequence[bytes], access: str, clearance: Clearance
    ) -> SendResult | None:
        target = {"target_type": REGISTRATION_IDS, "target_value": tokens[0].decode()}
        notification = msgspec.json.encode({**target, "notification": self._content(message)})
        form = urlencode({"message": notification, "auth_token": access}).encode()
        answer = await self._call("message/notification/unicast", form, clearance)
        return _judged(answer, tokens) if isinstance(answer, _Answer) else answer

    async def _store(self, message: Message, access: str, clearance: Clearance) -> str | SendResult | None:
        form = urlencode({**_as_form(self._content(message)), "auth_token": access}).encode()
        answer = await self._call("message/notification/save_message_content", form, clearance)
        if not isinstance(answer, _Answer):
            return answer
        if answer.code == ACCEPTED:
            return answer.text("message_id") or SendResult(RequestStatus.FAILING, UNREADABLE)
        return msgspec.structs.replace(result_by_code(CODES, answer.code, 0), statuses=None)

    async def _call(self, path: str, form: bytes, clearance: Clearance) -> _Answer | SendResult | None:
        """Make one call; None: the token is not taken."""
        answer = decoded(await self._http.send(f"{self._url}/{path}", form, clearance), _ANSWER)
        return None if isinstance(answer, _Answer) and answer.code in TOKEN_REFUSED else answer

    async def _ask(self) -> Granted | SendResult:
        settings, now_ms = self._settings, int(record_s() * MILLISECONDS)
        sign = hashlib.sha256(f"{settings.app_key}{now_ms}{settings.master_secret}".encode()).hexdigest()
        form = urlencode({"app_key": settings.app_key, "timestamp": now_ms, "sign": sign}).encode()
        answer = decoded(await self._http.ask(f"{self._url}/auth", form), _ANSWER)
        if isinstance(answer, SendResult):
            return answer
        token = answer.text("auth_token")
        if answer.code == ACCEPTED and token:
            return Granted(token, ACCESS_S)
        return result_by_code(CODES, answer.code, 0)

    def _content(self, message: Message) -> dict[str, Any]:
        return self._rendered(message, kept_s(message)).content


def rendered(settings: OppoSettings, message: Message, ttl_s: int) -> RenderedMessage[dict[str, Any]]:
    """Return the message without its ids, truncated to what OPPO takes."""
    settings = of_kind(settings, settings.kinds.get(message.subject_kind))
    title, body = truncate_parts(message.text, title_max=TITLE_MAX, body_max=BODY_MAX, size_of=len)
    content = render(message.titled(title), body, settings, ttl_s)
    level = content["notify_level"]
    return RenderedMessage(content, Rendering(title, body, len(body), BODY_MAX, "characters", level < BANNER_AND_SOUND))


def rendering(settings: OppoSettings, message: Message) -> Rendering:
    """Return what phones show of a message."""
    return rendered(settings, message, kept_s(message)).rendering


def kept_s(message: Message) -> int:
    """Return for how many seconds the provider is to keep a message."""
    return max(TTL_MIN_S, left_s(message, TTL_MAX_S))


def render(message: Message, body: str, settings: OppoSettings, ttl_s: int) -> dict[str, Any]:
    """Return the message without its ids: a notification that replaces the one before of the same alert."""
    content: dict[str, Any] = {
        "style": 1,
        "title": message.text.title,
        "content": body,
        "click_action_type": OPEN_APP,
        "off_line": True,
        "off_line_ttl": ttl_s,
        "channel_id": settings.channel_id,
        "category": settings.category,
        "notify_level": NOTIFICATION_BAR if message.silent else settings.notify_level,
        "notify_id": message.collapse_number,
    }
    if message.deep_link is not None:
        content |= {"click_action_type": OPEN_SCHEME, "click_action_url": message.deep_link}
    if settings.template_id is not None:
        content |= {
            "private_msg_template_id": settings.template_id,
            "private_title_parameters": {"title": message.text.title},
            "private_content_parameters": {"body": body},
        }
    return content


def _as_form(content: dict[str, Any]) -> dict[str, str]:
    """Return a message's fields as a form has them: strings as they are, all others as JSON."""
    return {
        name: value if isinstance(value, str) else msgspec.json.encode(value).decode()
        for name, value in content.items()
    }


CODE_DIGITS: Final = 9
"""A longer name of a list is no code, and thousands of digits are no number in Python either."""


def _judged(answer: _Answer, tokens: Sequence[bytes]) -> SendResult:
    if answer.code != ACCEPTED:
        return result_by_code(CODES, answer.code, len(tokens))
    bad = {
        str(one).encode(): ID_CODES.get(int(name), RecipientStatus.REFUSED)
        for name, named in answer.named().items()
        if name.isdecimal() and len(name) <= CODE_DIGITS and isinstance(named, list)
        for one in named
    }
    return accepted_but(bad, tokens)


PROVIDER = Provider("oppo", Addressing.DEVICES, OppoSettings, OppoGateway, rendering, read_token=tokens_like(TOKEN))
