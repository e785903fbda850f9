"""vivo Push: stores a message, and sends it with `pushToList` to up to 1,000 registration ids.

Sources: a mirror of vivo's "Push server API 2.9.2" (authentication, quotas, appId, 10094), and field comments and code
tables of public client libraries (sizes, 2 to 1,000 ids a list, what the status of an invalid user means, 10302).
Unverified: that 10000 is how a token that has expired is answered, that `appId` goes as a string, that one stored
message may be used for many lists (a client library does so), and any collapse id: none was found, so that a repeat,
which a crash may cause, is shown twice here.
Bounded: 1,000 ids a request, two requests a batch at most, and what `push.transport.batch.http` bounds.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
from msgspec import Meta

from push.message.content import left_s
from push.message.links import intent_uri
from push.message.rendering import RenderedMessage, Rendering
from push.message.truncation import truncate_parts, width
from push.notice import SubjectKind
from push.provider import Addressing, LaneSettings, Provider, of_kind, tokens_like
from push.results import RecipientStatus, RequestStatus, SendResult
from push.transport.access_token import Granted, RenewedToken
from push.transport.batch.gateway import BatchGateway
from push.transport.batch.http import UNREADABLE, BatchHttp, decoded
from push.transport.batch.results import DAY_QUOTA_S, CodeMeaning, accepted_but, result_by_code
from push.transport.batch.stored_message import StoredMessages
from runtime.clock import record_s

if TYPE_CHECKING:
    from collections.abc import Sequence

    from push.message.content import Message
    from push.provider import Clearance

LIST_MIN: Final = 2
"""vivo takes no list of one: that one is sent to directly."""

TITLE_WIDTH, BODY_WIDTH = 40, 100
"""20 and 50 Chinese characters, each as wide as two Latin ones; so are the characters of what is shown counted."""

RENDERED_MAX: Final = 64
TTL_MIN_S, TTL_MAX_S = 60, 7 * 86_400
ACCESS_S: Final = 7200.0
"""A token is good for a day; vivo asks to renew it every hour or two."""

SILENT, RING_AND_VIBRATE = 1, 4
OPEN_APP, OPEN_PAGE = 1, 4
MILLISECONDS: Final = 1000
TOKEN: Final = re.compile(rb"[A-Za-z0-9_-]{1,128}")

ACCEPTED: Final = 0
TOKEN_REFUSED: Final = frozenset({10000})
CODES: dict[int, CodeMeaning] = {
    ACCEPTED: CodeMeaning(RequestStatus.ANSWERED, "accepted"),
    10000: CodeMeaning(RequestStatus.MISCONFIGURED, "the provider does not know who we are (10000)"),
    10040: CodeMeaning(RequestStatus.THROTTLED, "the provider is busy and wants us to try again (10040)"),
    10045: CodeMeaning(RequestStatus.MISCONFIGURED, "the app is not approved yet (10045)"),
    10070: CodeMeaning(
        RequestStatus.THROTTLED, "the messages of the day are used up (10070)", retry_after_s=DAY_QUOTA_S
    ),
    10071: CodeMeaning(RequestStatus.MISCONFIGURED, "our class of messages is not sent at this hour (10071)"),
    10073: CodeMeaning(
        RequestStatus.THROTTLED, "the system messages of the day are used up (10073)", retry_after_s=DAY_QUOTA_S
    ),
    10085: CodeMeaning(RequestStatus.MESSAGE_REFUSED, "the provider does not take this wording (10085)"),
    10094: CodeMeaning(RequestStatus.MISCONFIGURED, "the token is of another app (10094)"),
    10104: CodeMeaning(RequestStatus.MESSAGE_REFUSED, "the provider does not take this wording (10104)"),
    10200: CodeMeaning(RequestStatus.MISCONFIGURED, "the provider rejects our app id or key (10200)"),
    10206: CodeMeaning(RequestStatus.MISCONFIGURED, "the provider rejects our signature (10206)"),
    10207: CodeMeaning(RequestStatus.MISCONFIGURED, "the provider rejects our time: are the clocks right? (10207)"),
    10250: CodeMeaning(RequestStatus.THROTTLED, "we ask for tokens too often (10250)"),
    10252: CodeMeaning(
        RequestStatus.THROTTLED, "the stored messages of the day are used up (10252)", retry_after_s=DAY_QUOTA_S
    ),
    10254: CodeMeaning(RequestStatus.THROTTLED, "a quota of the day is used up (10254)", retry_after_s=DAY_QUOTA_S),
    # An app that may only send to its test devices gets it for every id: ids are kept, and so many stop the lane.
    10302: CodeMeaning(RequestStatus.ANSWERED, "the provider rejects the ids (10302)", RecipientStatus.QUARANTINED),
}

STATUSES: dict[int, RecipientStatus] = {
    1: RecipientStatus.INVALID,  # there is no such id
    2: RecipientStatus.REFUSED,  # the app is gone or its notifications are switched off, which may change
    3: RecipientStatus.INVALID,  # three months without a connection, after which vivo gives the id up
    4: RecipientStatus.QUARANTINED,  # not one of the test devices: our push mode is at fault
}
"""What is wrong with one id. An unknown status is `refused`: final for this one, and never for its neighbours."""


Category = Annotated[str, Meta(pattern=r"^[A-Z_]{1,32}\Z")]
Classification = Annotated[int, Meta(ge=0, le=1)]


class VivoKind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is different for one kind of missing person."""

    classification: Classification | None = None
    category: Category | None = None


