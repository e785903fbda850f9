"""SIMULATED OPPO Push: stores messages, answers broadcasts as OPPO would, and counts ids.

As strict as OPPO's document: the SHA-256 signature, tokens of its own, forms with known fields, lengths, 1,000 ids.
Bounded: `STORED_MAX` messages stored, and what `server.simulators.batch.site` bounds.
"""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import msgspec
from msgspec import Meta

from server.simulators.batch.forms import read_form
from server.simulators.batch.site import BatchProvider, SimulatedBatchSettings, json_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from aiohttp import web

IDS_MAX: Final = 1000
STORED_MAX: Final = 10_000
CLOCK_MS: Final = 600_000
PATH: Final = "/server/v1/message/notification"
BAD_ID: Final = 10000


class SimulatedOppoSettings(SimulatedBatchSettings, frozen=True, kw_only=True):
    """The settings of a simulated OPPO Push."""

    app_key: str = "simulated"
    master_secret: str = "simulated"  # noqa: S105 - of a simulated provider


class _Auth(msgspec.Struct, forbid_unknown_fields=True):
    app_key: str
    timestamp: int
    sign: str


class _Notification(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    title: Annotated[str, Meta(min_length=1, max_length=50)]
    content: Annotated[str, Meta(min_length=1, max_length=200)]
    style: Annotated[int, Meta(ge=1, le=3)] = 1
    click_action_type: Annotated[int, Meta(ge=0, le=5)] = 0
    click_action_url: Annotated[str, Meta(max_length=500)] = ""
    off_line: bool = True
    off_line_ttl: Annotated[int, Meta(ge=3600, le=864_000)] = 3600
    channel_id: str = ""
    category: str = ""
    notify_level: Annotated[int, Meta(ge=1, le=16)] = 1
    notify_id: Annotated[int, Meta(ge=0, le=2_147_483_647)] = 0
    private_msg_template_id: str = ""
    private_title_parameters: Any = None
    private_content_parameters: Any = None


class _Stored(_Notification, forbid_unknown_fields=True, kw_only=True):
    auth_token: str


class _Broadcast(msgspec.Struct, forbid_unknown_fields=True):
    auth_token: str
    message_id: str
    target_type: int
    target_value: Annotated[str, Meta(min_length=1)]


class _Unicast(msgspec.Struct, forbid_unknown_fields=True):
    auth_token: str
    message: str


class _Target(msgspec.Struct, forbid_unknown_fields=True):
    target_type: int
    target_value: Annotated[str, Meta(min_length=1)]
    notification: _Notification


F = TypeVar("F", _Stored, _Broadcast, _Unicast)


class SimulatedOppo(BatchProvider):
    """A simulated OPPO Push."""

    name = "OPPO"

    def __init__(self, settings: SimulatedOppoSettings) -> None:
        super().__init__(settings)
        self._settings = settings
        self._stored: dict[str, _Notification] = {}

    def paths(self) -> Mapping[str, Callable[[web.BaseRequest, bytes], web.Response]]:
        """Return the handlers by path."""
        return {
            "/server/v1/auth": self._authenticate,
            f"{PATH}/save_message_content": self._store,
            f"{PATH}/broadcast": self._broadcast,
            f"{PATH}/unicast": self._unicast,
        }

    def busy(self) -> web.Response:
        """Return the answer for a service that is not available."""
        return self._refuse(-1, "Service Currently Unavailable")

    def _authenticate(self, request: web.BaseRequest, body: bytes) -> web.Response:
        try:
            auth = read_form(request, body, _Auth)
        except msgspec.ValidationError as error:
            return self._refuse(40, str(error))
        if auth.app_key != self._settings.app_key:
            return self._refuse(14, "Invalid App Key")
        if abs(auth.timestamp - time.time() * 1000) > CLOCK_MS:
            return self._refuse(19, "Invalid Timestamp")
        signed = f"{auth.app_key}{auth.timestamp}{self._settings.master_secret}".encode()
        if auth.sign != hashlib.sha256(signed).hexdigest():
            return self._refuse(16, "Invalid Signature")
        return _answer({"auth_token": self.access.issue(), "create_time": int(time.time() * 1000)})

    def _store(self, request: web.BaseRequest, body: bytes) -> web.Response:
        form = self._read(request, body, _Stored)
        if not isinstance(form, _Stored):
            return form
        if len(self._stored) >= STORED_MAX:
            return self._refuse(33, "the daily limit")
        message_id = f"simulated-{len(self._stored)}"
        self._stored[message_id] = form
        return _answer({"message_id": message_id})

    def _broadcast(self, request: web.BaseRequest, body: bytes) -> web.Response:
        form = self._read(request, body, _Broadcast)
        if not isinstance(form, _Broadcast):
            return form
        message = self._stored.get(form.message_id)
        if message is None:
            return self._refuse(31, "Data Not Exist")
        ids = form.target_value.split(";")
        if form.target_type != 2 or len(ids) > IDS_MAX or not all(ids):  # noqa: PLR2004 - OPPO's number
            return self._refuse(41, "target")
        if self.faults.limited_s(len(ids)):
            return self._refuse(13, "App Call Limited")
        bad = self._accept(ids, message)
        named = {str(BAD_ID): bad} if bad else {}
        return _answer({"message_id": form.message_id, "task_id": "simulated", "status": "call_success", **named})

    def _unicast(self, request: web.BaseRequest, body: bytes) -> web.Response:
        form = self._read(request, body, _Unicast)
        if not isinstance(form, _Unicast):
            return form
        try:
            target = msgspec.json.decode(form.message, type=_Target)
        except msgspec.DecodeError as error:
            return self._refuse(41, str(error))
        if self.faults.limited_s(1):
            return self._refuse(13, "App Call Limited")
        if self._accept([target.target_value], target.notification):
            return self._refuse(BAD_ID, "Invalid Registration_id")
        return _answer({"messageId": "simulated"})

    def _read(self, request: web.BaseRequest, body: bytes, kind: type[F]) -> F | web.Response:
        try:
            form = read_form(request, body, kind)
        except msgspec.ValidationError as error:
            return self._refuse(41, str(error))
        return form if self.access.accepts(form.auth_token) else self._refuse(11, "Invalid AuthToken")

    def _accept(self, ids: Sequence[str], message: _Notification) -> list[str]:
        return self.reach(ids, str(message.notify_id))

    def _refuse(self, code: int, message: str) -> web.Response:
        self.reached.refused[str(code)] += 1
        return json_answer({"code": code, "message": f"{message} (simulated)"})


def _answer(data: object) -> web.Response:
    return json_answer({"code": 0, "message": "simulated", "data": data})
