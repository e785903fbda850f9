"""Xiaomi Push v3: sends one `/v3/message/regid` to up to 1,000 registration ids.

Sources: Xiaomi's "Server API addresses and parameters" (HyperOS documents 1559; fields, 50 and 128 characters, kept for
10 days), "Server error codes" (1560) and "Templates" (2314). Unverified: that 1,000 ids are the most (client libraries
say so), and the answer's `bad_regids` (client libraries read it; Xiaomi's own text names only the callback type 16).
Pictures are not sent, because Xiaomi wants them uploaded before. A silent message asks for the light alone; from
Android 8 on the channel that Xiaomi has granted decides.
Bounded: 1,000 ids a request, and what `push.transport.batch.http` bounds.
"""

from __future__ import annotations

import re
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import urlencode

import msgspec
from msgspec import Meta

from push.message.content import left_s
from push.message.links import intent_uri
from push.message.rendering import RenderedMessage, Rendering
from push.message.truncation import truncate_parts
from push.notice import SubjectKind
from push.provider import Addressing, LaneSettings, Provider, of_kind, tokens_like
from push.results import RecipientStatus, RequestStatus, SendResult
from push.transport.batch.gateway import BatchGateway
from push.transport.batch.http import FORM, BatchHttp, decoded
from push.transport.batch.results import DAY_QUOTA_S, CodeMeaning, accepted_but, result_by_code

if TYPE_CHECKING:
    from collections.abc import Sequence

    from push.message.content import Message
    from push.provider import Clearance

TITLE_MAX, BODY_MAX = 49, 127
"""Characters: Xiaomi wants fewer than 50 and fewer than 128."""

RENDERED_MAX: Final = 64
TTL_MAX_S: Final = 10 * 86_400
MILLISECONDS: Final = 1000
NOTIFY_ALL, NOTIFY_LIGHTS = -1, 4
TOKEN: Final = re.compile(rb"[A-Za-z0-9+/=_-]{1,256}")

ACCEPTED: Final = 0
CODES: dict[int, CodeMeaning] = {
    ACCEPTED: CodeMeaning(RequestStatus.ANSWERED, "accepted"),
    -1: CodeMeaning(RequestStatus.FAILING, "an error that the provider does not know (-1)"),
    1: CodeMeaning(RequestStatus.FAILING, "an error of the provider (1)"),
    10001: CodeMeaning(RequestStatus.FAILING, "an error of the provider's system (10001)"),
    10002: CodeMeaning(RequestStatus.FAILING, "the provider is busy (10002)"),
    10003: CodeMeaning(RequestStatus.FAILING, "an error behind the provider (10003)"),
    10008: CodeMeaning(RequestStatus.MESSAGE_REFUSED, "a parameter is wrong (10008)"),
    10012: CodeMeaning(RequestStatus.MISCONFIGURED, "the request is not allowed (10012)"),
    10016: CodeMeaning(RequestStatus.MISCONFIGURED, "a parameter is missing (10016)"),
    10017: CodeMeaning(RequestStatus.MESSAGE_REFUSED, "a parameter's value is wrong (10017)"),
    10027: CodeMeaning(RequestStatus.THROTTLED, "the provider limits our rate (10027)"),
    10031: CodeMeaning(RequestStatus.MISCONFIGURED, "this app is on the provider's black list (10031)"),
    10034: CodeMeaning(
        RequestStatus.THROTTLED, "the app's messages of the day are used up (10034)", retry_after_s=DAY_QUOTA_S
    ),
    10036: CodeMeaning(RequestStatus.MISCONFIGURED, "the app may not do this (10036)"),
    10037: CodeMeaning(RequestStatus.FAILING, "the request came too late (10037)"),
    # Client libraries read it as "no id is good". The ids are kept, and so many of them stop the lane.
    20301: CodeMeaning(
        RequestStatus.ANSWERED, "no id of the request could be sent to (20301)", RecipientStatus.QUARANTINED
    ),
    21301: CodeMeaning(RequestStatus.MISCONFIGURED, "the provider rejects our secret (21301)"),
    21303: CodeMeaning(RequestStatus.MISCONFIGURED, "the request is restricted (21303)"),
    21305: CodeMeaning(RequestStatus.MISCONFIGURED, "a parameter is missing (21305)"),
    22000: CodeMeaning(RequestStatus.MISCONFIGURED, "no such app (22000)"),
    22006: CodeMeaning(RequestStatus.MISCONFIGURED, "the app's id is wrong (22006)"),
    22007: CodeMeaning(RequestStatus.MISCONFIGURED, "the app's key is wrong (22007)"),
    22022: CodeMeaning(RequestStatus.MISCONFIGURED, "the package's name is wrong (22022)"),
    22102: CodeMeaning(RequestStatus.FAILING, "the notification could not be sent (22102)"),
    26003: CodeMeaning(RequestStatus.FAILING, "an error within the provider (26003)"),
    26006: CodeMeaning(RequestStatus.MISCONFIGURED, "the provider wants to look at the message first (26006)"),
    27001: CodeMeaning(RequestStatus.MISCONFIGURED, "the channel does not match (27001)"),
    65009: CodeMeaning(RequestStatus.MESSAGE_REFUSED, "the message is too long (65009)"),
    200001: CodeMeaning(RequestStatus.THROTTLED, "the quota of the day is used up (200001)", retry_after_s=DAY_QUOTA_S),
}


