"""Clearances: leave to send one batch, given only for recipients that its status may reach.

This is the one place that keeps exercises and tests from people, and stops from being overtaken: no transport sends
without a clearance, each asks it right before every request, and only `Clearances` makes them.
Bounded by the batch; that it may be sent was seen less than `push.fanout.claims.unit.TRUSTED_S` ago.
"""

from __future__ import annotations

import asyncio
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import numpy as np

import sql.enrolment
from push.notice import Status
from sql.database import UNAVAILABLE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Callable

    from push.fanout.claims.unit import Batch, HeldUnit
    from push.provider import Clearance
    from sql.database import Pool


class UnitClearance:
    """Leave to send one batch of a unit."""

    __slots__ = ("_time", "_unit")

    def __init__(self, unit: HeldUnit, time: Callable[[], float]) -> None:
        self._unit = unit
        self._time = time

    def may_send(self) -> bool:
        """Tell whether another request may start now; where it may, it starts."""
        now_s = self._time()
        if not self._unit.may_send(now_s):
            return False
        self._unit.requested_s = now_s
        return True

    def may_reach(self, url: str) -> bool:
        """Tell whether a request to `url` may be made: a test never leaves this machine."""
        return allowed(Status(self._unit.row.status), url)


class Clearances:
    """Gives leave in one lane."""

    def __init__(self, *, simulated: bool, pool: Pool) -> None:
        self._simulated = simulated
        self._pool = pool

    async def of(self, batch: Batch) -> Clearance | None:
        """Keep in a batch only who may be reached, and return leave to send to them; None: PostgreSQL is away."""
        status = Status(batch.unit.row.status)
        if status is Status.TEST and not self._simulated:
            batch.keep(np.zeros(batch.size, dtype=np.bool_))
        elif status is Status.EXERCISE:
            users = batch.users.tolist()
            try:
                enrolled = await sql.enrolment.enrolled_among(self._pool, users)
            except UNAVAILABLE_ERRORS:
                return None
            batch.keep(np.array([user in enrolled for user in users], dtype=np.bool_))
        return UnitClearance(batch.unit, asyncio.get_running_loop().time)


def allowed(status: Status, url: str) -> bool:
    """Tell whether a message of a status may be sent to `url`: a test never leaves this machine."""
    return status is not Status.TEST or on_this_machine(url)


def on_this_machine(url: str) -> bool:
    """Tell whether a URL names a loopback address, in digits: no name is trusted to stay what it is."""
    try:
        return ip_address(urlsplit(url).hostname or "").is_loopback
    except ValueError:
        return False
