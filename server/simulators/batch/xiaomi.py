"""SIMULATED Xiaomi Push v3: answers `/v3/message/regid` as Xiaomi would, and counts ids.

As strict as Xiaomi's documents: the secret, a form with known fields, lengths of title and description, 1,000 ids.
Bounded: what `server.simulators.batch.site` bounds.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
from msgspec import Meta

from server.simulators.batch.forms import read_form
from server.simulators.batch.site import BatchProvider, SimulatedBatchSettings, json_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aiohttp import web

IDS_MAX: Final = 1000
PATH: Final = "/v3/message/regid"


class SimulatedXiaomiSettings(SimulatedBatchSettings, frozen=True, kw_only=True):
    """The settings of a simulated Xiaomi Push."""

    app_secret: str = "simulated"  # noqa: S105 - of a simulated provider
    package_name: str = "example.alert"
    channel_id: str = "1"


class _Form(msgspec.Struct, forbid_unknown_fields=True):
    """A request. Xiaomi ignores unknown fields; here they are an error, because we would have sent them by mistake."""

    registration_id: Annotated[str, Meta(min_length=1)]
    restricted_package_name: str
    title: Annotated[str, Meta(min_length=1, max_length=49)]
    description: Annotated[str, Meta(min_length=1, max_length=127)]
    payload: str
    channel_id: str = msgspec.field(name="extra.channel_id")
    pass_through: Annotated[int, Meta(ge=0, le=1)] = 0
    notify_type: Annotated[int, Meta(ge=-1, le=7)] = -1
    notify_id: Annotated[int, Meta(ge=0, le=2_147_483_647)] = 0
    time_to_live: Annotated[int, Meta(ge=0, le=864_000_000)] = 86_400_000
    notify_foreground: Annotated[int, Meta(ge=0, le=1)] = msgspec.field(name="extra.notify_foreground", default=1)
    notify_effect: Annotated[int, Meta(ge=1, le=3)] = msgspec.field(name="extra.notify_effect", default=1)
    intent_uri: str = msgspec.field(name="extra.intent_uri", default="")
    template_id: str = msgspec.field(name="extra.template_id", default="")
    template_param: str = msgspec.field(name="extra.template_param", default="")


class SimulatedXiaomi(BatchProvider):
    """A simulated Xiaomi Push."""

    name = "Xiaomi"

    def __init__(self, settings: SimulatedXiaomiSettings) -> None:
        super().__init__(settings)
        self._settings = settings

    def paths(self) -> Mapping[str, Callable[[web.BaseRequest, bytes], web.Response]]:
        """Return the handlers by path."""
        return {PATH: self._send}

    def busy(self) -> web.Response:
        """Return the answer for a busy system."""
        return self._refuse(10002, "system busy")

    def _send(self, request: web.BaseRequest, body: bytes) -> web.Response:
        if request.headers.get("Authorization") != f"key={self._settings.app_secret}":
            return self._refuse(21301, "authentication failed")
        try:
            form = read_form(request, body, _Form)
        except msgspec.ValidationError as error:
            return self._refuse(10017, str(error))
        if form.restricted_package_name != self._settings.package_name:
            return self._refuse(22022, "package name")
        if form.channel_id != self._settings.channel_id:
            return self._refuse(27001, "channel")
        if form.notify_effect != 1 and not form.intent_uri.startswith("intent:"):
            return self._refuse(10017, "intent_uri")
        ids = form.registration_id.split(",")
        if len(ids) > IDS_MAX or not all(ids):
            return self._refuse(10017, "registration_id")
        if self.faults.limited_s(len(ids)):
            return self._refuse(10027, "too many calls")
        return self._accept(ids, str(form.notify_id))

    def _accept(self, ids: list[str], collapse_id: str) -> web.Response:
        bad = self.reach(ids, collapse_id)
        if len(bad) == len(ids):
            return self._refuse(20301, "no valid targets")
        data = {"id": f"simulated-{secrets.token_hex(8)}", **({"bad_regids": ",".join(bad)} if bad else {})}
        return json_answer({"result": "ok", "code": 0, "description": "simulated", "data": data})

    def _refuse(self, code: int, reason: str) -> web.Response:
        self.reached.refused[str(code)] += 1
        return json_answer({"result": "error", "code": code, "reason": f"{reason} (simulated)"})
