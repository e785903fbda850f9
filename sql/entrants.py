"""Stores who came into the area of a live alert and is still to be notified, lane by lane.

A row is there from before a report is answered until its user is in the ledger, or need not be notified. Bounded: the
caller bounds the rows of a call; those of an alert go with its end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple
from uuid import UUID

import msgspec

from sql.query import query
from sql.work import UnitRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import timedelta

    from sql.database import Pool

CHANNEL: Final = "qq_alert_entrants"
"""The NOTIFY channel that wakes every process, with the name of a lane."""

NOTE_TIMEOUT_S: Final = 2.0
"""A report waits no longer for the record; who could not be noted is found by a pass."""

_NOTE = query("entrant_note")
_LANES = query("entrant_lanes")
_CLAIM = query("entrant_claim")
_UNITS = query("entrant_units")
_LIST = query("entrant_list")
_PUT_OFF = query("entrant_put_off")
_REMOVE = query("entrant_remove")
_PENDING = query("entrant_pending")
_BUSY = query("entrant_busy")
_SETTLED = query("entrant_settled")
_RECIPIENTS = query("entrant_recipients")
_SHOWN = query("entrant_shown")
_TIDY = query("entrant_tidy")


class Entrant(msgspec.Struct, frozen=True):
    """A user who came into the area of an alert; `entry` tells two entries of one user apart."""

    entry: int
    alert_id: UUID
    user: int


class RowKey(NamedTuple):
    """The key of a row of the ledger with recipients of an alert."""

    alert_id: UUID
    shard_from: int
    batch_id: int
    outcome: str


async def note(pool: Pool, lane: str, alerts: Sequence[UUID], users: Sequence[int], shards: Sequence[int]) -> None:
    """Note durably that users came into alerts' areas, and wake the lane in every process."""
    await pool.execute(_NOTE, alerts, users, shards, lane, timeout=NOTE_TIMEOUT_S)


async def lanes_due(pool: Pool, lanes: Sequence[str]) -> list[str]:
    """Return in which of these lanes some entrant is due."""
    return [row[0] for row in await pool.fetch(_LANES, lanes)]


async def claim(
    pool: Pool,
    lane: str,
    owner: UUID,
    lease: timedelta,
    held: Sequence[int],
    renewed: Sequence[int],
    parked: Sequence[int],
    alerts_max: int,
) -> list[UnitRow]:
    """Claim the units for due entrants of up to `alerts_max` alerts, without those `parked`.

    Returns with them those `held` that have a wider ring, or are to be `renewed`: without content, which stays.
    """
    return [UnitRow(*row) for row in await pool.fetch(_CLAIM, lane, owner, lease, alerts_max, held, renewed, parked)]


async def units(pool: Pool, lane: str, units_max: int) -> dict[int, UUID]:
    """Return the units for due entrants of a lane, whatever they hold, each with its alert."""
    return {row[0]: row[1] for row in await pool.fetch(_UNITS, lane, units_max)}


async def due(
    pool: Pool, lane: str, alerts: Sequence[UUID], without: Sequence[int], entrants_max: int
) -> list[Entrant]:
    """Return entrants of these alerts that are due, without those entries."""
    return [Entrant(*row) for row in await pool.fetch(_LIST, lane, alerts, without, entrants_max)]


async def put_off(pool: Pool, entrants: Iterable[Entrant], after: timedelta) -> None:
    """Look at entrants again after a while."""
    await pool.execute(_PUT_OFF, *_columns(entrants), after)


async def remove(pool: Pool, entrants: Iterable[Entrant]) -> None:
    """Remove entrants for whom nothing is left to be done, unless they entered anew."""
    await pool.execute(_REMOVE, *_columns(entrants))


async def pending(pool: Pool, alert_id: UUID, shard_from: int, shard_to: int) -> list[int]:
    """Return who is noted as entrant of an alert in shards [`shard_from`, `shard_to`), in any lane."""
    return [row[0] for row in await pool.fetch(_PENDING, alert_id, shard_from, shard_to)]


async def busy(
    pool: Pool, lane: str, alerts: Sequence[UUID], shards: Sequence[int], owner: UUID
) -> set[tuple[UUID, int]]:
    """Return in which of these shards of alerts a sweep of the lane may be about to notify whom only it knows."""
    return {(row[0], row[1]) for row in await pool.fetch(_BUSY, lane, alerts, shards, owner)}


async def settled(
    pool: Pool, lane: str, alerts: Sequence[UUID], shards: Sequence[int], invalid_for: timedelta
) -> list[RowKey]:
    """Return the rows with whom `lane` need not notify in these shards of alerts, as `sql.ledger.settled`, by keys."""
    return [RowKey(*row) for row in await pool.fetch(_SETTLED, alerts, shards, lane, invalid_for)]


async def recipients(pool: Pool, keys: Sequence[RowKey]) -> list[tuple[RowKey, bytes]]:
    """Return the packed ids of these rows of the ledger, those left out that are gone."""
    columns = [list(column) for column in zip(*keys, strict=True)] or [[]] * 4
    return [(RowKey(*row[:4]), row[4]) for row in await pool.fetch(_RECIPIENTS, *columns)]


async def shown(pool: Pool, alerts: Sequence[UUID]) -> set[UUID]:
    """Have the counts of these alerts read again; returns of which that is said, others have to wait."""
    return {row[0] for row in await pool.fetch(_SHOWN, alerts)}


async def tidy(pool: Pool, entrants_max: int) -> None:
    """Delete entrants of alerts that notify nobody any more."""
    await pool.execute(_TIDY, entrants_max)


def _columns(entrants: Iterable[Entrant]) -> tuple[list[int], list[UUID], list[int]]:
    rows = [*entrants]
    return [row.user for row in rows], [row.alert_id for row in rows], [row.entry for row in rows]
