"""Finds whom a morning reminder is for: the alert reached them without a sound, and nothing reached them with one.

Each is reminded at most once: who may have been is in the ledger before the request starts, whatever becomes of it.
Bounded: the shards of one unit.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

import sql.reminders
from push.fanout.packing import unpack_readable
from push.fanout.unit_reads import read_for_unit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from push.fanout.claims.unit import HeldUnit
    from sql.database import Pool
    from sql.work import UnitRow


async def users_to_remind(pool: Pool, unit: HeldUnit, report_row: Callable[[UnitRow], None]) -> NDArray[np.int64]:
    """Return for whom a unit's reminder is, each in the language in which the alert reached them; sorted."""
    row = unit.row
    read = partial(sql.reminders.wanted, pool, row.alert_id, row.sweep_id, row.shard_from, row.shard_to)
    wanted = await read_for_unit(read)
    unreadable = partial(report_row, row)
    users = unit.languages.note_first(
        [(locale, users) for packed, locale in wanted for users in unpack_readable([packed], unreadable)]
    )
    settled = await settled_of(pool, row, (), report_row)
    return np.setdiff1d(users, settled) if settled.size else users


async def settled_of(
    pool: Pool, row: UnitRow, outstanding: Sequence[NDArray[np.int64]], report_row: Callable[[UnitRow], None]
) -> NDArray[np.int64]:
    """Return whom no reminder is for any more: reminded, about to be (`outstanding`), or with a sound."""
    read = partial(sql.reminders.settled, pool, row.alert_id, row.shard_from, row.shard_to)
    rows = await read_for_unit(read)
    parts = [*outstanding, *unpack_readable(rows, partial(report_row, row))]
    # Each part is sorted, which the stable sort makes use of.
    return np.sort(np.concatenate(parts), kind="stable") if parts else np.empty(0, dtype=np.int64)
