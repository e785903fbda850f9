"""Apple's APNs: sends one `POST /3/device/TOKEN` a phone, over HTTP/2.

Sources: Apple's "Sending notification requests to APNs", "Handling notification responses" and "Establishing a
token-based connection to APNs". Bounded: 4,096 bytes a payload, `RECIPIENTS_MAX` phones a batch, the streams and
connections of `push.transport.http2`.
"""

from __future__ import annotations

import re
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import urlsplit

import jwt
import msgspec
from msgspec import Meta

from push.message.rendering import RenderedMessage, Rendering
from push.message.truncation import truncate
from push.notice import SubjectKind
from push.provider import Addressing, Provider, of_kind, tokens_like
from push.results import RecipientStatus, RequestStatus, SendResult
from push.transport.http2 import Head, Reply
from push.transport.http2_lane import Http2LaneSettings
from push.transport.service_account import signing_key
from push.transport.token_results import ACCEPTED, MALFORMED_TOKEN, CallResult, result_of_calls, unsettled
from runtime.clock import record_s
from runtime.decoding import DECODE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from push.message.content import Message
    from push.provider import Clearance

RECIPIENTS_MAX: Final = 500
"""Phones a batch: what a crash repeats for each worker, and enough to keep the streams of a connection busy."""

PAYLOAD_BYTES: Final = 4096
RENDERED_MAX: Final = 64
RENEW_MIN_S: Final = 1200.0
"""Apple refuses provider tokens that are renewed more often than every 20 minutes, and those older than an hour."""

TOKEN: Final = re.compile(rb"[0-9a-fA-F]{64,200}")
HTTP_OK, HTTP_SERVER_ERROR = 200, 500

EXPIRED: Final = CallResult(
    RecipientStatus.RETRY, RequestStatus.MISCONFIGURED, "our token is too old: are the clocks right?", expired=True
)
REASONS: dict[str, CallResult] = {
    "Unregistered": CallResult(RecipientStatus.INVALID, RequestStatus.ANSWERED, "the app is gone from the phone"),
    "ExpiredToken": CallResult(RecipientStatus.INVALID, RequestStatus.ANSWERED, "the token has expired"),
    "BadDeviceToken": CallResult(RecipientStatus.QUARANTINED, RequestStatus.ANSWERED, "no token of this environment"),
    "DeviceTokenNotForTopic": CallResult(RecipientStatus.QUARANTINED, RequestStatus.ANSWERED, "a token of another app"),
    "TooManyRequests": CallResult(RecipientStatus.RETRY, RequestStatus.ANSWERED, "too many messages to this phone"),
    "TooManyProviderTokenUpdates": CallResult(
        RecipientStatus.RETRY, RequestStatus.THROTTLED, "our token was renewed too often"
    ),
    "InvalidProviderToken": CallResult(
        RecipientStatus.RETRY, RequestStatus.MISCONFIGURED, "the provider rejects our key"
    ),
    "MissingProviderToken": CallResult(
        RecipientStatus.RETRY, RequestStatus.MISCONFIGURED, "the provider rejects our key"
    ),
    "ExpiredProviderToken": EXPIRED,
    "UnrelatedKeyIdInToken": CallResult(
        RecipientStatus.RETRY, RequestStatus.MISCONFIGURED, "our key belongs to another environment"
    ),
    "BadCertificateEnvironment": CallResult(
        RecipientStatus.RETRY, RequestStatus.MISCONFIGURED, "a certificate of another environment"
    ),
    "BadEnvironmentKeyInToken": CallResult(
        RecipientStatus.RETRY, RequestStatus.MISCONFIGURED, "our key belongs to another environment"
    ),
    "DuplicateHeaders": CallResult(RecipientStatus.RETRY, RequestStatus.MISCONFIGURED, "a header is there twice"),
    "Forbidden": CallResult(RecipientStatus.RETRY, RequestStatus.MISCONFIGURED, "the provider forbids it"),
    "TopicDisallowed": CallResult(RecipientStatus.RETRY, RequestStatus.MISCONFIGURED, "the topic is not allowed"),
    "MissingTopic": CallResult(RecipientStatus.RETRY, RequestStatus.MISCONFIGURED, "no topic"),
    "BadTopic": CallResult(RecipientStatus.RETRY, RequestStatus.MISCONFIGURED, "the topic is wrong"),
    "PayloadTooLarge": CallResult(RecipientStatus.MESSAGE_REFUSED, RequestStatus.ANSWERED, "the payload is too large"),
    "PayloadEmpty": CallResult(RecipientStatus.MESSAGE_REFUSED, RequestStatus.ANSWERED, "the payload is empty"),
    "BadCollapseId": CallResult(RecipientStatus.MESSAGE_REFUSED, RequestStatus.ANSWERED, "the collapse id is wrong"),
    "BadExpirationDate": CallResult(RecipientStatus.MESSAGE_REFUSED, RequestStatus.ANSWERED, "the expiration is wrong"),
    "BadMessageId": CallResult(RecipientStatus.MESSAGE_REFUSED, RequestStatus.ANSWERED, "the id is wrong"),
    "BadPriority": CallResult(RecipientStatus.RETRY, RequestStatus.MISCONFIGURED, "the priority is wrong"),
    "InvalidPushType": CallResult(RecipientStatus.RETRY, RequestStatus.MISCONFIGURED, "the push type is wrong"),
    "BadPath": CallResult(RecipientStatus.RETRY, RequestStatus.MISCONFIGURED, "the path is wrong"),
    "IdleTimeout": CallResult(RecipientStatus.RETRY, RequestStatus.FAILING, "the connection was idle for too long"),
    "MethodNotAllowed": CallResult(RecipientStatus.RETRY, RequestStatus.MISCONFIGURED, "the method is wrong"),
}
"""Reasons of a refusal; an unknown one is about us or about a pace if its status says so, else about this phone."""

