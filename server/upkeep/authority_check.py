"""Checks whether what the alerts of each authority are bound by can be read; an alarm names each of which it cannot.

Damaged, of a newer version, or a time zone that this machine does not know. Without its jurisdiction no case of an
authority is taken. Bounded: a look every `LOOK_S`, of at most `sql.access.STANDING_MAX` authorities, of which those are
read that changed.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import sql.access
from handlers.http.problems import UnreadableAuthorityError
from handlers.places import jurisdiction_of
from handlers.values.time_zones import zone_of
from push.alarm_kinds import AlarmKind
from push.alarms import EVERY_LANE
from push.alerts.review import Asked, known
from runtime.retry import repeat_when_available
from sql.database import UNAVAILABLE_ERRORS

if TYPE_CHECKING:
    from push.alarms import AlarmBoard
    from sql.access import BoundAuthority
    from sql.database import Pool

LOOK_S: Final = 60.0
DETAIL: Final = "of the authority, this cannot be read: {parts}; without its jurisdiction its cases are refused"
JURISDICTION: Final = "jurisdiction"
TIME_ZONE: Final = "time_zone"
ASKS: Final = "asks"


class AuthorityCheck:
    """Checks all authorities."""

    def __init__(self, pool: Pool, alarms: AlarmBoard) -> None:
        self._pool = pool
        self._alarms = alarms
        self._versions: dict[str, str] = {}
        self._unreadable: set[str] = set()

    async def run(self) -> None:
        """Look until cancelled."""
        await repeat_when_available(self.look, LOOK_S, UNAVAILABLE_ERRORS, "postgresql")

    async def look(self) -> None:
        """Read what changed; raise an alarm for each authority of which something cannot be read, and clear others."""
        found = {one.id: one for one in await sql.access.bound_authorities(self._pool)}
        for gone in self._unreadable - found.keys():
            self._say(gone, [])
        for authority in found.values():
            if self._versions.get(authority.id) != authority.version:
                self._say(authority.id, await self._parts(authority))
        self._versions = {one.id: one.version for one in found.values()}

    async def _parts(self, authority: BoundAuthority) -> list[str]:
        """Return what of an authority cannot be read."""
        parts = [] if await self._is_limit_readable(authority) else [JURISDICTION]
        parts += [] if authority.time_zone is None or zone_of(authority.time_zone) else [TIME_ZONE]
        return parts + ([] if len(known(Asked, authority.asks)) == len(authority.asks) else [ASKS])

    async def _is_limit_readable(self, authority: BoundAuthority) -> bool:
        wkb = (await sql.access.terms_of(self._pool, authority.id)).jurisdiction if authority.limited else None
        if wkb is None:
            return True
        try:
            await asyncio.to_thread(jurisdiction_of, wkb)
        except UnreadableAuthorityError:
            return False
        return True

    def _say(self, authority: str, parts: list[str]) -> None:
        if not parts:
            self._unreadable.discard(authority)
            self._alarms.clear(AlarmKind.UNREADABLE_DATA, EVERY_LANE, None, authority)
            return
        self._unreadable.add(authority)
        detail = DETAIL.format(parts=", ".join(parts))
        self._alarms.restate(AlarmKind.UNREADABLE_DATA, EVERY_LANE, None, detail, authority)
