"""Tencent TPNS: a message and up to 1,000 accounts flow in, one `POST /v3/push/app` flows out, its answer comes back.

Source: Tencent's documents "Push API" and "Server-side error codes" (product 1024). TPNS documents no collapse id of
one's own for account lists, so repeats are collapsed by `n_id`, the notification's number on the phone.
Bounded: 1,000 accounts a request, and what `push.batch_http` bounds.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from push.batch_http import BatchHttp, HttpAnswer, judged_by_status
from push.clearance import withheld
from push.model import Answer, Fate, Verdict
from push.provider import Addressing, LaneSettings, Provider

if TYPE_CHECKING:
    from collections.abc import Sequence

    from push.clearance import Clearance
    from push.said import Message

RECIPIENTS_MAX = 1000
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


class TpnsAnswer(msgspec.Struct):
    """What TPNS answers; `result` is a JSON list of codes in request order, absent when there is nothing to add."""

    ret_code: int
    err_msg: str = ""
    result: str = ""


class TpnsSettings(LaneSettings, frozen=True, kw_only=True):
    """Who we are at the provider."""

    access_id: str
    secret_key: str


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
        self._head: tuple[Message, bytes] | None = None

    async def send(self, message: Message, recipients: Sequence[bytes], clearance: Clearance) -> Answer:
        """Send one request; whatever the provider or the network does comes back as a value."""
        unsent = withheld(clearance, self._url, len(recipients))
        if unsent is not None:
            return unsent
        body = self._head_of(message) + b'","'.join(recipients) + b'"]}'
        answer = await self._http.send(self._url, body, clearance)
        if isinstance(answer, Answer):
            return answer
        return judged_by_status(answer) or self._answer(answer, len(recipients))

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    def _head_of(self, message: Message) -> bytes:
        """Return the body up to the first account, rendered once a message and not once a batch."""
        if self._head is None or (self._head[0] is not message and self._head[0] != message):
            self._head = (message, msgspec.json.encode(render(message))[:-1] + b',"account_list":["')
        return self._head[1]

    def _answer(self, http: HttpAnswer, recipients: int) -> Answer:
        try:
            answer = self._answers.decode(http.content)
            codes = self._codes.decode(answer.result) if answer.result else []
        except msgspec.DecodeError:
            return Answer(Verdict.FAILING, "an answer that is no TPNS answer")
        verdict, reason = REQUEST_CODES.get(answer.ret_code, (Verdict.FAILING, f"unknown code {answer.ret_code}"))
        if verdict is not Verdict.ANSWERED or not any(codes):
            return Answer(verdict, reason, retry_after_s=http.retry_after_s)
        if len(codes) != recipients:
            return Answer(Verdict.FAILING, "as many results as no request had accounts")
        return Answer(verdict, reason, fates=[ACCOUNT_CODES.get(code, Fate.REFUSED) for code in codes])


def render(message: Message) -> dict[str, Any]:
    """Return the request without its accounts: a notification on the lock screen with sound, kept until the expiry."""
    left_s = (message.expires - datetime.now(UTC)).total_seconds()
    body = message.text.joined()
    return {
        "audience_type": "account_list",
        "message_type": "notify",
        "environment": "product",
        "expire_time": max(0, min(EXPIRE_MAX_S, int(left_s))),
        # Every phone of the account: the one at hand is not known.
        "account_push_type": 1,
        "message": {
            "title": message.text.title,
            "content": body,
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
                    "alert": {"title": message.text.title, "body": body},
                    "sound": "default",
                    "interruption-level": "time-sensitive",
                },
            },
        },
    }


PROVIDER = Provider("tpns", Addressing.ACCOUNTS, TpnsSettings, TpnsGateway)
