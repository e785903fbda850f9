"""SIMULATED vivo Push: stores messages, answers lists of ids as vivo would, and counts ids.

As strict as vivo's document: the MD5 signature, tokens of its own, fields, widths of title and content, 2 to 1,000 ids
a list, `STORED_MAX` messages stored. Bounded: those, and what `server.simulators.batch.site` bounds.
"""

from __future__ import annotations

import hashlib
import time
import unicodedata
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

import msgspec
from msgspec import Meta

from server.simulators.batch.site import BatchProvider, SimulatedBatchSettings, json_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from aiohttp import web

TITLE_WIDTH, CONTENT_WIDTH = 40, 100
STORED_MAX: Final = 1000
CLOCK_MS: Final = 600_000
NO_SUCH_ID: Final = 1

Id = Annotated[str, Meta(min_length=1, max_length=128)]
RequestId = Annotated[str, Meta(min_length=1, max_length=64)]
CustomMap = Annotated[dict[str, str], Meta(max_length=10)]


class SimulatedVivoSettings(SimulatedBatchSettings, frozen=True, kw_only=True):
    """The settings of a simulated vivo Push."""

    app_id: str = "simulated"
    app_key: str = "simulated"
    app_secret: str = "simulated"  # noqa: S105 - of a simulated provider


class _Auth(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    app_id: str
    app_key: str
    timestamp: int
    sign: str


class _Message(msgspec.Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    app_id: str
    request_id: RequestId
    title: Annotated[str, Meta(min_length=1)]
    content: Annotated[str, Meta(min_length=1)]
    notify_type: Annotated[int, Meta(ge=1, le=4)]
    skip_type: Annotated[int, Meta(ge=1, le=4)]
    skip_content: Annotated[str, Meta(max_length=1024)] = ""
    time_to_live: Annotated[int, Meta(ge=60, le=604_800)] = 86_400
    network_type: int = -1
    classification: Annotated[int, Meta(ge=0, le=1)] = 0
    category: str = ""
    client_custom_map: CustomMap = {}

    def wrong(self) -> str | None:
        """Return what is wrong with the message."""
        if _width(self.title) > TITLE_WIDTH or _width(self.content) > CONTENT_WIDTH:
            return "too long"
        return "skipContent" if self.skip_type > 1 and not self.skip_content else None

    def collapse_id(self) -> str:
        """Return the alert's id, which only the app reads: vivo itself has no collapse id."""
        return self.client_custom_map.get("alert", "")


class _One(_Message, forbid_unknown_fields=True, rename="camel", kw_only=True):
    reg_id: Id
    push_mode: int = 0


class _List(msgspec.Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    app_id: str
    request_id: RequestId
    task_id: str
    reg_ids: Annotated[list[Id], Meta(min_length=2, max_length=1000)]
    push_mode: int = 0

    def wrong(self) -> str | None:
        """Return None: the types of its fields check everything."""


P = TypeVar("P", _Message, _One, _List)


class SimulatedVivo(BatchProvider):
    """A simulated vivo Push."""

    name = "vivo"

    def __init__(self, settings: SimulatedVivoSettings) -> None:
        super().__init__(settings)
        self._settings = settings
        self._stored: dict[str, _Message] = {}

    def paths(self) -> Mapping[str, Callable[[web.BaseRequest, bytes], web.Response]]:
        """Return the handlers by path."""
        return {
            "/message/auth": self._authenticate,
            "/message/saveListPayload": self._store,
            "/message/pushToList": self._send_list,
            "/message/send": self._send_one,
        }

    def busy(self) -> web.Response:
        """Return the answer for a busy service."""
        return self._refuse(10040, "busy")

    def _authenticate(self, _: web.BaseRequest, body: bytes) -> web.Response:
        settings = self._settings
        try:
            auth = msgspec.json.decode(body, type=_Auth)
        except msgspec.DecodeError:
            return self._refuse(10200, "fields")
        if (auth.app_id, auth.app_key) != (settings.app_id, settings.app_key):
            return self._refuse(10200, "no such app")
        if abs(auth.timestamp - time.time() * 1000) > CLOCK_MS:
            return self._refuse(10207, "timestamp")
        signed = f"{auth.app_id}{auth.app_key}{auth.timestamp}{settings.app_secret}".encode()
        if auth.sign != hashlib.md5(signed, usedforsecurity=False).hexdigest():
            return self._refuse(10206, "sign")
        return json_answer({"result": 0, "desc": "simulated", "authToken": self.access.issue()})

    def _store(self, request: web.BaseRequest, body: bytes) -> web.Response:
        message = self._read(request, body, _Message)
        if not isinstance(message, _Message):
            return message
        if len(self._stored) >= STORED_MAX:
            return self._refuse(10252, "too many messages")
        task = f"simulated-{len(self._stored)}"
        self._stored[task] = message
        return json_answer({"result": 0, "desc": "simulated", "taskId": task})

    def _send_list(self, request: web.BaseRequest, body: bytes) -> web.Response:
        push = self._read(request, body, _List)
        if not isinstance(push, _List):
            return push
        message = self._stored.get(push.task_id)
        if message is None:
            return self._refuse(10043, "no such task")
        return self._accept(push.reg_ids, message, "invalidUsers")

    def _send_one(self, request: web.BaseRequest, body: bytes) -> web.Response:
        push = self._read(request, body, _One)
        return self._accept([push.reg_id], push, "invalidUser") if isinstance(push, _One) else push

    def _read(self, request: web.BaseRequest, body: bytes, kind: type[P]) -> P | web.Response:
        if not self.access.accepts(request.headers.get("authToken", "")):
            return self._refuse(10000, "authentication failed")
        try:
            push = msgspec.json.decode(body, type=kind)
        except msgspec.DecodeError as error:
            return self._refuse(10100, str(error))
        if push.app_id != self._settings.app_id:
            return self._refuse(10094, "appId")
        wrong = push.wrong()
        return push if wrong is None else self._refuse(10104, wrong)

    def _accept(self, ids: Sequence[str], message: _Message, name: str) -> web.Response:
        if self.faults.limited_s(len(ids)):
            return self.busy()
        bad = [{"status": NO_SUCH_ID, "userid": one} for one in self.reach(ids, message.collapse_id())]
        if name == "invalidUser":
            return json_answer({"result": 0, "desc": "simulated", **({name: bad[0]} if bad else {})})
        return json_answer({"result": 0, "desc": "simulated", **({name: bad} if bad else {})})

    def _refuse(self, code: int, reason: str) -> web.Response:
        self.reached.refused[str(code)] += 1
        return json_answer({"result": code, "desc": f"{reason} (simulated)"})


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WFA" else 1 for character in text)
