"""Widening: makes planned rings of an alert due now, or adds a wider one.

No one is notified twice: the new ring is swept minus the ledger, like every other.
Bounded: radius and audience by the caps of the filing plan.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

import sql.lifecycle
import sql.progress
import sql.rings
from push.alerts.actions.refusals import Refusal, Refused
from push.alerts.actions.transaction import Done
from push.alerts.enrolment import reachable
from push.alerts.estimate import Estimate, beyond, read_estimate
from push.alerts.lifecycle import State
from push.alerts.places import RINGS_OF_ALERT_MAX, Centre, added, around, as_rings, begins, outermost
from push.alerts.rings import Ring
from push.fanout.areas import place_from
from push.notice import DEADLINE
from sql.rings import PlaceRow

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from push.alerts.actions.proposals import Widening
    from push.alerts.actions.transaction import Ready
    from push.alerts.planner import Planner
    from sql.database import Connection, Pool
    from sql.lifecycle import LockedAlert
    from sql.rings import RingRow


async def estimated(pool: Pool, planner: Planner, alert_id: UUID, requested: Widening) -> Widening:
    """Return a request with how many people it would reach; unchanged where it is refused anyway, or Redis is away."""
    rings, status = await sql.rings.list_rings(pool, alert_id), await sql.lifecycle.status_of(pool, alert_id)
    if not rings or status is None:
        return requested
    row = await sql.rings.place_of(pool, alert_id)
    target = _target(rings, requested, planner.plan.radius_min_km, place=row, now=await sql.progress.record_time(pool))
    if isinstance(target, Refused):
        return requested
    standing = outermost([ring for ring in rings if ring.due_at <= target.due_at and ring.held is None])
    counted = [target] if target.longitude is None else [*as_rings(standing), target]
    sampled = await planner.estimate(place_from(row), counted, status, await reachable(pool, status))
    # What was counted is what is meant: with the city or without it.
    people = requested.people if sampled is None else sampled.people
    return msgspec.structs.replace(requested, city=target.city, people=people, estimate=sampled)


async def prepare(
    planner: Planner, connection: Connection, alert_id: UUID, alert: LockedAlert, requested: Widening
) -> Ready | Refused:
    """Return how an alert is widened, or why it cannot be."""
    now = await sql.progress.record_time(connection)
    if alert.expires <= now:
        return Refused(Refusal.NOT_RUNNING, "its time is over")
    rings = await sql.rings.list_rings(connection, alert_id)
    now = begins(rings, now)
    place = PlaceRow(alert.longitude, alert.latitude, alert.city_polygon, alert.jurisdiction)
    target = _target(rings, requested, planner.plan.radius_min_km, place=place, now=now)
    if isinstance(target, Refused):
        return target
    if requested.people is None or target.city != requested.city:
        return Refused(Refusal.UNKNOWN_AUDIENCE, "try again")
    if target.ring > len(rings) and not _is_counted(requested, target.ring):
        return Refused(Refusal.UNKNOWN_AUDIENCE, "another ring was added meanwhile: try again")
    cap = alert.audience_max or planner.plan.audience_cap
    if requested.people > cap:
        return Refused(Refusal.AUDIENCE_CAP, f"{planner.plan.disclosure.about(requested.people)}; the cap is {cap}")

    async def reach() -> Done:
        if requested.longitude is None:
            near = min(target.ring, len(rings))
            await sql.rings.make_due(connection, alert_id, near, now, now + DEADLINE, requested.by, requested.reason)
        if target.ring > len(rings):
            await planner.add_rings(connection, alert_id, alert.status, [target], lambda _: requested.people)
            if (whole := _whole(alert.estimate, requested, target.ring)) is not None:
                await sql.rings.estimated(connection, alert_id, msgspec.json.encode(whole).decode())
        return Done(after=State(alert.state), details={"ring": target.ring, "radius_km": requested.radius_km})

    return reach


def _is_counted(requested: Widening, number: int) -> bool:
    """Tell whether the people of a new ring are those that were counted, as far as any were."""
    return requested.estimate is None or any(ring.ring == number for ring in requested.estimate.rings)


def _whole(known: str | None, requested: Widening, number: int) -> Estimate | None:
    """Return the estimate of the alert with a new ring; None where nothing was estimated, before or now.

    Around the alert's place all people of the new ring were counted, those of the rings before among them.
    """
    before = read_estimate(known)
    if before is None or requested.estimate is None:
        return None
    (new,) = [ring for ring in requested.estimate.rings if ring.ring == number]
    if requested.longitude is None:
        new = beyond(new, before.rings)
    return msgspec.structs.replace(requested.estimate, rings=[*before.rings, new])


def _target(
    rings: list[RingRow], requested: Widening, radius_min_km: float, *, place: PlaceRow, now: datetime
) -> Ring | Refused:
    """Return the ring that is requested: one that is planned, or a new one beyond all."""
    if requested.longitude is not None:
        return _elsewhere(rings, requested, radius_min_km, place=place, now=now)
    if place.longitude is None:
        return Refused(Refusal.NOT_WIDER, "the alert is for a city alone: there is no place to draw a circle around")
    city = None if requested.city is None else requested.city and place.city_polygon is not None
    if any(ring.held is not None for ring in rings):
        return Refused(Refusal.HELD, "what is held must be decided first")
    own = [ring for ring in rings if ring.centre is None]
    same = next((r for r in own if r.radius_km == requested.radius_km and (city is None or r.city >= city)), None)
    if same is not None:
        if same.due_at <= now:
            return Refused(Refusal.NOT_WIDER, f"ring {same.ring} is due already")
        return _due_now(requested, now, ring=same.ring, city=same.city)
    widest = own[-1]
    if requested.radius_km < (widest.radius_km or 0):
        planned = ", ".join(f"{ring.radius_km:g}" for ring in own if ring.due_at > now and ring.radius_km)
        if planned:
            return Refused(Refusal.BETWEEN, f"planned and not due yet (km): {planned}")
        return Refused(Refusal.NOT_WIDER, f"the widest ring is {widest.radius_km:g} km")
    if requested.radius_km < radius_min_km:
        return Refused(Refusal.RADIUS_MIN, f"at least {radius_min_km:g} km")
    if len(rings) >= RINGS_OF_ALERT_MAX:
        return Refused(Refusal.NOT_WIDER, f"an alert has at most {RINGS_OF_ALERT_MAX} rings")
    new = _due_now(requested, now, ring=rings[-1].ring + 1, city=bool(city) or widest.city)
    return msgspec.structs.replace(
        new, nearness=(widest.nearness or widest.ring) + 1 if len(own) < len(rings) else None
    )


def _elsewhere(
    rings: list[RingRow], requested: Widening, radius_min_km: float, *, place: PlaceRow, now: datetime
) -> Ring | Refused:
    """Return a new ring around another place."""
    if any(ring.held is not None for ring in rings):
        return Refused(Refusal.HELD, "what is held must be decided first")
    if requested.radius_km < radius_min_km:
        return Refused(Refusal.RADIUS_MIN, f"at least {radius_min_km:g} km")
    if len(rings) >= RINGS_OF_ALERT_MAX:
        return Refused(Refusal.TOO_MANY, f"an alert has at most {RINGS_OF_ALERT_MAX} rings")
    if requested.longitude is None or requested.latitude is None:
        raise ValueError("a centre needs a longitude and a latitude")
    first = None if place.longitude is None or place.latitude is None else Centre(place.longitude, place.latitude)
    centre = Centre(requested.longitude, requested.latitude)
    new = added(around([_due_now(requested, now, ring=1, city=False)], centre), rings, first)
    return new[0] if new else Refused(Refusal.NOT_WIDER, "it lies within a ring that is due already")


def _due_now(requested: Widening, now: datetime, *, ring: int, city: bool) -> Ring:
    return Ring(
        ring=ring,
        radius_km=requested.radius_km,
        city=city,
        due_at=now,
        deadline=now + DEADLINE,
        decided_by=requested.by,
        reason=requested.reason,
    )
