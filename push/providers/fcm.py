"""Google's FCM v1: sends one `messages:send` a phone, over HTTP/2.

Sources: Firebase's "projects.messages:send" reference, "FCM error codes" and Google's "OAuth 2.0 for servers" (RFC
7523). With several projects a device's token is reported as `PROJECT/TOKEN`; without a slash it is of
the first one. A silent message asks for no sound and the priority LOW; from Android 8 on the app's channel decides.
Bounded: 4,096 bytes a message, `RECIPIENTS_MAX` phones a batch, the streams of `push.transport.http2`.
"""

from __future__ import annotations

import asyncio
import re
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from push.message.content import left_s
from push.message.rendering import RenderedMessage, Rendering
from push.message.truncation import truncate
from push.notice import SubjectKind
from push.provider import Addressing, Provider, of_kind, tokens_like, withheld
from push.results import RecipientStatus, RequestStatus, SendResult
from push.transport.batch.http import BatchHttp
from push.transport.http2 import Head, Reply
from push.transport.http2_lane import Http2LaneSettings
from push.transport.pace import Pace
from push.transport.projects import Projects
from push.transport.service_account import AccessToken, read_account
from push.transport.token_results import ACCEPTED, MALFORMED_TOKEN, CallResult, result_of_calls, unsettled
from runtime.decoding import DECODE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from push.message.content import Message
    from push.provider import Clearance
    from push.transport.projects import Project
    from push.transport.quota import Quotas

RECIPIENTS_MAX: Final = 500
"""Phones a batch: what a crash repeats for each worker, and enough to keep the streams of a connection busy."""

MESSAGE_BYTES: Final = 4096
RENDERED_MAX: Final = 64
TTL_MAX_S: Final = 28 * 86_400
SCOPE: Final = "https://www.googleapis.com/auth/firebase.messaging"
TOKEN: Final = re.compile(rb"(?:([a-z0-9-]{4,40})/)?([A-Za-z0-9_:=-]{20,1024})")
USUAL_TOKENS: Final = re.compile(rb"[A-Za-z0-9_:=-]{20,1024}(?: [A-Za-z0-9_:=-]{20,1024})*")
"""A whole batch at once: nearly always all tokens are well formed and of the first project."""

HEAD: Final = b'{"message":{"token":"'
HTTP_OK, HTTP_UNAUTHORIZED, HTTP_SERVER_ERROR = 200, 401, 500
EXPIRED: Final = CallResult(
    RecipientStatus.RETRY, RequestStatus.MISCONFIGURED, "the provider rejects our access token", expired=True
)
NO_SENSE: Final = CallResult(RecipientStatus.INDETERMINATE, RequestStatus.FAILING, "an answer that is no FCM answer")

ERRORS: dict[str, CallResult] = {
    "UNREGISTERED": CallResult(RecipientStatus.INVALID, RequestStatus.ANSWERED, "the app is gone from the phone"),
    "SENDER_ID_MISMATCH": CallResult(RecipientStatus.QUARANTINED, RequestStatus.ANSWERED, "a token of another sender"),
    "INVALID_ARGUMENT": CallResult(
        RecipientStatus.TOKEN_OR_MESSAGE, RequestStatus.ANSWERED, "the token, or the message, is not well formed"
    ),
    "QUOTA_EXCEEDED": CallResult(RecipientStatus.RETRY, RequestStatus.THROTTLED, "the quota is used up"),
    "UNAVAILABLE": CallResult(RecipientStatus.RETRY, RequestStatus.FAILING, "the provider is overloaded"),
    "INTERNAL": CallResult(RecipientStatus.RETRY, RequestStatus.FAILING, "an error of the provider"),
    "THIRD_PARTY_AUTH_ERROR": CallResult(
        RecipientStatus.RETRY, RequestStatus.MISCONFIGURED, "the key of APNs or Web Push is wrong there"
    ),
    "PERMISSION_DENIED": CallResult(
        RecipientStatus.RETRY, RequestStatus.MISCONFIGURED, "this account may not send in this project"
    ),
    "NOT_FOUND": CallResult(RecipientStatus.RETRY, RequestStatus.MISCONFIGURED, "no such project"),
    "RESOURCE_EXHAUSTED": CallResult(RecipientStatus.RETRY, RequestStatus.THROTTLED, "the quota is used up"),
}
"""By FCM's own error code, else by Google's status. An unknown one is `refused`, for this phone only."""

