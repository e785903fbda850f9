"""SIMULATED Huawei Push Kit v3: answers `messages:send` as Huawei would, and counts tokens.

As strict as Huawei's documents: the service account's signature (PS256), the fields, 1,000 tokens, 4,096 bytes without
them. Bounded: what `server.simulators.batch.site` bounds.
"""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import jwt
import msgspec
from msgspec import Meta

from server.simulators.batch.site import BatchProvider, SimulatedBatchSettings, json_answer
from server.simulators.key_files import service_account_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aiohttp import web

MESSAGE_BYTES: Final = 4096
TOKENS_MAX: Final = 1000
AUDIENCE: Final = "https://oauth-login.cloud.huawei.com/oauth2/v3/token"
LIFE_MAX_S: Final = 3600

Strings = Annotated[list[Annotated[str, Meta(min_length=1, max_length=512)]], Meta(min_length=1)]


class SimulatedHuaweiSettings(SimulatedBatchSettings, frozen=True, kw_only=True):
    """The settings of a simulated Huawei Push Kit; the key file is made when it is missing."""

    service_account_file: Path
    project_id: str = "simulated"


class _Notification(msgspec.Struct, forbid_unknown_fields=True):
    category: str
    title: Annotated[str, Meta(min_length=1)]
    body: Annotated[str, Meta(min_length=1)]
    clickAction: dict[str, Any]  # noqa: N815 - Huawei's name
    notifyId: Annotated[int, Meta(ge=0, le=2_147_483_647)] = 0  # noqa: N815 - as above
    image: Annotated[str, Meta(pattern="^https://")] | None = None


class _Payload(msgspec.Struct, forbid_unknown_fields=True):
    notification: _Notification


class _Target(msgspec.Struct, forbid_unknown_fields=True):
    token: Strings


class _Options(msgspec.Struct, forbid_unknown_fields=True):
    ttl: Annotated[int, Meta(ge=0, le=1_296_000)] = 86_400
    testMessage: bool = False  # noqa: N815 - as above


class _Send(msgspec.Struct, forbid_unknown_fields=True):
    payload: _Payload
    target: _Target
    pushOptions: _Options = msgspec.field(default_factory=_Options)  # noqa: N815 - as above


def account_file(path: Path, project_id: str) -> str:
    """Return the public key (PEM) of a service account's key file; makes the file when it is missing."""
    account = {"project_id": project_id, "key_id": "simulated-key", "sub_account": "simulated-account"}
    return service_account_key(path, account)


class SimulatedHuawei(BatchProvider):
    """A simulated Huawei Push Kit."""

    name = "Huawei"

    def __init__(self, settings: SimulatedHuaweiSettings) -> None:
        super().__init__(settings)
        self._key = account_file(settings.service_account_file, settings.project_id)
        self._path = f"/v3/{settings.project_id}/messages:send"
        self._decoder = msgspec.json.Decoder(_Send)
        self._trusted: dict[str, float] = {}

    def paths(self) -> Mapping[str, Callable[[web.BaseRequest, bytes], web.Response]]:
        """Return the handlers by path."""
        return {self._path: self._send}

    def busy(self) -> web.Response:
        """Return the answer for an error of the provider."""
        return _answer(500, "81000001", "an internal error (simulated)")

    def _send(self, request: web.BaseRequest, body: bytes) -> web.Response:
        if not self._is_ours(request.headers.get("Authorization", "")):
            return self._refuse(401, "80200001", "OAuth authentication error")
        if request.headers.get("push-type") != "0":
            return self._refuse(400, "80100003", "push-type")
        try:
            push = self._decoder.decode(body)
        except msgspec.DecodeError as error:
            return self._refuse(400, "80100003", str(error))
        tokens = push.target.token
        if len(tokens) > TOKENS_MAX:
            return self._refuse(400, "80300010", "too many tokens")
        if len(body) - sum(len(token) + 3 for token in tokens) > MESSAGE_BYTES:
            return self._refuse(400, "80300008", "the message is too large")
        if self.faults.refuses(body):
            return self._refuse(400, "80100003", "the message is not valid")
        wait_s = self.faults.limited_s(len(tokens))
        if wait_s:
            self.reached.refused["http 503"] += 1
            return json_answer({}, 503, {"Retry-After": str(math.ceil(wait_s))})
        return self._accept(tokens, str(push.payload.notification.notifyId))

    def _accept(self, tokens: list[str], collapse_id: str) -> web.Response:
        illegal = self.reach(tokens, collapse_id)
        if not illegal:
            return _answer(200, "80000000", "Success")
        if len(illegal) == len(tokens):
            return _answer(200, "80300007", "All tokens are invalid")
        counts = {"success": len(tokens) - len(illegal), "failure": len(illegal), "illegal_tokens": illegal}
        return _answer(200, "80100000", msgspec.json.encode(counts).decode())

    def _is_ours(self, authorization: str) -> bool:
        if self._trusted.get(authorization, 0.0) > time.time():
            return True
        try:
            claims = jwt.decode(
                authorization.removeprefix("Bearer "),
                self._key,
                algorithms=["PS256"],
                audience=AUDIENCE,
                issuer="simulated-account",
                options={"require": ["exp", "iat", "iss", "aud"]},
            )
        except jwt.InvalidTokenError:
            return False
        if claims["exp"] - claims["iat"] > LIFE_MAX_S:
            return False
        self._trusted = {authorization: float(claims["exp"])}
        return True

    def _refuse(self, status: int, code: str, message: str) -> web.Response:
        self.reached.refused[code] += 1
        return _answer(status, code, f"{message} (simulated)")


def _answer(status: int, code: str, message: str) -> web.Response:
    content = {"code": code, "msg": message, "requestId": f"simulated-{time.time_ns()}"}
    return json_answer(content, status)
