"""Stops: halts held units that may not be sent any more.

Every process is notified when the stop of an alert is committed (NOTIFY). Because that can be lost with its
connection, the record is looked at all the same, and a unit that was not seen for `TRUSTED_S`, or since the connection
was lost, is not sent.
Bounded: a look every `POLL_INTERVAL_S` while anything is held, each within `POLL_TIMEOUT_S`; one connection.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final
from uuid import UUID

import structlog

import sql.access
import sql.entrants
import sql.progress
import sql.work
from push.alarm_kinds import AlarmKind
from push.alarms import EVERY_LANE, RECORD
from runtime.clock import DIFFERS_S, wall_s
from runtime.retry import full_jitter_s
from sql.apart import all_apart
from sql.database import UNAVAILABLE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime

    from push.alarms import AlarmBoard
    from push.fanout.claims.claims import Claims
    from runtime.clock import ComparedClock
    from sql.database import Connection, RecordPool

POLL_INTERVAL_S: Final = 0.25
POLL_TIMEOUT_S: Final = 2.0
AGAIN_CAP_S: Final = 1.0
"""Nothing is sent while it does not listen: the connection is asked for again soon."""

REFUSED_S: Final = 5.0
"""What PostgreSQL refuses is asked again once a second: after this it has ended."""

_log = structlog.get_logger("push.fanout.stops")


class StopListener:
    """Listens for stops, and looks for those whose notification was lost."""

    def __init__(
        self,
        connect: Callable[[], Awaitable[Connection]],
        pool: RecordPool,
        requests_pool: RecordPool,
        claims: Claims,
        alarms: AlarmBoard,
        clock: ComparedClock,
        *,
        halt: Callable[[UUID], None],
        wake: Callable[[], None],
        entered: Callable[[str], None],
        revoked: Callable[[], None],
    ) -> None:
        self._connect = connect
        self._pool, self._requests_pool = pool, requests_pool
        self._alarms = alarms
        self._clock = clock
        self._claims = claims
        self._halt = halt
        self._wake = wake
        self._entered = entered
        self._revoked = revoked

    async def run(self) -> None:
        """Listen and look until cancelled, on a connection that is opened again when it is lost."""
        attempt = 0
        while True:
            try:
                connection = await self._connect()
            except UNAVAILABLE_ERRORS:
                attempt += 1
                self._unavailable()
                await asyncio.sleep(full_jitter_s(attempt, cap_s=AGAIN_CAP_S))
                continue
            attempt = 0
            try:
                async with asyncio.timeout(POLL_TIMEOUT_S):
                    await connection.add_listener(sql.work.CHANNEL, self._on_notification)
                    await connection.add_listener(sql.entrants.CHANNEL, self._on_entrants)
                    await connection.add_listener(sql.access.CHANNEL, lambda *_: self._revoked())
                # What was revoked before this listened was heard of by nobody.
                self._revoked()
                # Work that was committed before this listened woke nobody.
                self._wake()
                while True:
                    await self._look(connection)
                    self._judge()
                    self._judge_refusals()
                    await asyncio.sleep(POLL_INTERVAL_S)
            except UNAVAILABLE_ERRORS as error:
                _log.warning("stops.disconnected", error=type(error).__name__)
                self._unavailable()
                # A record that crashed, or another one in its place, may have lost claims.
                for unit in self._claims.leases.held:
                    unit.distrust()
                if isinstance(error, TimeoutError):
                    # Those of the pools are as likely to be dead.
                    for pool in (self._pool, self._requests_pool):
                        await pool.expire_connections()
            finally:
                connection.terminate()

    def _judge(self) -> None:
        """Say whether PostgreSQL answers what is asked of it, whatever it answers on this connection."""
        # A request may wait for a lock; what sends waits for PostgreSQL only.
        if self._pool.waiting.is_answered(POLL_TIMEOUT_S):
            self._alarms.clear(AlarmKind.STORE_AWAY, EVERY_LANE, None, RECORD)
        else:
            self._unavailable()

    def _judge_refusals(self) -> None:
        """Say what PostgreSQL refuses: at once what does not end by itself, and else what it refuses for long."""
        refused, old = self._pool.refused, self._pool.refusals.oldest()
        asked = self._requests_pool.refusals.oldest()
        if refused is not None and asyncio.get_running_loop().time() - refused[0] <= REFUSED_S:
            detail = f"{refused[1]}: PostgreSQL refuses a statement of what sends, which is tried again"
        elif old is not None:
            detail = f"{old.error}: PostgreSQL refuses a statement of what sends, which is tried again"
        elif asked is not None:
            detail = f"{asked.error}: PostgreSQL refuses what requests ask of it, which are answered 503"
        else:
            self._alarms.clear(AlarmKind.RECORD_REFUSED, EVERY_LANE, None, RECORD)
            return
        self._alarms.raise_alarm(AlarmKind.RECORD_REFUSED, EVERY_LANE, None, detail, RECORD)

    def _unavailable(self) -> None:
        detail = "PostgreSQL does not answer: nothing is sent, filed or stopped until it does"
        self._alarms.raise_alarm(AlarmKind.STORE_AWAY, EVERY_LANE, None, detail, RECORD)

    def _on_notification(self, *arguments: object) -> None:
        payload = str(arguments[-1])
        if payload:
            self._halt(UUID(payload))
        self._wake()

    def _on_entrants(self, *arguments: object) -> None:
        self._entered(str(arguments[-1]))

    async def compare_clocks(self) -> None:
        """Take over the record's time; one of UNAVAILABLE_ERRORS when it does not answer."""
        asked_s, here_s = asyncio.get_running_loop().time(), wall_s()
        self._compare(await sql.progress.record_time(self._pool), asked_s, here_s)

    def _compare(self, at: datetime, asked_s: float, here_s: float) -> None:
        """Take over the time `at` of an answer, and raise an alarm while this machine's clock is another one.

        `asked_s`, `here_s`: when it was asked, by the event loop's clock and by the wall clock.
        """
        record_s, took_s = at.timestamp(), asyncio.get_running_loop().time() - asked_s
        self._clock.compare(record_s + took_s / 2, took_s / 2)
        differs_s = max(0.0, abs(record_s - here_s - took_s / 2) - took_s / 2)
        if differs_s > DIFFERS_S:
            detail = f"by {differs_s:.1f} s from PostgreSQL's"
            self._alarms.raise_alarm(AlarmKind.CLOCK_DIFFERS, EVERY_LANE, None, detail, RECORD)
        else:
            self._alarms.clear(AlarmKind.CLOCK_DIFFERS, EVERY_LANE, None, RECORD)

    async def _look(self, connection: Connection) -> None:
        """Ask which held units may still be sent, and what time it is; asking also shows that the connection lives."""
        asked_s, asked_wall_s = asyncio.get_running_loop().time(), wall_s()
        units = self._claims.leases.held
        async with asyncio.timeout(POLL_TIMEOUT_S):
            at, halted, unread = await self._ask(connection, [unit.row.id for unit in units])
        # First: a machine that was paused, and all its clocks with it, has to know the time before it goes on.
        self._compare(at, asked_s, asked_wall_s)
        for unit in units:
            if unit.row.id in unread:
                # Whether it may still be sent nobody can say: it is not, once it was not seen for too long.
                continue
            if unit.row.id not in halted:
                unit.seen(asked_s, asked_wall_s)
                unit.follow(self._clock.now(), asyncio.get_running_loop().time(), self._clock.uncertain_s)
            elif halted[unit.row.id] and not unit.complete:
                _log.warning("unit.lost", unit=unit.row.id, lane=unit.row.lane)
                self._claims.leases.drop(unit)
        for alert in {unit.row.alert_id for unit in units if halted.get(unit.row.id) is False and not unit.over}:
            self._halt(alert)

    async def _ask(self, connection: Connection, unit_ids: list[int]) -> tuple[datetime, dict[int, bool], set[int]]:
        """Return the record's time, what `sql.work.halted` says of units, and of which the record refuses to say it."""
        owner = self._claims.leases.owner
        moments: list[datetime] = []
        halted: dict[int, bool] = {}

        async def ask(some: Sequence[int]) -> None:
            at, found = await sql.work.halted(connection, [*some], owner)
            moments.append(at)
            halted.update(found)

        unread = await all_apart(ask, unit_ids) if unit_ids else {}
        if not moments:
            await ask(())
        return moments[-1], halted, {*unread}