REFUSED: Final = CallResult(RecipientStatus.REFUSED, RequestStatus.ANSWERED, "an unknown code")
BAD_TOKEN: Final = CallResult(RecipientStatus.QUARANTINED, RequestStatus.ANSWERED, "the token is not well formed")
BAD_MESSAGE: Final = CallResult(
    RecipientStatus.MESSAGE_REFUSED, RequestStatus.ANSWERED, "the message is not well formed, or too large"
)
TOKEN_FIELD: Final = "message.token"  # noqa: S105 - the name of a field
INVALID: Final = "INVALID_ARGUMENT"


class FcmKind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is different for one kind of missing person."""

    channel_id: str | None = None


class FcmSettings(Http2LaneSettings, frozen=True, kw_only=True):
    """The service accounts of our projects, the first one being that of tokens that name none.

    `rate_per_s` is that of each project; a fresh start grows to it for `ramp_s`, because Google asks to take a minute.
    """

    service_account_files: Annotated[list[Path], Meta(min_length=1, max_length=50)]
    channel_id: str = "missing_child"
    kinds: dict[SubjectKind, FcmKind] = msgspec.field(default_factory=dict)
    ramp_s: Annotated[float, Meta(ge=0, le=600)] = 60.0

    @property
    def lane_rate_per_s(self) -> float | None:
        """The rate of all projects together."""
        return None if self.rate_per_s is None else self.rate_per_s * len(self.service_account_files)


class _Violation(msgspec.Struct):
    field: str = ""


class _Detail(msgspec.Struct):
    errorCode: str = ""  # noqa: N815 - Google's name
    fieldViolations: list[_Violation] = []  # noqa: N815 - as above


class _Error(msgspec.Struct):
    status: str = ""
    details: list[_Detail] = []


class _Refusal(msgspec.Struct):
    error: _Error


_REFUSAL = msgspec.json.Decoder(_Refusal)


class FcmGateway:
    """The FCM client: one request a phone, many streams at once."""

    recipients_max = RECIPIENTS_MAX

    def __init__(self, settings: FcmSettings, quotas: Quotas) -> None:
        self._settings = settings
        files = [read_account(file) for file in settings.service_account_files]
        self._http = BatchHttp(connections=4, timeout_s=settings.timeout_s, ca_file=settings.ca_file)
        accounts = [AccessToken(account, SCOPE, self._http) for account in files]
        projects = Projects(settings.misconfigured_probe_s)
        self._projects = {
            account.project.encode(): projects.add(
                account, Pace(settings.rate_per_s, quotas.of(f"fcm:{account.project}", ramp_s=settings.ramp_s))
            )
            for account in accounts
        }
        self._usual = accounts[0].project.encode()
        self._path = urlsplit(settings.url).path.rstrip("/")
        self._http2 = settings.open_lane()
        self._tail = lru_cache(maxsize=RENDERED_MAX)(partial(rendered, settings))

    async def send(self, message: Message, recipients: Sequence[bytes], clearance: Clearance) -> SendResult:
        """Send one request to each token; whatever Google or the network does comes back as a value."""
        # Before anything else: who may not send waits for no pace and no access token either.
        unsent = withheld(clearance, self._settings.url, len(recipients))
        if unsent is not None:
            return unsent
        tail = self._tail(message, left_s(message, TTL_MAX_S)).content
        results: list[CallResult | None] = [MALFORMED_TOKEN] * len(recipients)
        async with asyncio.TaskGroup() as group:
            for project, share in self._shares(recipients, tail).items():
                group.create_task(self._send_share(project, share, results, clearance), name=f"fcm {project.name}")
        return result_of_calls(results)

    async def close(self) -> None:
        """Close the connections."""
        await self._http2.close()
        await self._http.close()

    def _shares(self, recipients: Sequence[bytes], tail: bytes) -> dict[Project, list[tuple[int, bytes]]]:
        """Return the messages of each project by place in the batch, without who has a token that cannot be FCM's."""
        if USUAL_TOKENS.fullmatch(b" ".join(recipients)):
            return {self._projects[self._usual]: [(row, HEAD + token + tail) for row, token in enumerate(recipients)]}
        shares: dict[Project, list[tuple[int, bytes]]] = {}
        for row, recipient in enumerate(recipients):
            match = TOKEN.fullmatch(recipient)
            project = None if match is None else self._projects.get(match[1] or self._usual)
            if match is not None and project is not None:
                shares.setdefault(project, []).append((row, HEAD + match[2] + tail))
        return shares

    async def _send_share(
        self, project: Project, share: list[tuple[int, bytes]], results: list[CallResult | None], clearance: Clearance
    ) -> None:
        """Send one project's messages; those for which only our access token had run out once more, with a new one."""
        rows = [row for row, _ in share]
        if project.rests:
            for row in rows:
                results[row] = None
            return
        path = f"{self._path}/v1/projects/{project.name}/messages:send"
        await project.pace.take(len(share))
        access = await project.access.current()
        for last in (False, True):
            if isinstance(access, SendResult):
                none = CallResult(
                    RecipientStatus.RETRY, access.request_status, access.reason, retry_after_s=access.retry_after_s
                )
                for row, _ in share:
                    results[row] = none
                break
            head = Head((("authorization", f"Bearer {access}"), ("content-type", "application/json")), path)
            found = await self._http2.send_all(head, [(b"", body) for _, body in share], self._judge, clearance)
            for (row, _), result in zip(share, found, strict=True):
                results[row] = result
            if last or EXPIRED not in found:
                break
            access = await project.access.other_than(access)
            share = [(row, body) for row, body in share if results[row] is None or results[row] is EXPIRED]
        await project.apply(rows, results)

    def _judge(self, reply: Reply) -> CallResult:
        if reply.status == HTTP_OK:
            return ACCEPTED if reply.body.lstrip().startswith(b"{") else NO_SENSE
        if reply.status == 0 or reply.status >= HTTP_SERVER_ERROR:
            return unsettled(reply)
        try:
            error = _REFUSAL.decode(reply.body).error
        except DECODE_ERRORS:
            return unsettled(reply, f"HTTP {reply.status} without a reason")
        code = next((detail.errorCode for detail in error.details if detail.errorCode), error.status)
        if reply.status == HTTP_UNAUTHORIZED and code != "THIRD_PARTY_AUTH_ERROR":
            return EXPIRED
        result = _judged_argument(error) if code == INVALID else ERRORS.get(code, REFUSED)
        wait_s = reply.retry_after_s
        return result if wait_s is None else msgspec.structs.replace(result, retry_after_s=wait_s)


