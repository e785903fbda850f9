"""Widening: an operator's wish for more flows in, rings that are due earlier or a new, wider one flow out, or why not.

A ring already told is never told again: the new one is swept minus the ledger, like every other.
Bounded: radius and audience by the caps of the filing plan, which nobody widens beyond here.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import sql.life
import sql.rings
from push.audience import place_from
from push.life.lifecycle import Action, State
from push.life.operations import Done, Operations, Order
from push.life.refusals import Refusal, Refused
from push.plan import DEADLINE, RINGS_MAX, Override, Ring
from sql.rings import PlaceRow

if TYPE_CHECKING:
    from uuid import UUID

    from push.planner import Planner
    from sql.database import Connection
    from sql.life import LockedAlert
    from sql.rings import RingRow


async def widen(
    operations: Operations, planner: Planner, alert_id: UUID, order: Order, radius_km: float, *, city: bool | None
) -> Refused | None:
    """Widen an alert to a radius around its place, due at once; None when it is done."""
    if radius_km > planner.plan.radius_cap_km:
        return Refused(Refusal.RADIUS_CAP, f"the cap is {planner.plan.radius_cap_km:g} km")
    wish = Override(radius_km=radius_km, reason=order.reason, by=order.actor.said)

    async def change(connection: Connection, alert: LockedAlert) -> Done | Refused:
        now = datetime.now(UTC)
        if alert.expires <= now:
            return Refused(Refusal.NOT_RUNNING, "its time is over")
        if alert.longitude is None:
            return Refused(
                Refusal.NOT_WIDER, "the alert is for a city alone: there is no place to draw a circle around"
            )
        rings = await sql.rings.list_rings(connection, alert_id)
        target = _target(rings, wish, city=None if city is None else city and alert.city_polygon is not None, now=now)
        if isinstance(target, Refused):
            return target
        refused = await _over_cap(planner, alert, target)
        if refused is not None:
            return refused
        await sql.life.add_author(connection, alert_id, order.actor.person)
        await sql.rings.hasten_rings(
            connection, alert_id, min(target.ring, len(rings)), now, now + DEADLINE, wish.by, wish.reason
        )
        if target.ring > len(rings):
            await planner.add_rings(connection, alert_id, alert.status, [target])
        return Done(after=State(alert.state), details={"ring": target.ring, "radius_km": radius_km})

    return await operations.do(alert_id, Action.WIDEN, order, change)


def _target(rings: list[RingRow], wish: Override, *, city: bool | None, now: datetime) -> Ring | Refused:
    """Return the ring that the wish means: one that is planned, or a new one beyond all."""
    if any(ring.held is not None for ring in rings):
        return Refused(Refusal.HELD, "what is held must be decided first")
    widest = rings[-1]
    same = next((r for r in rings if r.radius_km == wish.radius_km and (city is None or r.city >= city)), None)
    if same is not None:
        if same.due_at <= now:
            return Refused(Refusal.NOT_WIDER, f"ring {same.ring} is due already")
        return Ring(
            ring=same.ring,
            radius_km=same.radius_km,
            city=same.city,
            due_at=now,
            deadline=now + DEADLINE,
            decided_by=wish.by,
            reason=wish.reason,
        )
    if wish.radius_km < (widest.radius_km or 0):
        planned = ", ".join(f"{ring.radius_km:g}" for ring in rings if ring.due_at > now and ring.radius_km)
        detail = (
            f"planned and not due yet (km): {planned}" if planned else f"the widest ring is {widest.radius_km:g} km"
        )
        return Refused(Refusal.BETWEEN if planned else Refusal.NOT_WIDER, detail)
    if len(rings) >= 2 * RINGS_MAX:
        return Refused(Refusal.NOT_WIDER, f"an alert has at most {2 * RINGS_MAX} rings")
    return Ring(
        ring=widest.ring + 1,
        radius_km=wish.radius_km,
        city=bool(city) or widest.city,
        due_at=now,
        deadline=now + DEADLINE,
        decided_by=wish.by,
        reason=wish.reason,
    )


async def _over_cap(planner: Planner, alert: LockedAlert, target: Ring) -> Refused | None:
    """Refuse what would reach too many people, or nobody knows how many."""
    place = place_from(PlaceRow(alert.longitude, alert.latitude, alert.city_polygon, alert.jurisdiction))
    sampled = await planner.estimate(place, [target])
    if sampled is None:
        return Refused(Refusal.UNKNOWN_AUDIENCE, "Redis does not answer; try again")
    cap = alert.audience_max or planner.plan.audience_cap
    if sampled.people > cap:
        return Refused(Refusal.AUDIENCE_CAP, f"about {sampled.people} people; the cap is {cap}")
    return None
