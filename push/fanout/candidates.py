"""Candidates: finds who may have to be notified for a unit, shard by shard.

The alert itself is for those who stand in the ring's area now; a follow-up notice, or a reminder, is for those in the
ledger who can be reached in this lane now, each in the language in which they were first notified. An exercise has only
the enrolled.
Bounded: the searches asked for ahead, one shard of those notified before; an enrolment has its own bound
(`sql.enrolment`).
"""

from __future__ import annotations

import asyncio
from functools import partial
from itertools import compress
from typing import TYPE_CHECKING, Final

import numpy as np

import sql.enrolment
import sql.ledger
import sql.outcomes
from geo.index.position_index import Found
from geo.index.shards import by_shards
from push.fanout.ended import believing_over
from push.fanout.packing import unpack_readable
from push.fanout.precedence import GIVE_WAY_S, GIVE_WAY_UNIT_S
from push.fanout.reminding import users_to_remind
from push.fanout.unit_reads import read_for_unit
from push.notice import Notice, Status

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from numpy.typing import NDArray

    from geo.index.position_index import PositionIndex
    from push.fanout.areas import Areas
    from push.fanout.claims.unit import HeldUnit
    from push.fanout.precedence import Precedence
    from sql.database import Pool
    from sql.work import UnitRow

SEARCHES_AHEAD: Final = 2
USERS_A_TRIP: Final = 4096
"""Of those notified before, and all others in the same shard: as many as a search finds in one round trip."""


class Candidates:
    """Finds whom one lane may have to notify."""

    def __init__(
        self,
        lane: str,
        *,
        index: PositionIndex,
        areas: Areas,
        pool: Pool,
        observe_search_s: Callable[[float], None],
        report_row: Callable[[UnitRow], None],
        precedence: Precedence,
    ) -> None:
        """`precedence`: nobody is searched while somebody decides, and what comes last gives way to first sends."""
        self._precedence = precedence
        self._report_row = report_row
        self._lane = lane
        self._index = index
        self._areas = areas
        self._pool = pool
        self._observe_search_s = observe_search_s

    async def stream(self, unit: HeldUnit, shard_from: int) -> AsyncIterator[Found]:
        """Yield a unit's candidates by shard, in order; one of `geo.connection.UNAVAILABLE_ERRORS`: Redis is away."""
        row = unit.row
        found = (
            self._in_area(unit, shard_from) if row.notice == Notice.ALERT else self._notified_before(unit, shard_from)
        )
        if row.status == Status.EXERCISE:
            enrolled = frozenset(await read_for_unit(partial(sql.enrolment.enrolled, self._pool)))
            async for one in found:
                chosen = [user in enrolled for user in one.ids.tolist()]
                yield Found(
                    one.shard,
                    [*compress(one.users, chosen)],
                    one.ids[np.array(chosen, dtype=np.bool_)],
                    one.asked_s,
                )
        else:
            async for one in found:
                yield one

    async def _in_area(self, unit: HeldUnit, shard_from: int) -> AsyncIterator[Found]:
        row = unit.row
        area = await read_for_unit(partial(self._areas.area, row.alert_id, row, row.area_version))
        shards = range(shard_from, row.shard_to)
        left_s = GIVE_WAY_UNIT_S
        hold = self._precedence.wait if unit.is_last else self._precedence.wait_for_first_send
        async for found in self._index.stream(self._lane, area, shards, SEARCHES_AHEAD, self._observe_search_s, hold):
            yield found
            if unit.is_last and left_s > 0:
                left_s -= await self._precedence.give_way(min(left_s, GIVE_WAY_S))

    async def _notified_before(self, unit: HeldUnit, shard_from: int) -> AsyncIterator[Found]:
        row = unit.row
        to_remind = partial(users_to_remind, self._pool, unit, self._report_row)
        users = await (to_remind() if unit.is_reminder else self._users_before(unit))
        for last, chosen in by_shards(users, shard_from, row.shard_to, USERS_A_TRIP):
            asked_s = asyncio.get_running_loop().time()
            # Who changed lanes a moment ago may be on the way out through the other one: the next pass reaches them.
            there = await self._index.present(self._lane, chosen, settled=True)
            users_there = chosen[there]
            yield Found(last, [b"%d" % user for user in users_there.tolist()], users_there, asked_s)

    async def _users_before(self, unit: HeldUnit) -> NDArray[np.int64]:
        """Return for whom a follow-up notice is: all who were notified, or who were notified of an end taken back."""
        row, reopened = unit.row, False
        if row.notice == Notice.UPDATE:
            reopens = partial(sql.outcomes.reopens, self._pool, row.alert_id, row.message_version)
            reopened = await read_for_unit(reopens)
        indeterminate = row.notice != Notice.UPDATE or reopened
        notified = await read_for_unit(
            partial(
                sql.ledger.notified,
                self._pool,
                row.alert_id,
                row.message_version,
                row.shard_from,
                row.shard_to,
                indeterminate=indeterminate,
            )
        )
        unreadable = partial(self._report_row, row)
        users = unit.languages.note_first(
            [(one.locale, users) for one in notified for users in unpack_readable([one.packed], unreadable)]
        )
        return await believing_over(self._pool, row, self._report_row) if reopened else users