def _judged_argument(error: _Error) -> CallResult:
    """Tell a bad token from a bad message, as far as Google says it.

    It names the field (google.rpc.BadRequest), or gives its own code alone, which is most often for a token. Without
    any detail it is the message that is too large.
    """
    fields = {violation.field for detail in error.details for violation in detail.fieldViolations}
    if fields:
        return BAD_TOKEN if fields == {TOKEN_FIELD} else BAD_MESSAGE
    return ERRORS[INVALID] if error.details else BAD_MESSAGE


def rendered(settings: FcmSettings, message: Message, ttl_s: int) -> RenderedMessage[bytes]:
    """Return the body of a request from behind the token on, truncated to what FCM takes."""
    settings = of_kind(settings, settings.kinds.get(message.subject_kind))

    def encoded(body: str) -> bytes:
        return b'",' + msgspec.json.encode(render(message, body, settings.channel_id, ttl_s))[1:] + b"}"

    body = truncate(message.text, MESSAGE_BYTES, lambda body: len(HEAD) + len(encoded(body)))
    tail = encoded(body)
    size = len(HEAD) + len(tail)
    return RenderedMessage(tail, Rendering(message.text.title, body, size, MESSAGE_BYTES, "bytes", message.silent))


def rendering(settings: FcmSettings, message: Message) -> Rendering:
    """Return what phones show of a message."""
    return rendered(settings, message, left_s(message, TTL_MAX_S)).rendering


def render(message: Message, body: str, channel_id: str, ttl_s: int) -> dict[str, Any]:
    """Return the message without its token: high priority, on the lock screen, replacing the one before."""
    notification = {"title": message.text.title, "body": body}
    if message.photo_url is not None:
        notification["image"] = message.photo_url
    android: dict[str, Any] = {
        "channel_id": channel_id,
        "tag": message.collapse_id,
        "visibility": "PUBLIC",
        "notification_priority": "PRIORITY_LOW" if message.silent else "PRIORITY_MAX",
        **({} if message.silent else {"sound": "default"}),
    }
    links = {"deep_link": message.deep_link, "web_link": message.web_link}
    return {
        "notification": notification,
        "data": {"alert": str(message.alert_id), "notice": message.notice}
        | {name: link for name, link in links.items() if link is not None},
        "android": {
            "priority": "HIGH",
            "ttl": f"{ttl_s}s",
            "collapse_key": message.collapse_id,
            "notification": android,
        },
    }


PROVIDER = Provider(
    "fcm", Addressing.DEVICES, FcmSettings, FcmGateway, rendering, keeps_quotas=True, read_token=tokens_like(TOKEN)
)