ChannelId = Annotated[str, Meta(min_length=1, max_length=64)]


class XiaomiKind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is different for one kind of missing person."""

    channel_id: ChannelId | None = None
    template_id: str | None = None


class XiaomiSettings(LaneSettings, frozen=True, kw_only=True):
    """Who we are at Xiaomi, and the class of our messages.

    `channel_id` decides whether a phone may get more than a few a day: ask Xiaomi for a channel of private messages,
    which comes with a template; its variables must be called `title` and `body`.
    """

    app_secret: str
    package_name: str
    channel_id: ChannelId
    template_id: str | None = None
    kinds: dict[SubjectKind, XiaomiKind] = msgspec.field(default_factory=dict)


class _Data(msgspec.Struct):
    bad_regids: str = ""


class _Answer(msgspec.Struct):
    code: int
    data: _Data | str | None = None


_ANSWER = msgspec.json.Decoder(_Answer)


class XiaomiGateway(BatchGateway):
    """The Xiaomi client: keep-alive connections, one request a batch."""

    def __init__(self, settings: XiaomiSettings) -> None:
        self._settings = settings
        headers = {"Authorization": f"key={settings.app_secret}", **FORM}
        super().__init__(
            TOKEN,
            BatchHttp(connections=settings.workers, timeout_s=settings.timeout_s, headers=headers),
            f"{settings.url.rstrip('/')}/v3/message/regid",
        )
        self._head = lru_cache(maxsize=RENDERED_MAX)(partial(rendered, settings))

    async def _send(self, message: Message, tokens: Sequence[bytes], clearance: Clearance) -> SendResult:
        head = self._head(message, left_s(message, TTL_MAX_S)).content
        http = await self._http.send(self._url, head + _quoted(tokens), clearance)
        answer = decoded(http, _ANSWER)
        return _judged(answer, tokens) if isinstance(answer, _Answer) else answer


def rendered(settings: XiaomiSettings, message: Message, ttl_s: int) -> RenderedMessage[bytes]:
    """Return the form up to the first id, truncated to what Xiaomi takes."""
    settings = of_kind(settings, settings.kinds.get(message.subject_kind))
    title, body = truncate_parts(message.text, title_max=TITLE_MAX, body_max=BODY_MAX, size_of=len)
    form = urlencode(render(message.titled(title), body, settings, ttl_s)).encode() + b"&registration_id="
    return RenderedMessage(form, Rendering(title, body, len(body), BODY_MAX, "characters", message.silent))


def rendering(settings: XiaomiSettings, message: Message) -> Rendering:
    """Return what phones show of a message."""
    return rendered(settings, message, left_s(message, TTL_MAX_S)).rendering


def render(message: Message, body: str, settings: XiaomiSettings, ttl_s: int) -> dict[str, str]:
    """Return the form without its ids: a notification that replaces the one before of the same alert."""
    form = {
        "restricted_package_name": settings.package_name,
        "pass_through": "0",
        "title": message.text.title,
        "description": body,
        "payload": message.collapse_id,
        "notify_type": str(NOTIFY_LIGHTS if message.silent else NOTIFY_ALL),
        "notify_id": str(message.collapse_number),
        "time_to_live": str(ttl_s * MILLISECONDS),
        "extra.channel_id": settings.channel_id,
        "extra.notify_foreground": "1",
        "extra.notify_effect": "1",
    }
    if message.deep_link is not None:
        form |= {"extra.notify_effect": "2", "extra.intent_uri": intent_uri(message.deep_link)}
    if settings.template_id is not None:
        parameters = {"title": message.text.title, "body": body}
        form |= {
            "extra.template_id": settings.template_id,
            "extra.template_param": msgspec.json.encode(parameters).decode(),
        }
    return form


def _quoted(tokens: Sequence[bytes]) -> bytes:
    """Return ids as one value of a form; only these characters of theirs need an escape."""
    return b"%2C".join(tokens).replace(b"+", b"%2B").replace(b"/", b"%2F").replace(b"=", b"%3D")


def _judged(answer: _Answer, tokens: Sequence[bytes]) -> SendResult:
    if answer.code != ACCEPTED or not isinstance(answer.data, _Data):
        return result_by_code(CODES, answer.code, len(tokens))
    bad = {token: RecipientStatus.INVALID for token in answer.data.bad_regids.encode().split(b",") if token}
    return accepted_but(bad, tokens)


PROVIDER = Provider(
    "xiaomi", Addressing.DEVICES, XiaomiSettings, XiaomiGateway, rendering, read_token=tokens_like(TOKEN)
)
