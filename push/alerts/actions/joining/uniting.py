"""Unites the jurisdiction of an alert with that of an authority that countersigned its case.

The alert reaches whom either may reach; its rings are estimated anew, and held where they are over the cap. Nobody is
notified twice: the widest due ring is searched again, minus the ledger. Bounded: jurisdictions whose borders cross more
often than `geo.polygon.CROSSINGS_MAX`, or that have more vertices than one may have, are not united.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec
import shapely

import sql.access
import sql.lifecycle
import sql.rings
import sql.sharing
from geo.polygon import CROSSINGS_MAX, VERTICES_MAX, dump, load
from geo.union import united
from push.alerts.actions.proposals import Joining
from push.alerts.actions.refusals import Refusal, Refused
from push.alerts.actions.transaction import Done
from push.alerts.enrolment import reachable
from push.alerts.estimate import Estimate
from push.alerts.lifecycle import NOT_NOTIFIED, State
from push.alerts.planner import AUDIENCE_CAP
from push.alerts.rings import Ring
from push.fanout.areas import INLINE_BYTES, place_from
from push.notice import DEADLINE

if TYPE_CHECKING:
    from uuid import UUID

    from push.alerts.actions.transaction import Ready
    from push.alerts.planner import Planner
    from sql.database import Connection, Pool
    from sql.lifecycle import LockedAlert


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """A request to unite, with the jurisdictions before and after it (WKB; None: no limit) and whom it would reach."""

    request: Joining
    before: bytes | None
    after: bytes | None
    estimate: Estimate | None


async def counted(pool: Pool, planner: Planner, alert_id: UUID, request: Joining) -> Counted | Refused:
    """Return what uniting would lead to; Refused where it cannot be. No estimate while Redis is away."""
    rows, status = await sql.rings.list_rings(pool, alert_id), await sql.lifecycle.status_of(pool, alert_id)
    if not rows or status is None:
        return Refused(Refusal.NO_ALERT)
    place = await sql.rings.place_of(pool, alert_id)
    other = (await sql.access.terms_of(pool, request.authority)).jurisdiction
    size = len(place.jurisdiction or b"") + len(other or b"")
    if size > INLINE_BYTES:
        after = await asyncio.to_thread(_united, place.jurisdiction, other)
    else:
        after = _united(place.jurisdiction, other)
    if isinstance(after, Refused):
        return after
    rings = msgspec.convert(rows, list[Ring], from_attributes=True)
    wider = place_from(msgspec.structs.replace(place, jurisdiction=after))
    sampled = await planner.estimate(wider, rings, status, await reachable(pool, status))
    people = None if sampled is None else sampled.people
    return Counted(
        request=msgspec.structs.replace(request, people=people),
        before=place.jurisdiction,
        after=after,
        estimate=sampled,
    )


def prepare(
    planner: Planner, connection: Connection, alert_id: UUID, alert: LockedAlert, requested: Counted
) -> Ready | Refused:
    """Return how an alert goes by the united jurisdiction, or why it does not."""
    if alert.jurisdiction != requested.before:
        return Refused(Refusal.REVISION, "its area has changed meanwhile: try again")
    sampled, cap = requested.estimate, alert.audience_max or planner.plan.audience_cap
    held = [] if sampled is None else [one.ring for one in sampled.rings if sampled.up_to(one.ring) > cap]

    async def unite() -> Done:
        encoded = None if sampled is None else msgspec.json.encode(sampled).decode()
        await sql.sharing.unite(connection, alert_id, requested.after, encoded, (held, AUDIENCE_CAP), DEADLINE)
        details = {"united": requested.request.authority} | ({"held": held} if held else {})
        return Done(after=State(alert.state), details=details, halts=State(alert.state) not in NOT_NOTIFIED)

    return unite


def _united(one: bytes | None, other: bytes | None) -> bytes | Refused | None:
    """Return the union of two jurisdictions; no limit where one has none."""
    if one is None or other is None:
        return None
    shape = united([load(one), load(other)], CROSSINGS_MAX)
    if shape is None or shapely.get_num_coordinates(shape) > VERTICES_MAX:
        return Refused(Refusal.BORDERS)
    return dump(shape)
