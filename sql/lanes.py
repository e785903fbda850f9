"""Stores what processes say of their lanes, and the restarts of lanes that all of them are to hear of.

Bounded: `REPORTS_MAX` rows of all processes; reports older than an hour are removed by the next one.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from sql.query import query

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sql.database import Connection, Pool

_PUT = query("lane_report_put")
_REMOVE = query("lane_report_remove")
_LIST = query("lane_report_list")
_ADD = query("lane_restart_add")
_DUE = query("lane_restart_due")
_NOTE = query("lane_restart_note")
_READ = query("lane_restart_read")

REPORTS_MAX: Final = 1000
"""A hundred processes with ten lanes each."""


class ReportRow(msgspec.Struct, frozen=True):
    """What a process said of a lane, JSON, and how long ago."""

    process: UUID
    lane: str
    content: str
    age: timedelta


class HeardRow(msgspec.Struct, frozen=True):
    """A process that heard of a restart, and what it made of it."""

    process: UUID
    outcome: str


class RestartRow(msgspec.Struct, frozen=True):
    """A restart of a lane, and who has heard of it."""

    lane: str
    asked_at: datetime
    heard: list[HeardRow]


async def put(pool: Pool, process: UUID, contents: Mapping[str, bytes]) -> None:
    """Say how the lanes of a process stand: JSON by lane."""
    await pool.execute(_PUT, process, [*contents], [content.decode() for content in contents.values()])


async def remove(pool: Pool, process: UUID) -> None:
    """Say that a process has ended."""
    await pool.execute(_REMOVE, process)


async def reports(pool: Pool | Connection, within: timedelta) -> list[ReportRow]:
    """Return what all processes said within a time, by lane."""
    return [ReportRow(*row) for row in await pool.fetch(_LIST, within, REPORTS_MAX)]


async def add_restart(connection: Connection, lane: str) -> int:
    """Ask every process to restart a lane; returns the number of the restart."""
    restart: int = await connection.fetchval(_ADD, lane)
    return restart


async def due(pool: Pool, process: UUID, within: timedelta) -> list[tuple[int, str]]:
    """Return (number, lane) of the restarts asked for within a time of which a process has not heard."""
    return [(row[0], row[1]) for row in await pool.fetch(_DUE, process, within)]


async def note(pool: Pool, restart: int, process: UUID, outcome: str) -> None:
    """Say what a process made of a restart."""
    await pool.execute(_NOTE, restart, process, outcome)


async def read(pool: Pool, restart: int) -> RestartRow | None:
    """Return a restart and who has heard of it, None when there is none."""
    rows = await pool.fetch(_READ, restart, REPORTS_MAX)
    if not rows:
        return None
    heard = [HeardRow(row["process"], row["outcome"]) for row in rows if row["process"] is not None]
    return RestartRow(rows[0]["lane"], rows[0]["asked_at"], heard)
