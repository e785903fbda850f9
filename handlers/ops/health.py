"""Says whether the process lives and its stores answer.

Bounded: `STORE_TIMEOUT_S` for both stores, each of which one question waits for at a time.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal, TypeAlias

import sql.progress
from geo.connection import UNAVAILABLE_ERRORS as INDEX_UNAVAILABLE_ERRORS
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
Status: TypeAlias = Literal["ready", "stopping", "a store is away", "a webhook secret cannot be opened"]


class Alive(Answer, frozen=True, kw_only=True):
    """The process lives."""

    status: Literal["alive"]


class Ready(Answer, frozen=True, kw_only=True):
    """Whether both stores answer, and which does not, or refuses a right; and whether webhooks can be verified."""

    status: Status
    stores: dict[Literal["postgresql", "redis"], Literal["ok", "away"]]


class Health:
    """`GET /health` and `GET /ready`."""

    def __init__(self, pool: RecordPool, index: PositionIndex, alarms: AlarmBoard) -> None:
        self._alarms = alarms
        self._pool = pool
        self._index = index
        self.stopping = False
        # A driver may outlast its cancellation by far when a store is frozen; no caller waits for it or asks again.
        self._asking: dict[str, asyncio.Task[bool]] = {}

    async def get_health(self, _: Call[None]) -> Alive:
        """Say that the process lives."""
        return Alive(status="alive")

    async def get_ready(self, _: Call[None]) -> web.Response:
        """Say whether both stores answer, and which does not."""
        for name, ask in (("postgresql", self._record_answers), ("redis", self._index_answers)):
            if name not in self._asking or self._asking[name].done():
                self._asking[name] = asyncio.create_task(ask(), name=f"ready {name}")
        asked = {**self._asking}
        await asyncio.wait(asked.values(), timeout=STORE_TIMEOUT_S)
        stores = {name: task.done() and task.result() for name, task in asked.items()}
        status = self._status(all_answer=all(stores.values()))
        content = Ready(
            status=status,
            stores={
                "postgresql": "ok" if stores["postgresql"] else "away",
                "redis": "ok" if stores["redis"] else "away",
            },
        )
        return json_response(content, 200 if status == "ready" else 503)

    def _status(self, *, all_answer: bool) -> Status:
        if self.stopping:
            return "stopping"
        if not all_answer:
            return "a store is away"
        unreadable = any(alarm.kind is AlarmKind.UNREADABLE_SECRETS for alarm in self._alarms.standing)
        return "a webhook secret cannot be opened" if unreadable else "ready"

    async def close(self) -> None:
        """End what still waits for an answer."""
        await cancel_and_wait(self._asking.values())

    async def _record_answers(self) -> bool:
        try:
            async with asyncio.timeout(STORE_TIMEOUT_S):
                await sql.progress.ping(self._pool, STORE_TIMEOUT_S)
        except RECORD_UNAVAILABLE_ERRORS:
            return False
        return self._pool.waiting.is_answered(STORE_TIMEOUT_S)

    async def _index_answers(self) -> bool:
        try:
            await self._index.ping(STORE_TIMEOUT_S)
        except (*INDEX_UNAVAILABLE_ERRORS, TimeoutError):
            return False
        return self._index.waiting.is_answered(STORE_TIMEOUT_S) and self._index.denied.right is None
