"""Web Push: sends one sealed request a browser to its push service.

Sources: RFC 8030 (requests and answers), 8291 and 8188 (sealing), 8292 (VAPID), the W3C's Push API (declarative push
messages); the push services' own status codes from Mozilla's autopush and Microsoft's WNS documents. For low volumes:
HTTP/1.1, and each message is sealed by itself. Unverified: how Apple's service limits, and whether Edge's answers as
WNS does. Bounded: 4,096 bytes sealed, `RECIPIENTS_MAX` browsers a batch, `requests_per_service` at once.
"""

from __future__ import annotations

import asyncio
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
from msgspec import Meta
from msgspec.structs import replace
from yarl import URL

from push.message.content import left_s
from push.message.rendering import RenderedMessage, Rendering
from push.message.truncation import truncate
from push.provider import STOPPED, Addressing, LaneSettings, Provider, forbidden
from push.results import RecipientStatus, RequestStatus, SendResult
from push.transport.batch.http import BatchHttp
from push.transport.http2 import Reply
from push.transport.token_results import ACCEPTED, CallResult, result_of_calls, unsettled
from push.transport.web_push.addresses import PublicResolver
from push.transport.web_push.crypto import PLAINTEXT_BYTES, Signatures, seal, unpadded
from push.transport.web_push.push_service import PushService, merge_services
from push.transport.web_push.subscription import HOST, Subscription, read_subscription, read_token

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from push.message.content import Message
    from push.provider import Clearance

RECIPIENTS_MAX: Final = 50
"""Browsers a batch: what a crash repeats for each worker; sealing so many takes 5 ms of the event loop, 0.1 ms each."""

RENDERED_MAX: Final = 64
TTL_MAX_S: Final = 28 * 86_400
"""The longest that FCM keeps a message; an alert ends much sooner."""

HTTP_SERVER_ERROR: Final = 500
DECLARATIVE: Final = 8030
"""By this member a browser knows a message that it can show without a service worker (W3C Push API)."""

STATUSES: dict[int, CallResult] = {
    200: ACCEPTED,
    201: ACCEPTED,
    202: ACCEPTED,
    400: CallResult(
        RecipientStatus.QUARANTINED, RequestStatus.ANSWERED, "the push service cannot use this subscription"
    ),
    401: CallResult(RecipientStatus.RETRY, RequestStatus.MISCONFIGURED, "the push service rejects our key (HTTP 401)"),
    403: CallResult(RecipientStatus.RETRY, RequestStatus.MISCONFIGURED, "the push service rejects our key (HTTP 403)"),
    404: CallResult(RecipientStatus.INVALID, RequestStatus.ANSWERED, "the subscription has expired"),
    406: CallResult(RecipientStatus.RETRY, RequestStatus.THROTTLED, "HTTP 406, by which Windows limits"),
    410: CallResult(RecipientStatus.INVALID, RequestStatus.ANSWERED, "the subscription is gone"),
    413: CallResult(RecipientStatus.MESSAGE_REFUSED, RequestStatus.ANSWERED, "the message is too large"),
    429: CallResult(RecipientStatus.RETRY, RequestStatus.THROTTLED, "HTTP 429"),
}
"""Answers to a request. An unknown one below 500 is `refused`: final for this browser, and never for its neighbours."""

KEY_REFUSED: Final = frozenset({401, 403})
ANOTHER_KEY: Final = CallResult(RecipientStatus.QUARANTINED, RequestStatus.ANSWERED, "a subscription for another key")
"""Services refuse a subscription that was made for another application's key as they refuse a wrong key of ours."""

NOWHERE: Final = ""
"""Stands for the push services of browsers that may not be sent to."""

Host = Annotated[str, Meta(pattern=rf"^{HOST}(:[0-9]{{1,5}})?\Z", max_length=253)]


class WebpushSettings(LaneSettings, frozen=True, kw_only=True):
    """Who we are, and to which push services messages go; `url`: the site, shown by a tap on an alert without a link.

    Subscriptions name their push service themselves, so only those of `hosts` and below are believed; one with a port
    (a service of one's own) takes exactly that port. Others must have public addresses, unless `private_networks`
    allows any. `key_file` (PEM, P-256) is the key that the site subscribes with.
    """

    key_file: Path
    subject: Annotated[str, Meta(pattern=r"^(mailto:[^@]+@[^@]+|https://.+)\Z")]
    hosts: Annotated[tuple[Host, ...], Meta(min_length=1, max_length=16)] = (
        "fcm.googleapis.com",
        "updates.push.services.mozilla.com",
        "web.push.apple.com",
        "notify.windows.com",
    )
    private_networks: bool = False
    requests_per_service: Annotated[int, Meta(ge=1, le=256)] = 32
    ca_file: Path | None = None


