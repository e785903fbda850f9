"""SIMULATED TPNS: answers `POST /v3/push/app` as the provider would, and counts accounts.

Under `/simulated/` it has switches and counts, which a real provider has not. With a journal it writes down each
request (`server.simulators.journal`). Bounded: `BODY_BYTES` a request.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import math
from typing import TYPE_CHECKING

import msgspec
from aiohttp import web

from server.simulators.batch.tpns_checks import (
    BAD_CREDENTIALS,
    BAD_PARAMETER,
    BUSY,
    LIMITED,
    UNKNOWN_ACCOUNT,
    PushRequest,
    fault_of,
)
from server.simulators.counts import Counts
from server.simulators.faults import HANG_S, Fault, Faults, SimulatedSettings
from server.simulators.journal import Journal
from server.simulators.listener import serve_http

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BODY_BYTES = 1024 * 1024


class SimulatedTpnsSettings(SimulatedSettings, frozen=True, kw_only=True):
    """The settings of a simulated TPNS; `throttle_by_http` answers 429 instead of an error code.

    `journal`: a file for every request, with all its accounts.
    """

    access_id: str = "simulated"
    secret_key: str = "simulated"  # noqa: S105 - of a simulated provider
    throttle_by_http: bool = False
    journal: Path | None = None


class Switch(msgspec.Struct):
    """The body of `POST /simulated/outage`: every request fails by that fault while it is on.

    By `Fault.HALF_ANSWERED` a request is accepted, and its connection closed without an answer.
    """

    on: bool
    by: str = Fault.DROPPED.value


class Credentials(msgspec.Struct):
    """The body of `POST /simulated/credentials`."""

    access_id: str
    secret_key: str


class SimulatedTpns:
    """A simulated TPNS."""

    def __init__(self, settings: SimulatedTpnsSettings) -> None:
        self.counts = Counts()
        self.faults = Faults(settings)
        self._settings = settings
        self._authorization = _basic(settings.access_id, settings.secret_key)
        self._decoder = msgspec.json.Decoder(PushRequest)
        self._push_ids = itertools.count(1)
        self._journal = None if settings.journal is None else Journal(settings.journal)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        if request.path == "/v3/push/app" and request.method == "POST":
            return await self._push(request)
        return await self._control(request)

    async def _push(self, request: web.BaseRequest) -> web.StreamResponse:
        at = self.counts.request()
        body = await request.read()
        entry = self._note(body, at)
        await self.faults.latency()
        fault = self.faults.next_fault()
        if fault is Fault.HUNG:
            await asyncio.sleep(HANG_S)
        if fault is not None and fault is not Fault.HALF_ANSWERED:
            return self._go_wrong(request, fault)
        if request.headers.get("Authorization") != self._authorization:
            return self._refuse(BAD_CREDENTIALS, "authentication failed")
        try:
            push = self._decoder.decode(body)
        except msgspec.DecodeError as error:
            return self._refuse(BAD_PARAMETER, str(error))
        wrong = fault_of(push)
        if wrong is not None:
            return self._refuse(BAD_PARAMETER, wrong, push.seq)
        wait_s = self.faults.limited_s(len(push.account_list))
        if wait_s:
            if self._settings.throttle_by_http:
                self.counts.refuse("http 429")
                return web.Response(status=429, headers={"Retry-After": str(math.ceil(wait_s))})
            return self._refuse(LIMITED, "too many messages", push.seq)
        answer = self._accept(push, at)
        if self._journal is not None:
            self._journal.accepted(entry, answered=fault is None)
        return answer if fault is None else self._go_wrong(request, fault)

    def _note(self, body: bytes, at: float) -> int:
        """Write a request into the journal, if there is one and the request can be read; returns its number there."""
        if self._journal is None:
            return 0
        try:
            push = self._decoder.decode(body)
            number = msgspec.json.decode(push.message.android["n_id"], type=int)
        except (msgspec.DecodeError, KeyError):
            return 0
        return self._journal.arrived(at, number, push.message.title, push.account_list)

    def _accept(self, push: PushRequest, at: float) -> web.Response:
        invalid = [self.faults.is_invalid(account) for account in push.account_list] if self._has_invalid else []
        result = ""
        if any(invalid):
            reached = [account for account, bad in zip(push.account_list, invalid, strict=True) if not bad]
            self.counts.invalid += len(invalid) - len(reached)
            result = msgspec.json.encode([UNKNOWN_ACCOUNT if bad else 0 for bad in invalid]).decode()
        else:
            reached = push.account_list
        self.counts.accept(reached, push.message.title, push.message.content, at)
        return _answer(0, push.seq, push_id=str(next(self._push_ids)), environment=push.environment, result=result)

    @property
    def _has_invalid(self) -> bool:
        return self._settings.invalid_rate > 0

    def _refuse(self, code: int, message: str, seq: int = 0) -> web.Response:
        self.counts.refuse(str(code))
        return _answer(code, seq, err_msg=f"{message} (simulated)")

    def _go_wrong(self, request: web.BaseRequest, fault: Fault) -> web.Response:
        if fault is Fault.BUSY:
            return self._refuse(BUSY, "busy")
        self.counts.refuse(fault.value)
        if fault is Fault.UNREADABLE:
            return web.Response(body=b"\x00<html>simulated garbage", content_type="text/html")
        if fault in {Fault.DROPPED, Fault.HALF_ANSWERED} and request.transport is not None:
            request.transport.abort()
        return web.Response(status=503, text="simulated outage")

    async def _control(self, request: web.BaseRequest) -> web.StreamResponse:
        where = (request.method, request.path)
        if where == ("GET", "/simulated/counts"):
            return web.Response(body=msgspec.json.encode(self.counts.summary()), content_type="application/json")
        if where == ("GET", "/simulated/accounts"):
            return web.Response(body=self.counts.accounts().astype("<i8").tobytes())
        if where == ("GET", "/simulated/repeats"):
            return web.Response(body=self.counts.repeated().astype("<i8").tobytes())
        try:
            if where == ("POST", "/simulated/outage"):
                switch = msgspec.json.decode(await request.read(), type=Switch)
                self.faults.outage_by = Fault(switch.by)
                self.faults.outage = switch.on
            elif where == ("POST", "/simulated/credentials"):
                new = msgspec.json.decode(await request.read(), type=Credentials)
                self._authorization = _basic(new.access_id, new.secret_key)
            elif where == ("POST", "/simulated/reset"):
                self.counts.reset()
            else:
                return web.Response(status=404, text="simulated: no such path")
        except (msgspec.DecodeError, ValueError) as error:
            return web.Response(status=422, text=f"simulated: {error}")
        return web.Response(status=204)


async def serve(
    settings: SimulatedTpnsSettings, stopping: asyncio.Event, ready: Callable[[str], None] = lambda _: None
) -> None:
    """Serve until `stopping` is set; `ready` gets the base URL."""
    await serve_http(SimulatedTpns(settings).handle, settings, stopping, ready)


def _basic(access_id: str, secret_key: str) -> str:
    return "Basic " + base64.b64encode(f"{access_id}:{secret_key}".encode()).decode()


def _answer(code: int, seq: int, **more: str) -> web.Response:
    content = {"seq": seq, "push_id": "", "ret_code": code, "environment": "product", "err_msg": "", **more}
    if not content.get("result"):
        content.pop("result", None)
    return web.Response(body=msgspec.json.encode(content), content_type="application/json")
