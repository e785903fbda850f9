"""Sifting: who of the entrants that are due is to be notified now, who has to wait, and for whom nothing is left to do.

Nobody is notified twice. Sweeps leave out who is noted as entrant; who may be in a batch of a sweep, or changed lanes a
moment ago, waits here until the ledger knows. Bounded by the caller's entrants: one round trip to Redis, three to the
record.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec
import numpy as np

import sql.enrolment
import sql.entrants
import sql.rings
from geo.index.search.members import places
from geo.index.shards import shards_of
from push.fanout.entrants.notified import Notified
from push.notice import Status
from sql.entrants import Entrant

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from geo.index.position_index import PositionIndex
    from push.fanout.areas import Areas
    from push.fanout.claims.claims import Claims
    from push.fanout.entrants.unit import EntrantsUnit
    from sql.database import Pool

INVALID_AGAIN: Final = timedelta(0)
"""A user whose token was invalid left the index with it: who enters now has another one."""


class Sifted(msgspec.Struct):
    """Entrants by what is to be done: notify (by alert), wait, or remove. `asked_s`: when they were looked for.

    `unreadable`: of which alerts the area cannot be read, and why; their entrants are left as they are.
    """

    asked_s: float
    notify: dict[UUID, list[Entrant]] = {}
    wait: list[Entrant] = []
    remove: list[Entrant] = []
    unreadable: dict[UUID, str] = {}


class Sifting:
    """Sifts the entrants of one lane."""

    def __init__(self, lane: str, *, index: PositionIndex, areas: Areas, pool: Pool, claims: Claims) -> None:
        self._lane = lane
        self._index = index
        self._areas = areas
        self._pool = pool
        self._claims = claims
        self._notified = Notified(lane, pool, INVALID_AGAIN, self._report_row)

    def _report_row(self, alert: UUID) -> None:
        self._claims.unreadable.report(self._lane, f"a row of the ledger of alert {alert}")

    async def sift(self, units: Mapping[UUID, EntrantsUnit], entrants: Sequence[Entrant]) -> Sifted:
        """Sift entrants of the alerts of these units; UNAVAILABLE_ERRORS of either store."""
        sifted = Sifted(asyncio.get_running_loop().time())
        inside = await self._inside(units, entrants, sifted)
        shards = dict(zip(inside, shards_of(_users(inside)).tolist(), strict=True))
        enrolled = await self._enrolled(units, inside, sifted)
        free = await self._free(units, enrolled, shards, sifted)
        await self._minus_ledger(free, sifted)
        return sifted

    async def _inside(
        self, units: Mapping[UUID, EntrantsUnit], entrants: Sequence[Entrant], sifted: Sifted
    ) -> list[Entrant]:
        """Return who still stands in a due ring, in this lane; others left or were forgotten, or wait."""
        users, rows = np.unique(_users(entrants), return_inverse=True)
        hashes, changed_lanes = await self._index.standing(self._lane, users)
        longitudes, latitudes = places(np.maximum(hashes, 0))
        inside: list[Entrant] = []
        due = await sql.rings.due_rings(self._pool, [*units])
        for alert, of_alert in _by_alert(entrants).items():
            version = units[alert].row.area_version
            at = rows[of_alert]
            stands = np.zeros(at.size, dtype=np.bool_)
            try:
                for ring in due.get(alert, ()):
                    stands |= (await self._areas.area(alert, ring, version)).contains(longitudes[at], latitudes[at])
            except ValueError as error:
                sifted.unreadable[alert] = type(error).__name__
                continue
            stands &= hashes[at] >= 0
            # Of an alert that is held nobody knows yet who will be notified.
            waiting = changed_lanes[at] | (alert not in due)
            stands |= alert not in due
            for number, is_inside, waits in zip(of_alert, stands.tolist(), waiting.tolist(), strict=True):
                found = sifted.remove if not is_inside else sifted.wait if waits else inside
                found.append(entrants[number])
        return inside

    async def _enrolled(
        self, units: Mapping[UUID, EntrantsUnit], entrants: list[Entrant], sifted: Sifted
    ) -> list[Entrant]:
        """Return who may be reached: of an exercise only the enrolled."""
        exercises = {alert for alert, unit in units.items() if unit.row.status == Status.EXERCISE}
        asked = [entrant for entrant in entrants if entrant.alert_id in exercises]
        if not asked:
            return entrants
        enrolled = await sql.enrolment.enrolled_among(self._pool, [entrant.user for entrant in asked])
        sifted.remove += [entrant for entrant in asked if entrant.user not in enrolled]
        return [one for one in entrants if one.alert_id not in exercises or one.user in enrolled]

    async def _free(
        self,
        units: Mapping[UUID, EntrantsUnit],
        entrants: Sequence[Entrant],
        shards: Mapping[Entrant, int],
        sifted: Sifted,
    ) -> list[Entrant]:
        """Return who is in no batch, of this process or, as far as can be told, of another one; others wait."""
        pairs = {(entrant.alert_id, shards[entrant]) for entrant in entrants}
        if not pairs:
            return []
        alerts, asked = zip(*pairs, strict=True)
        busy = await sql.entrants.busy(self._pool, self._lane, alerts, asked, self._claims.leases.owner)
        outstanding = {
            alert: frozenset(np.concatenate(parts).tolist())
            for alert, unit in units.items()
            if (parts := self._claims.leases.outstanding(unit.row))
        }
        free: list[Entrant] = []
        for entrant in entrants:
            waits = (
                (entrant.alert_id, shards[entrant]) in busy
                or units[entrant.alert_id].has(entrant.user)
                or entrant.user in outstanding.get(entrant.alert_id, ())
            )
            (sifted.wait if waits else free).append(entrant)
        return free

    async def _minus_ledger(self, entrants: Sequence[Entrant], sifted: Sifted) -> None:
        by_alert = {alert: [entrants[number] for number in some] for alert, some in _by_alert(entrants).items()}
        if not by_alert:
            return
        notified = await self._notified.among({alert: _users(some) for alert, some in by_alert.items()})
        for alert, some in by_alert.items():
            for entrant, is_notified in zip(some, notified[alert].tolist(), strict=True):
                if is_notified:
                    sifted.remove.append(entrant)
                else:
                    sifted.notify.setdefault(alert, []).append(entrant)


def _users(entrants: Sequence[Entrant]) -> NDArray[np.int64]:
    return np.array([entrant.user for entrant in entrants], dtype=np.int64)


def _by_alert(entrants: Sequence[Entrant]) -> dict[UUID, list[int]]:
    found: dict[UUID, list[int]] = {}
    for number, entrant in enumerate(entrants):
        found.setdefault(entrant.alert_id, []).append(number)
    return found
