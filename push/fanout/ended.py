"""Finds who believes that a reopened alert is over, because the end is the last thing that they were notified of.

They get the update that it goes on, and no second notice of an end. What an interrupted process sent without a record
counts as sent where a person would otherwise be left with what is not true. Bounded: the shards of one unit.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np

import sql.ledger
from push.fanout.packing import unpack_readable
from push.fanout.unit_reads import read_for_unit
from push.notice import Notice

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from sql.database import Pool
    from sql.work import UnitRow

ENDS: Final = (Notice.FOUND.value, Notice.CANCEL.value)
ACCEPTED: Final = "accepted"
NOBODY: Final = np.empty(0, dtype=np.int64)


async def believing_over(pool: Pool, row: UnitRow, report_row: Callable[[UnitRow], None]) -> NDArray[np.int64]:
    """Return who was, or may have been, notified of an end before a unit's update and of nothing since; sorted."""
    found = await _ended(pool, row, report_row, ENDS, certain=(Notice.UPDATE.value,))
    unsettled = await _unsettled(pool, row, ENDS)
    users = [found, *unpack_readable(unsettled, partial(report_row, row))]
    return np.unique(np.concatenate(users))


async def knowing_already(pool: Pool, row: UnitRow, report_row: Callable[[UnitRow], None]) -> NDArray[np.int64]:
    """Return who was notified of the same end before the alert was reopened, for certain, and of nothing since."""
    known = await _ended(pool, row, report_row, (row.notice,), certain=ENDS)
    if not known.size:
        return known
    unsettled = await _unsettled(pool, row, (Notice.UPDATE.value,))
    others = unpack_readable(unsettled, partial(report_row, row))
    return np.setdiff1d(known, np.concatenate(others)) if others else known


async def _ended(
    pool: Pool,
    row: UnitRow,
    report_row: Callable[[UnitRow], None],
    ends: tuple[str, ...],
    certain: tuple[str, ...],
) -> NDArray[np.int64]:
    """Return whose last follow-up notice is one of `ends`; of the notices in `certain` only those accepted count."""
    read = partial(sql.ledger.ends, pool, row.alert_id, row.message_version, row.shard_from, row.shard_to)
    later, ended = NOBODY, NOBODY
    for notice, outcome, packed in await read_for_unit(read):
        if notice in certain and outcome != ACCEPTED:
            continue
        users = np.concatenate([NOBODY, *unpack_readable([packed], partial(report_row, row))])
        if notice in ends:
            ended = np.union1d(ended, np.setdiff1d(users, later))
        later = np.union1d(later, users)
    return ended


async def _unsettled(pool: Pool, row: UnitRow, notices: tuple[str, ...]) -> list[bytes]:
    read = partial(
        sql.ledger.unsettled,
        pool,
        row.alert_id,
        row.message_version,
        row.shard_from,
        row.shard_to,
        lane=row.lane,
        notices=notices,
    )
    return await read_for_unit(read)
