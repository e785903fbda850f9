"""Widening: an operator's wish for more flows in, rings that are due earlier or a new, wider one flow out, or why not.

A ring already told is never told again: the new one is swept minus the ledger, like every other.
Bounded: radius and audience by the caps of the filing plan, which nobody widens beyond here.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

import sql.life
import sql.rings
from push.audience import place_from
from push.life.enrolment import reachable
from push.life.lifecycle import State
from push.life.operations import Done
from push.life.refusals import Refusal, Refused
from push.plan import DEADLINE, RINGS_MAX, Ring
from sql.rings import PlaceRow

if TYPE_CHECKING:
    from uuid import UUID

    from push.life.changes import Ready
    from push.life.proposals import Widening
    from push.planner import Planner
    from sql.database import Connection, Pool
    from sql.life import LockedAlert
    from sql.rings import RingRow


async def estimated(pool: Pool, planner: Planner, alert_id: UUID, wish: Widening) -> Widening:
    """Return a wish with how many people it would reach; as it is where it is refused anyway, or Redis is away."""
    rings, status = await sql.rings.list_rings(pool, alert_id), await sql.life.status_of(pool, alert_id)
    if not rings or status is None:
        return wish
    row = await sql.rings.place_of(pool, alert_id)
    target = _target(rings, wish, place=row, now=datetime.now(UTC))
    if isinstance(target, Refused):
        return wish
    sampled = await planner.estimate(place_from(row), [target], status, await reachable(pool, status))
    # What was counted is what is meant: with the city or without it.
    people = wish.people if sampled is None else sampled.people
    return msgspec.structs.replace(wish, city=target.city, people=people)


async def prepare(
    planner: Planner, connection: Connection, alert_id: UUID, alert: LockedAlert, wish: Widening
) -> Ready | Refused:
    """Return how an alert is widened, or why it cannot be."""
    now = datetime.now(UTC)
    if alert.expires <= now:
        return Refused(Refusal.NOT_RUNNING, "its time is over")
    rings = await sql.rings.list_rings(connection, alert_id)
    place = PlaceRow(alert.longitude, alert.latitude, alert.city_polygon, alert.jurisdiction)
    target = _target(rings, wish, place=place, now=now)
    if isinstance(target, Refused):
        return target
    if wish.people is None or target.city != wish.city:
        return Refused(Refusal.UNKNOWN_AUDIENCE, "try again")
    cap = alert.audience_max or planner.plan.audience_cap
    if wish.people > cap:
        return Refused(Refusal.AUDIENCE_CAP, f"about {wish.people} people; the cap is {cap}")

    async def reach() -> Done:
        near = min(target.ring, len(rings))
        await sql.rings.hasten_rings(connection, alert_id, near, now, now + DEADLINE, wish.by, wish.reason)
        if target.ring > len(rings):
            await planner.add_rings(connection, alert_id, alert.status, [target])
        return Done(after=State(alert.state), details={"ring": target.ring, "radius_km": wish.radius_km})

    return reach


def _target(rings: list[RingRow], wish: Widening, *, place: PlaceRow, now: datetime) -> Ring | Refused:
    """Return the ring that the wish means: one that is planned, or a new one beyond all."""
    if place.longitude is None:
        return Refused(Refusal.NOT_WIDER, "the alert is for a city alone: there is no place to draw a circle around")
    city = None if wish.city is None else wish.city and place.city_polygon is not None
    if any(ring.held is not None for ring in rings):
        return Refused(Refusal.HELD, "what is held must be decided first")
    same = next((r for r in rings if r.radius_km == wish.radius_km and (city is None or r.city >= city)), None)
    if same is not None:
        if same.due_at <= now:
            return Refused(Refusal.NOT_WIDER, f"ring {same.ring} is due already")
        return _due_now(wish, now, ring=same.ring, city=same.city)
    widest = rings[-1]
    if wish.radius_km < (widest.radius_km or 0):
        planned = ", ".join(f"{ring.radius_km:g}" for ring in rings if ring.due_at > now and ring.radius_km)
        if planned:
            return Refused(Refusal.BETWEEN, f"planned and not due yet (km): {planned}")
        return Refused(Refusal.NOT_WIDER, f"the widest ring is {widest.radius_km:g} km")
    if len(rings) >= 2 * RINGS_MAX:
        return Refused(Refusal.NOT_WIDER, f"an alert has at most {2 * RINGS_MAX} rings")
    return _due_now(wish, now, ring=widest.ring + 1, city=bool(city) or widest.city)


def _due_now(wish: Widening, now: datetime, *, ring: int, city: bool) -> Ring:
    return Ring(
        ring=ring,
        radius_km=wish.radius_km,
        city=city,
        due_at=now,
        deadline=now + DEADLINE,
        decided_by=wish.by,
        reason=wish.reason,
    )