class WebpushGateway:
    """The Web Push client: one request a browser, many at once, each push service judged by itself."""

    recipients_max = RECIPIENTS_MAX

    def __init__(self, settings: WebpushSettings) -> None:
        self._settings = settings
        self._signatures = Signatures(settings.key_file, settings.subject)
        self._services = {host: PushService(host, settings.requests_per_service) for host in settings.hosts}
        self._http = BatchHttp(
            connections=settings.requests_per_service * len(settings.hosts),
            timeout_s=settings.timeout_s,
            ca_file=settings.ca_file,
            connections_a_host=settings.requests_per_service,
            resolver=None if settings.private_networks else PublicResolver(settings.hosts),
        )
        self._text = lru_cache(maxsize=RENDERED_MAX)(partial(rendered, settings))

    async def send(self, message: Message, recipients: Sequence[bytes], clearance: Clearance) -> SendResult:
        """Send one request to each browser; whatever a push service or the network does comes back as a value."""
        rows: dict[str, list[int]] = {}
        subscriptions: dict[str, list[Subscription]] = {}
        for row, token in enumerate(recipients):
            subscription = read_subscription(token, self._settings.hosts)
            if subscription is None:
                continue
            if not clearance.may_reach(subscription.endpoint):
                rows.setdefault(NOWHERE, []).append(row)
                continue
            rows.setdefault(subscription.service, []).append(row)
            subscriptions.setdefault(subscription.service, []).append(subscription)
        results = await self._at_once(message, self._text(message).content, subscriptions, clearance)
        if NOWHERE in rows:
            results[NOWHERE] = forbidden(len(rows[NOWHERE]))
        return merge_services(rows, results, len(recipients))

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def _at_once(
        self, message: Message, text: bytes, parts: dict[str, list[Subscription]], clearance: Clearance
    ) -> dict[str, SendResult]:
        """Send to all services at once, so that none waits for another."""
        call = partial(self._call, message, text, clearance)
        async with asyncio.TaskGroup() as group:
            tasks = {
                name: group.create_task(self._to_service(self._services[name], call, part, clearance))
                for name, part in parts.items()
            }
        return {name: task.result() for name, task in tasks.items()}

    async def _to_service(
        self,
        service: PushService,
        call: Callable[[Subscription], Awaitable[Reply | None]],
        to: Sequence[Subscription],
        clearance: Clearance,
    ) -> SendResult:
        """Send to those of one push service, unless it rests."""
        if service.resting:
            return service.last_result(len(to))
        replies = await service.call_all([partial(call, one) for one in to], judge)
        for one, reply in zip(to, replies, strict=True):
            if reply is not None and judge(reply).recipient_status is RecipientStatus.ACCEPTED:
                self._signatures.prove(one.origin)
        if not any(replies):
            return service.last_result(len(to)) if clearance.may_send() else STOPPED
        result = result_of_calls([self._judged(*pair) for pair in zip(to, replies, strict=True)])
        service.note(result, sum(reply is not None for reply in replies))
        return result

    def _judged(self, one: Subscription, reply: Reply | None) -> CallResult | None:
        """Return what a reply means; where our signature is known to be good, a refusal is of the subscription."""
        if reply is None:
            return None
        if reply.status in KEY_REFUSED and self._signatures.is_proven(one.origin):
            return ANOTHER_KEY
        return judge(reply)

    async def _call(self, message: Message, text: bytes, clearance: Clearance, one: Subscription) -> Reply | None:
        """Make one request; None: it was not to be made any more."""
        headers = {
            "Authorization": self._signatures.header(one.origin),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(left_s(message, TTL_MAX_S)),
            "Topic": topic_of(message),
            "Urgency": "high",
        }
        # As it is written: a push service may compare the text, which a parser would write anew.
        answer = await self._http.send(URL(one.endpoint, encoded=True), seal(text, one), clearance, headers)
        if answer is STOPPED:
            return None
        if isinstance(answer, SendResult):
            return Reply(0, error=answer.reason, begun=answer.indeterminate)
        return Reply(answer.status, retry_after_s=answer.retry_after_s)


def judge(reply: Reply) -> CallResult:
    """Return what one reply means by itself."""
    known = STATUSES.get(reply.status)
    if known is not None:
        return known if reply.retry_after_s is None else replace(known, retry_after_s=reply.retry_after_s)
    if reply.status == 0 or reply.status >= HTTP_SERVER_ERROR:
        return unsettled(reply)
    return CallResult(RecipientStatus.REFUSED, RequestStatus.ANSWERED, f"HTTP {reply.status}")


def topic_of(message: Message) -> str:
    """Return the alert's collapse id in the 32 characters that RFC 8030 5.4 allows."""
    return unpadded(message.alert_id.bytes)


def rendered(settings: WebpushSettings, message: Message) -> RenderedMessage[bytes]:
    """Return what is sealed for each browser, truncated to what push services take."""
    site = settings.url
    body = truncate(message.text, PLAINTEXT_BYTES, lambda text: len(render(message, text, site)))
    text = render(message, body, site)
    return RenderedMessage(
        text, Rendering(message.text.title, body, len(text), PLAINTEXT_BYTES, "bytes", message.silent)
    )


def rendering(settings: WebpushSettings, message: Message) -> Rendering:
    """Return what browsers show of a message."""
    return rendered(settings, message).rendering


def render(message: Message, body: str, site: str) -> bytes:
    """Return what the browser shows, or its service worker: one notification an alert, the last one staying."""
    notification: dict[str, Any] = {
        "title": message.text.title,
        "body": body,
        "lang": message.locale,
        "tag": message.collapse_id,
        "navigate": message.web_link or site,
        "silent": message.silent,
        "renotify": not message.silent,
        "requireInteraction": not message.silent,
    }
    if message.photo_url is not None:
        notification["image"] = message.photo_url
    if message.deep_link is not None:
        notification["data"] = {"deep_link": message.deep_link}
    return msgspec.json.encode({"web_push": DECLARATIVE, "notification": notification})


PROVIDER = Provider("webpush", Addressing.DEVICES, WebpushSettings, WebpushGateway, rendering, read_token=read_token)
