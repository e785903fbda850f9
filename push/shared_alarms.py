"""Alarms of all processes, at one place: each process writes its own to the record and reads those of the others.

An alarm that stands in several processes is one, by its subject. It is acknowledged by a person, who then has it, until
it is raised anew after it ended. Nothing waits for the record: while it is away, what stands in this process is shown
as always. Bounded: a look every `LOOK_S`, and at most one in `APART_S` when something changes; rows by `sql.alarms`; a
process that was not seen for `GONE_S` is gone, and forgotten after `FORGOTTEN_S`.
"""

from __future__ import annotations

import asyncio
import enum
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

import structlog

import sql.alarms
import sql.audit
from push.alarm_kinds import AlarmKind
from push.alarms import EVERY_LANE, Alarm
from push.standing_alarms import KNOWN_KINDS, AlarmProcess, StandingAlarm, add, alarm_of, worst_first
from runtime.tasks import run_with_timeout
from sql.alarms import WrittenAlarm
from sql.audit import AuditEvent
from sql.database import REFUSED_ERRORS

if TYPE_CHECKING:
    from collections.abc import Callable

    from push.alarms import AlarmBoard
    from push.alerts.actions.actor import Actor
    from sql.alarms import AlarmRow, ProcessRow
    from sql.database import Pool

LOOK_S: Final = 2.0
APART_S: Final = 0.1
GONE_S: Final = 10.0
"""Five looks: no statement takes longer, and a failover of the record is no death of a process."""

REPLACED_S: Final = 5.0
"""A process that starts where another one listened takes its place, once that was silent for so long."""

FORGOTTEN_S: Final = 3600.0
"""By then somebody has looked; what it said is of no use any more."""

LEAVE_S: Final = 1.0

_log = structlog.get_logger("push.shared_alarms")


class NotAcknowledged(enum.Enum):
    """Why an alarm was not acknowledged."""

    UNKNOWN = enum.auto()
    TAKEN = enum.auto()


