"""Stores which alarms stand in which process, and who acknowledged them.

Bounded: `ROWS_MAX` alarms of a process, `LISTED_MAX` rows a reading; processes that are gone by the caller.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple
from uuid import UUID

import msgspec

from sql.query import query

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sql.database import Connection, Pool

ROWS_MAX: Final = 200
"""Far more than a desk can heed; what stands beyond it is shown by its own process alone."""

LISTED_MAX: Final = 2000

_WRITE = query("alarm_write")
_LIST = query("alarm_list")
_LOCK = query("alarm_lock")
_ACKNOWLEDGE = query("alarm_acknowledge")
_LEAVE = query("alarm_leave")


class WrittenAlarm(msgspec.Struct, frozen=True, kw_only=True):
    """An alarm as its process writes it; `subject` in hexadecimal: rows that have it in common are one alarm."""

    id: UUID
    subject: str
    kind: str
    lane: str
    alert: str | None
    about: str
    detail: str
    at: datetime


class AlarmRow(NamedTuple):
    """An alarm of a process as it stands in the record."""

    id: UUID
    kind: str
    lane: str
    alert: UUID | None
    about: str
    detail: str
    raised_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    note: str


class ProcessRow(NamedTuple):
    """A process: what it is called, when it wrote last, and whether that is too long ago."""

    id: UUID
    name: str
    seen_at: datetime
    is_gone: bool


async def write(
    pool: Pool, process: UUID, name: str, alarms: Sequence[WrittenAlarm], kept: timedelta, replaced: timedelta
) -> None:
    """Write all alarms that stand in a process, and that it is there.

    Processes that were silent for `kept` are forgotten, and after `replaced` one whose name this one has.
    """
    content = msgspec.json.encode(alarms[:ROWS_MAX]).decode()
    await pool.execute(_WRITE, process, name, content, kept, replaced)


async def read(pool: Pool, gone_after: timedelta) -> tuple[list[ProcessRow], list[tuple[UUID, AlarmRow]]]:
    """Return all processes, and the alarms of each with its id, the oldest first."""
    rows = await pool.fetch(_LIST, gone_after, LISTED_MAX)
    processes = {row[0]: ProcessRow(*row[:4]) for row in rows}
    return [*processes.values()], [(row[0], AlarmRow(*row[4:])) for row in rows if row[4] is not None]


async def lock(connection: Connection, alarm: UUID) -> list[AlarmRow]:
    """Lock the rows of an alarm by the id of one of them, in a transaction; what is acknowledged comes first."""
    return [AlarmRow(*row) for row in await connection.fetch(_LOCK, alarm)]


async def acknowledge(connection: Connection, alarms: Sequence[UUID], by: str, note: str) -> None:
    """Record who took an alarm, of which these are the rows."""
    await connection.execute(_ACKNOWLEDGE, list(alarms), by, note)


async def leave(pool: Pool, process: UUID) -> None:
    """Remove a process that ends, with its alarms."""
    await pool.execute(_LEAVE, process)