class VivoSettings(LaneSettings, frozen=True, kw_only=True):
    """Who we are at vivo, and the class of our messages.

    `classification` 1 (system) is sent at night too, 0 (operations) is not. `category` must be one of the class.
    """

    app_id: str
    app_key: str
    app_secret: str
    classification: Classification = 1
    category: Category = "SUBSCRIPTION"
    kinds: dict[SubjectKind, VivoKind] = msgspec.field(default_factory=dict)


class _User(msgspec.Struct):
    status: int
    userid: str = ""


class _Answer(msgspec.Struct, rename="camel"):
    result: int
    auth_token: str = ""
    task_id: str | int = ""
    invalid_users: list[_User] | None = None
    invalid_user: _User | None = None


_ANSWER = msgspec.json.Decoder(_Answer)


class VivoGateway(BatchGateway):
    """The vivo client: keep-alive connections, one stored message for all batches, one list a batch."""

    def __init__(self, settings: VivoSettings) -> None:
        self._settings = settings
        headers = {"Content-Type": "application/json"}
        super().__init__(
            TOKEN,
            BatchHttp(connections=settings.workers, timeout_s=settings.timeout_s, headers=headers),
            f"{settings.url.rstrip('/')}/message",
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
        task = await self._stored.id_of(message, access, clearance)
        if not isinstance(task, str):
            return task
        content = {"appId": self._settings.app_id, "taskId": task, "requestId": uuid.uuid4().hex, "pushMode": 0}
        head = msgspec.json.encode(content)[:-1] + b',"regIds":["'
        answer = await self._call("pushToList", head + b'","'.join(tokens) + b'"]}', access, clearance)
        if not isinstance(answer, _Answer):
            return answer
        if answer.result not in CODES:
            # It may be the code for a message that is no longer stored, which is not documented.
            self._stored.forget(message, task, surely=False)
        return _judged(answer, tokens)

    async def _send_one(
        self, message: Message, tokens: Sequence[bytes], access: str, clearance: Clearance
    ) -> SendResult | None:
        content = {**self._content(message), "regId": tokens[0].decode(), "pushMode": 0}
        answer = await self._call("send", msgspec.json.encode(content), access, clearance)
        return _judged(answer, tokens) if isinstance(answer, _Answer) else answer

    async def _store(self, message: Message, access: str, clearance: Clearance) -> str | SendResult | None:
        answer = await self._call("saveListPayload", msgspec.json.encode(self._content(message)), access, clearance)
        if not isinstance(answer, _Answer):
            return answer
        if answer.result == ACCEPTED:
            return str(answer.task_id) or SendResult(RequestStatus.FAILING, UNREADABLE)
        return msgspec.structs.replace(result_by_code(CODES, answer.result, 0), statuses=None)

    async def _call(self, path: str, body: bytes, access: str, clearance: Clearance) -> _Answer | SendResult | None:
        """Make one call; None: the token is not taken."""
        http = await self._http.send(f"{self._url}/{path}", body, clearance, {"authToken": access})
        answer = decoded(http, _ANSWER)
        return None if isinstance(answer, _Answer) and answer.result in TOKEN_REFUSED else answer

    async def _ask(self) -> Granted | SendResult:
        settings, now_ms = self._settings, int(record_s() * MILLISECONDS)
        signed = f"{settings.app_id}{settings.app_key}{now_ms}{settings.app_secret}".encode()
        sign = hashlib.md5(signed, usedforsecurity=False).hexdigest()
        content = {"appId": settings.app_id, "appKey": settings.app_key, "timestamp": now_ms, "sign": sign}
        answer = decoded(await self._http.ask(f"{self._url}/auth", msgspec.json.encode(content)), _ANSWER)
        if isinstance(answer, SendResult):
            return answer
        if answer.result == ACCEPTED and answer.auth_token:
            return Granted(answer.auth_token, ACCESS_S)
        return result_by_code(CODES, answer.result, 0)

    def _content(self, message: Message) -> dict[str, Any]:
        return {**self._rendered(message, kept_s(message)).content, "requestId": uuid.uuid4().hex}


def rendered(settings: VivoSettings, message: Message, ttl_s: int) -> RenderedMessage[dict[str, Any]]:
    """Return the message without its ids, truncated to what vivo takes."""
    settings = of_kind(settings, settings.kinds.get(message.subject_kind))
    title, body = truncate_parts(message.text, title_max=TITLE_WIDTH, body_max=BODY_WIDTH, size_of=width)
    content = render(message.titled(title), body, settings, ttl_s)
    return RenderedMessage(content, Rendering(title, body, width(body), BODY_WIDTH, "characters", message.silent))


def rendering(settings: VivoSettings, message: Message) -> Rendering:
    """Return what phones show of a message."""
    return rendered(settings, message, kept_s(message)).rendering


def kept_s(message: Message) -> int:
    """Return for how many seconds the provider is to keep a message."""
    return max(TTL_MIN_S, left_s(message, TTL_MAX_S))


def render(message: Message, body: str, settings: VivoSettings, ttl_s: int) -> dict[str, Any]:
    """Return the message without its ids: a notification that rings and vibrates, sent at any hour."""
    page: dict[str, Any] = {"skipType": OPEN_APP}
    if message.deep_link is not None:
        page = {"skipType": OPEN_PAGE, "skipContent": intent_uri(message.deep_link)}
    return {
        "appId": settings.app_id,
        "title": message.text.title,
        "content": body,
        "notifyType": SILENT if message.silent else RING_AND_VIBRATE,
        "timeToLive": ttl_s,
        "networkType": -1,
        "classification": settings.classification,
        "category": settings.category,
        "clientCustomMap": {"alert": message.collapse_id},
        **page,
    }


def _judged(answer: _Answer, tokens: Sequence[bytes]) -> SendResult:
    if answer.result != ACCEPTED:
        return result_by_code(CODES, answer.result, len(tokens))
    users = [*(answer.invalid_users or []), *([answer.invalid_user] if answer.invalid_user else [])]
    return accepted_but(
        {user.userid.encode(): STATUSES.get(user.status, RecipientStatus.REFUSED) for user in users}, tokens
    )


PROVIDER = Provider("vivo", Addressing.DEVICES, VivoSettings, VivoGateway, rendering, read_token=tokens_like(TOKEN))
