"""Says whether the process lives, and its stores answer and take what is asked of them.

Bounded: `STORE_TIMEOUT_S` for both stores, each of which one question waits for at a time.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal, TypeAlias

import sql.progress
from geo.connection import UNAVAILABLE_ERRORS as INDEX_UNAVAILABLE_ERRORS
from geo.connection import is_refusal
from handlers.alert_answers import Answer
from handlers.http.responses import json_response
from push.alarm_kinds import AlarmKind
from runtime.tasks import cancel_and_wait
from sql.database import UNAVAILABLE_ERRORS as RECORD_UNAVAILABLE_ERRORS

if TYPE_CHECKING:
    from aiohttp import web

    from geo.index.position_index import PositionIndex
    from handlers.http.route import Call
    from push.alarms import AlarmBoard
    from sql.database import RecordPool

STORE_TIMEOUT_S = 2.0
Status: TypeAlias = Literal[
    "ready", "stopping", "a store is away", "a store refuses", "a webhook secret cannot be opened"
]
Store: TypeAlias = Literal["ok", "away", "refuses", "takes no writes"]
"""`refuses`: it answers, and has refused for `runtime.refusals.OLD_S` what is asked again and again."""


class Alive(Answer, frozen=True, kw_only=True):
    """The process lives."""

    status: Literal["alive"]


class Ready(Answer, frozen=True, kw_only=True):
    """Whether both stores answer and take writes, and which does not; and whether webhooks can be verified."""

    status: Status
    stores: dict[Literal["postgresql", "redis"], Store]


class Health:
    """`GET /health` and `GET /ready`."""

    def __init__(self, pool: RecordPool, index: PositionIndex, alarms: AlarmBoard) -> None:
        self._alarms = alarms
        self._pool = pool
        self._index = index
        self.stopping = False
        # A driver may outlast its cancellation by far when a store is frozen; no caller waits for it or asks again.
        self._asking: dict[str, asyncio.Task[Store]] = {}

    async def get_health(self, _: Call[None]) -> Alive:
        """Say that the process lives."""
        return Alive(status="alive")

    async def get_ready(self, _: Call[None]) -> web.Response:
        """Say whether both stores answer and take writes, and which does not."""
        for name, ask in (("postgresql", self._ask_record), ("redis", self._ask_index)):
            if name not in self._asking or self._asking[name].done():
                self._asking[name] = asyncio.create_task(ask(), name=f"ready {name}")
        record, index = self._asking["postgresql"], self._asking["redis"]
        await asyncio.wait((record, index), timeout=STORE_TIMEOUT_S)
        stores = [one.result() if one.done() else "away" for one in (record, index)]
        status = self._status(stores)
        content = Ready(status=status, stores={"postgresql": stores[0], "redis": stores[1]})
        return json_response(content, 200 if status == "ready" else 503)

    def _status(self, stores: list[Store]) -> Status:
        if self.stopping:
            return "stopping"
        if "away" in stores:
            return "a store is away"
        if set(stores) != {"ok"}:
            return "a store refuses"
        unreadable = any(alarm.kind is AlarmKind.UNREADABLE_SECRETS for alarm in self._alarms.standing)
        return "a webhook secret cannot be opened" if unreadable else "ready"

    async def close(self) -> None:
        """End what still waits for an answer."""
        await cancel_and_wait(self._asking.values())

    async def _ask_record(self) -> Store:
        try:
            async with asyncio.timeout(STORE_TIMEOUT_S):
                takes_writes = await sql.progress.ping(self._pool, STORE_TIMEOUT_S)
        except RECORD_UNAVAILABLE_ERRORS:
            return "away"
        if not self._pool.waiting.is_answered(STORE_TIMEOUT_S):
            return "away"
        if not takes_writes:
            return "takes no writes"
        return "ok" if self._pool.refusals.oldest() is None else "refuses"

    async def _ask_index(self) -> Store:
        try:
            await self._index.ping(STORE_TIMEOUT_S)
            if not self._index.waiting.is_answered(STORE_TIMEOUT_S):
                return "away"
            await self._index.check_writes(STORE_TIMEOUT_S)
        except (*INDEX_UNAVAILABLE_ERRORS, TimeoutError) as error:
            return "takes no writes" if is_refusal(error) else "away"
        is_refused = self._index.refusals.oldest() is not None or self._index.denied.right is not None
        return "refuses" if is_refused else "ok"
