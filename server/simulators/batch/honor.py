"""SIMULATED Honor Push: answers `/auth/token` and `sendMessage` as Honor would, and counts tokens.

As strict as Honor's documents: OAuth 2 client credentials, access tokens of its own, the time, fields, 1,000 tokens,
4,096 bytes without them. Bounded: what `server.simulators.batch.site` bounds.
"""

from __future__ import annotations

import math
import secrets
import time
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from server.simulators.batch.forms import read_form
from server.simulators.batch.site import BatchProvider, SimulatedBatchSettings, json_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aiohttp import web

TOKENS_MAX: Final = 1000
MESSAGE_BYTES: Final = 4096
CLOCK_MS: Final = 600_000
HTTPS: Final = "^https://"

Strings = Annotated[list[Annotated[str, Meta(min_length=1, max_length=512)]], Meta(min_length=1)]


class SimulatedHonorSettings(SimulatedBatchSettings, frozen=True, kw_only=True):
    """The settings of a simulated Honor Push."""

    app_id: str = "simulated"
    client_id: str = "simulated"
    client_secret: str = "simulated"  # noqa: S105 - of a simulated provider


class _Auth(msgspec.Struct, forbid_unknown_fields=True):
    grant_type: Literal["client_credentials"]
    client_id: str
    client_secret: str


class _Click(msgspec.Struct, forbid_unknown_fields=True):
    type: Annotated[int, Meta(ge=1, le=3)]
    intent: str = ""


class _Notification(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    title: Annotated[str, Meta(min_length=1)]
    body: Annotated[str, Meta(min_length=1)]
    click_action: _Click
    importance: Literal["LOW", "NORMAL"] = "LOW"
    notify_id: int = -1
    tag: str = ""
    image: Annotated[str, Meta(pattern=HTTPS)] | None = None


class _Android(msgspec.Struct, forbid_unknown_fields=True):
    notification: _Notification
    ttl: Annotated[str, Meta(pattern=r"^[0-9]{1,7}s\Z")] = "86400s"


class _Send(msgspec.Struct, forbid_unknown_fields=True):
    android: _Android
    token: Strings


class SimulatedHonor(BatchProvider):
    """A simulated Honor Push."""

    name = "Honor"

    def __init__(self, settings: SimulatedHonorSettings) -> None:
        super().__init__(settings)
        self._settings = settings
        self._decoder = msgspec.json.Decoder(_Send)

    def paths(self) -> Mapping[str, Callable[[web.BaseRequest, bytes], web.Response]]:
        """Return the handlers by path."""
        return {"/auth/token": self._authenticate, f"/api/v1/{self._settings.app_id}/sendMessage": self._send}

    def busy(self) -> web.Response:
        """Return the answer for an error of the provider."""
        return self._refuse(81000001, "an internal error", 500)

    def _authenticate(self, request: web.BaseRequest, body: bytes) -> web.Response:
        settings = self._settings
        try:
            auth = read_form(request, body, _Auth)
        except msgspec.ValidationError as error:
            return json_answer({"error": "invalid_request", "error_description": f"{error} (simulated)"}, 400)
        if (auth.client_id, auth.client_secret) != (settings.client_id, settings.client_secret):
            return json_answer({"error": "unauthorized_client", "error_description": "simulated"}, 401)
        # It promises an hour, and accepts the token for `access_token_s`: tests can let tokens end too soon.
        return json_answer({"access_token": self.access.issue(), "expires_in": 3600, "token_type": "Bearer"})

    def _send(self, request: web.BaseRequest, body: bytes) -> web.Response:
        if not self.access.accepts(request.headers.get("Authorization", "").removeprefix("Bearer ")):
            return self._refuse(80200003, "token expired", 401)
        at_ms = request.headers.get("timestamp", "")
        if not at_ms.isdecimal() or abs(int(at_ms) - time.time() * 1000) > CLOCK_MS:
            return self._refuse(80100003, "timestamp", 400)
        try:
            push = self._decoder.decode(body)
        except msgspec.DecodeError as error:
            return self._refuse(80100003, str(error), 400)
        if push.android.notification.click_action.type == 1 and not push.android.notification.click_action.intent:
            return self._refuse(80100003, "clickAction", 400)
        if len(push.token) > TOKENS_MAX:
            return self._refuse(80300010, "too many tokens", 400)
        if len(body) - sum(len(token) + 3 for token in push.token) > MESSAGE_BYTES:
            return self._refuse(80300008, "the message is too large", 400)
        if self.faults.refuses(body):
            return self._refuse(80100003, "the message is not valid", 400)
        wait_s = self.faults.limited_s(len(push.token))
        if wait_s:
            self.reached.refused["http 503"] += 1
            return json_answer({}, 503, {"Retry-After": str(math.ceil(wait_s))})
        return self._accept(push.token, push.android.notification.tag)

    def _accept(self, tokens: list[str], collapse_id: str) -> web.Response:
        bad = self.reach(tokens, collapse_id)
        data: dict[str, Any] = {"sendResult": len(bad) < len(tokens), "requestId": secrets.token_hex(8)}
        if bad:
            data["expireTokens"] = bad
        return json_answer({"code": 200, "message": "simulated", "data": data})

    def _refuse(self, code: int, message: str, status: int) -> web.Response:
        self.reached.refused[str(code)] += 1
        return json_answer({"code": code, "message": f"{message} (simulated)"}, status)