UNKNOWN: dict[int, CallResult] = {
    403: CallResult(RecipientStatus.RETRY, RequestStatus.MISCONFIGURED, "an unknown reason, HTTP 403"),
    429: CallResult(RecipientStatus.RETRY, RequestStatus.THROTTLED, "an unknown reason, HTTP 429"),
}
REFUSED: Final = CallResult(RecipientStatus.REFUSED, RequestStatus.ANSWERED, "an unknown reason")


Level = Annotated[str, Meta(pattern=r"^(active|time-sensitive|critical)\Z")]


class ApnsKind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is different for one kind of missing person."""

    interruption_level: Level | None = None


class ApnsSettings(Http2LaneSettings, frozen=True, kw_only=True):
    """Who we are at Apple, and how a message arrives."""

    key_file: Path
    key_id: str
    team_id: str
    topic: str
    interruption_level: Level = "time-sensitive"
    kinds: dict[SubjectKind, ApnsKind] = msgspec.field(default_factory=dict)
    renew_s: Annotated[float, Meta(ge=RENEW_MIN_S, le=3000)] = 2400.0
    streams_per_connection: Annotated[int, Meta(ge=1, le=5000)] = 500
    connections_max: Annotated[int, Meta(ge=1, le=128)] = 16


class _Refusal(msgspec.Struct):
    """The body of a refusal; `timestamp` (ms): since when a token is not registered any more."""

    reason: str = ""
    timestamp: int | None = None


_REFUSAL = msgspec.json.Decoder(_Refusal)


class ProviderToken:
    """Our signed token (ES256): the same for `renew_s`, so that Apple takes it and a leaked one ends soon."""

    def __init__(self, settings: ApnsSettings, now_s: Callable[[], float] = record_s) -> None:
        self._settings = settings
        self._key = signing_key(settings.key_file.read_text(encoding="ascii"), "ES256")
        self._now_s = now_s
        self._made_s = float("-inf")
        self._token = ""

    def current(self) -> str:
        """Return the token, a new one when it is time.

        All processes issue theirs at the same moments of the clock: Apple counts how often a key's tokens change.
        """
        now_s = self._now_s()
        if now_s - self._made_s >= self._settings.renew_s:
            self._make(now_s - now_s % self._settings.renew_s)
        return self._token

    def renew(self, token: str) -> bool:
        """Note that Apple finds a token too old; False when Apple allows no other one yet."""
        if token != self._token:
            return True
        if self._now_s() - self._made_s < RENEW_MIN_S:
            return False
        self._make(self._now_s())
        return True

    def _make(self, issued_s: float) -> None:
        claims = {"iss": self._settings.team_id, "iat": int(issued_s)}
        headers = {"kid": self._settings.key_id}
        self._token = jwt.encode(claims, self._key, algorithm="ES256", headers=headers)
        self._made_s = issued_s


class ApnsGateway:
    """The APNs client: one request a phone, many streams at once."""

    recipients_max = RECIPIENTS_MAX

    def __init__(self, settings: ApnsSettings, now_s: Callable[[], float] = record_s) -> None:
        self._settings = settings
        self._path = f"{urlsplit(settings.url).path.rstrip('/')}/3/device/".encode()
        self._token = ProviderToken(settings, now_s)
        self._http2 = settings.open_lane()
        self._payload = lru_cache(maxsize=RENDERED_MAX)(partial(rendered, settings))

    async def send(self, message: Message, recipients: Sequence[bytes], clearance: Clearance) -> SendResult:
        """Send one request to each token; whatever Apple or the network does comes back as a value."""
        results: list[CallResult | None] = [MALFORMED_TOKEN] * len(recipients)
        rows = [row for row, token in enumerate(recipients) if TOKEN.fullmatch(token)]
        payload = self._payload(message).content
        for last in (False, True):
            token = self._token.current()
            calls = [(self._path + recipients[row], payload) for row in rows]
            found = await self._http2.send_all(self._head(message, token), calls, self._judge, clearance)
            for row, result in zip(rows, found, strict=True):
                results[row] = result
            if last or not any(result is not None and result.expired for result in results):
                break
            # Only our token has run out: those not reached for that are sent to again with a new one.
            if not self._token.renew(token):
                break
            rows = [row for row in rows if results[row] is None or results[row] is EXPIRED]
        return result_of_calls(results)

    async def close(self) -> None:
        """Close the connections."""
        await self._http2.close()

    def _judge(self, reply: Reply) -> CallResult:
        if reply.status == HTTP_OK:
            return ACCEPTED
        if reply.status == 0 or reply.status >= HTTP_SERVER_ERROR:
            return unsettled(reply)
        try:
            refusal = _REFUSAL.decode(reply.body)
        except DECODE_ERRORS:
            return unsettled(reply, f"HTTP {reply.status} without a reason")
        known = REASONS.get(refusal.reason)
        if known is None:
            return UNKNOWN.get(reply.status, REFUSED)
        if known.recipient_status is RecipientStatus.INVALID and refusal.timestamp is not None:
            return msgspec.structs.replace(known, since_ms=refusal.timestamp)
        return known

    def _head(self, message: Message, token: str) -> Head:
        return Head(
            (
                ("authorization", f"bearer {token}"),
                ("content-type", "application/json"),
                ("apns-topic", self._settings.topic),
                ("apns-push-type", "alert"),
                ("apns-priority", "10"),
                ("apns-expiration", str(int(message.expires.timestamp()))),
                ("apns-collapse-id", message.collapse_id),
            )
        )


def rendered(settings: ApnsSettings, message: Message) -> RenderedMessage[bytes]:
    """Return the payload, truncated to what Apple takes."""
    level = of_kind(settings, settings.kinds.get(message.subject_kind)).interruption_level
    body = truncate(message.text, PAYLOAD_BYTES, lambda text: len(render(message, text, level)))
    payload = render(message, body, level)
    return RenderedMessage(
        payload, Rendering(message.text.title, body, len(payload), PAYLOAD_BYTES, "bytes", message.silent)
    )


def rendering(settings: ApnsSettings, message: Message) -> Rendering:
    """Return what phones show of a message."""
    return rendered(settings, message).rendering


def render(message: Message, body: str, interruption_level: str) -> bytes:
    """Return the payload: an alert on the lock screen, with sound unless it is silent, and where a tap leads."""
    aps: dict[str, Any] = {
        "alert": {"title": message.text.title, "body": body},
        "interruption-level": "passive" if message.silent else interruption_level,
        "mutable-content": 1,
        "thread-id": message.collapse_id,
    }
    if not message.silent:
        aps["sound"] = "default"
    links = {"photo": message.photo_url, "deep_link": message.deep_link, "web_link": message.web_link}
    return msgspec.json.encode({"aps": aps, **{name: link for name, link in links.items() if link is not None}})


def read_token(text: str) -> str | None:
    """Return a token as iOS apps send it, also as `NSData` was printed for years: `<8a3f 02c1 …>`."""
    return _read_hexadecimal("".join(text.strip().removeprefix("<").removesuffix(">").split()))


_read_hexadecimal = tokens_like(TOKEN)
PROVIDER = Provider("apns", Addressing.DEVICES, ApnsSettings, ApnsGateway, rendering, read_token=read_token)