class SharedAlarms:
    """The alarms that stand in all processes."""

    def __init__(self, pool: Pool, board: AlarmBoard) -> None:
        self.name = "here"
        self._id = uuid4()
        self._pool = pool
        self._board = board
        self._processes: list[ProcessRow] = []
        self._rows: list[tuple[UUID, AlarmRow]] = []
        self._changed = asyncio.Event()
        self._looking = asyncio.Lock()
        self._steady_since_s: float | None = None
        self.publish: Callable[[Alarm], None] = lambda _: None
        self.publish_acknowledged: Callable[[StandingAlarm], None] = lambda _: None
        board.publish = self._on_change
        self._published = self._standing()

    @property
    def is_recorded(self) -> bool:
        """Whether the record took and said at the last look what stands."""
        return self._steady_since_s is not None

    @property
    def processes(self) -> list[AlarmProcess]:
        """All processes as they were at the last look."""
        return [AlarmProcess(one.name, one.seen_at, one.is_gone) for one in self._processes]

    @property
    def standing(self) -> list[StandingAlarm]:
        """All alarms that stand, oldest first; of this process as they stand now, of others as at the last look."""
        return sorted(self._published.values(), key=lambda one: one.at)

    def _standing(self) -> dict[bytes, StandingAlarm]:
        names = {one.id: one for one in self._processes}
        here = {alarm.id: alarm for alarm in self._board.standing}
        found: dict[bytes, StandingAlarm] = {}
        for alarm in here.values():
            add(found, alarm, None, self.name, gone=False)
        for process_id, row in self._rows:
            process = names[process_id]
            if process_id == self._id:
                mine = here.get(row.id)
                if mine is not None:
                    add(found, mine, row, self.name, gone=False)
            elif row.kind in KNOWN_KINDS:
                add(found, alarm_of(row), row, process.name, gone=process.is_gone)
        return found

    async def run(self) -> None:
        """Write and read until cancelled."""
        try:
            while True:
                await self._try_look()
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_S):
                        await self._changed.wait()
                await asyncio.sleep(APART_S)
        finally:
            await self._leave()

    async def _leave(self) -> None:
        """Take this process and its alarms out of the record: it ends in order."""
        try:
            await run_with_timeout(sql.alarms.leave(self._pool, self._id), LEAVE_S)
        except REFUSED_ERRORS as error:
            _log.warning("alarms.left", error=type(error).__name__)

    async def _try_look(self) -> None:
        try:
            await self.look()
        except REFUSED_ERRORS as error:
            if self._steady_since_s is not None:
                _log.warning("alarms.unrecorded", error=type(error).__name__)
            self._steady_since_s = None

    async def look(self) -> None:
        """Write what stands here, read what stands elsewhere, and publish the difference.

        Raises one of `sql.database.REFUSED_ERRORS`.
        """
        async with self._looking:
            self._changed.clear()
            written = [_written(alarm) for alarm in sorted(self._board.standing, key=worst_first)]
            kept, replaced = timedelta(seconds=FORGOTTEN_S), timedelta(seconds=REPLACED_S)
            await sql.alarms.write(self._pool, self._id, self.name, written, kept, replaced)
            self._processes, self._rows = await sql.alarms.read(self._pool, timedelta(seconds=GONE_S))
            if self._steady_since_s is None:
                self._steady_since_s = asyncio.get_running_loop().time()
        self._judge_processes()
        self._publish_changes()

    def _judge_processes(self) -> None:
        """Raise an alarm about each process that is gone; not while all of them may have been without the record."""
        steady_s = asyncio.get_running_loop().time() - (self._steady_since_s or 0)
        gone = {one.name for one in self._processes if one.is_gone}
        for name in gone if steady_s > GONE_S else ():
            detail = "it has not written to the record for ten seconds"
            self._board.raise_alarm(AlarmKind.PROCESS_GONE, EVERY_LANE, None, detail, name)
        for alarm in self._board.standing:
            if alarm.kind is AlarmKind.PROCESS_GONE and alarm.about not in gone:
                self._board.clear(alarm.kind, alarm.lane, None, alarm.about)

    def _on_change(self, _: Alarm) -> None:
        self._publish_changes()
        self._changed.set()

    def _publish_changes(self) -> None:
        standing = self._standing()
        before, self._published = self._published, standing
        for subject, alarm in before.items():
            if subject not in standing:
                self.publish(_said(alarm, raised=False))
        for subject, alarm in standing.items():
            known = before.get(subject)
            if known is None or (known.detail != alarm.detail and known.id != alarm.id and not alarm.acknowledged):
                self.publish(_said(alarm, raised=True))
            if alarm.acknowledged is not None and (known is None or known.acknowledged != alarm.acknowledged):
                self.publish_acknowledged(alarm)

    def find(self, alarm_id: UUID) -> StandingAlarm | None:
        """Return the alarm of which this is the id in any process."""
        here = next((one.subject for one in self._board.standing if one.id == alarm_id), None)
        there = next(
            (alarm_of(row).subject for _, row in self._rows if row.id == alarm_id and row.kind in KNOWN_KINDS), None
        )
        subject = here or there
        return None if subject is None else self._standing().get(subject)

    async def known(self, alarm_id: UUID) -> StandingAlarm | None:
        """Return an alarm by its id in any process, once it is in the record; None when there is none.

        One of `sql.database.UNAVAILABLE_ERRORS` when the record is away.
        """
        if all(row.id != alarm_id for _, row in self._rows):
            await self.look()
        return self.find(alarm_id)

    async def acknowledge(
        self, alarm: StandingAlarm, actor: Actor, note: str, *, take_over: bool
    ) -> StandingAlarm | NotAcknowledged:
        """Let a person have an alarm, with its event in the trail; `take_over`: also one that somebody else has.

        One of `sql.database.UNAVAILABLE_ERRORS` when the record is away: then nobody has it.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            rows = await sql.alarms.lock(connection, alarm.id)
            if not rows:
                return NotAcknowledged.UNKNOWN
            taken = rows[0].acknowledged_at is not None and not take_over
            if not taken:
                await sql.alarms.acknowledge(connection, [row.id for row in rows], actor.label, note)
                await sql.audit.append(connection, _event(alarm, actor, note))
        await self.look()
        return NotAcknowledged.TAKEN if taken else self.find(alarm.id) or alarm


def _said(alarm: StandingAlarm, *, raised: bool) -> Alarm:
    """Return an alarm as the feed says that it was raised or is over."""
    detail = alarm.detail if raised else ""
    return Alarm(alarm.kind, alarm.lane, alarm.alert, detail, raised, alarm.at, alarm.about, alarm.id)


def _written(alarm: Alarm) -> WrittenAlarm:
    return WrittenAlarm(
        id=alarm.id,
        subject=alarm.subject.hex(),
        kind=alarm.kind.value,
        lane=alarm.lane,
        alert=alarm.alert,
        about=alarm.about,
        detail=alarm.detail,
        at=alarm.at,
    )


def _event(alarm: StandingAlarm, actor: Actor, note: str) -> AuditEvent:
    return AuditEvent(
        actor=actor.label,
        action="acknowledge",
        alert=None if alarm.alert is None else UUID(alarm.alert),
        reason=note,
        details={"alarm": alarm.kind.value, "lane": alarm.lane, "id": str(alarm.id)},
        token=actor.token_id,
    )
