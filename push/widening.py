"""Widening: an operator's wish for more flows in, rings that are due earlier or a new, wider one flow out, or why not.

A ring already told is never told again: the new one is swept minus the ledger, like every other.
Bounded: radius and audience by the caps of the filing plan, which nobody widens beyond here.
"""

from __future__ import annotations

import enum
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
import structlog

import sql.rings
from push.audience import place_from
from push.plan import DEADLINE, RINGS_MAX, Override, Ring
from sql.rings import PlaceRow

if TYPE_CHECKING:
    from uuid import UUID

    from push.filing import Desk
    from sql.database import Pool
    from sql.rings import LockedAlert, RingRow

RUNNING = ("sending", "sent")

_log = structlog.get_logger("push.widening")


class Refusal(enum.Enum):
    """Why an alert is not widened."""

    NO_ALERT = "no such alert"
    NOT_RUNNING = "the alert is over"
    RADIUS_CAP = "over the cap on the radius"
    AUDIENCE_CAP = "over the cap on the audience"
    UNKNOWN_AUDIENCE = "the audience cannot be estimated now"
    NOT_WIDER = "not wider than what is told already"
    BETWEEN = "between two planned rings"
    HELD = "a nearer ring is held"


class Refused(msgspec.Struct, frozen=True):
    """An answer of no, with what would be possible."""

    refusal: Refusal
    detail: str


async def widen(desk: Desk, pool: Pool, alert_id: UUID, wish: Override, *, city: bool | None) -> Refused | None:
    """Widen an alert to a radius around its place, due at once; None when it is done."""
    if wish.radius_km > desk.plan.radius_cap_km:
        return Refused(Refusal.RADIUS_CAP, f"the cap is {desk.plan.radius_cap_km:g} km")
    async with pool.acquire() as connection, connection.transaction():
        alert = await sql.rings.lock_alert(connection, alert_id)
        if alert is None:
            return Refused(Refusal.NO_ALERT, "")
        now = datetime.now(UTC)
        if alert.state not in RUNNING or alert.expires <= now:
            return Refused(Refusal.NOT_RUNNING, f"its state is {alert.state}")
        if alert.longitude is None:
            return Refused(
                Refusal.NOT_WIDER, "the alert is for a city alone: there is no place to draw a circle around"
            )
        rings = await sql.rings.list_rings(connection, alert_id)
        target = _target(rings, wish, city=None if city is None else city and alert.city_polygon is not None, now=now)
        if isinstance(target, Refused):
            return target
        refused = await _over_cap(desk, alert, target)
        if refused is not None:
            return refused
        await sql.rings.hasten_rings(
            connection, alert_id, min(target.ring, len(rings)), now, now + DEADLINE, wish.by, wish.reason
        )
        if target.ring > len(rings):
            await desk.add_rings(connection, alert_id, [target])
    desk.ring()
    _log.info("alert.widened", alert=str(alert_id), ring=target.ring)
    return None


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


async def _over_cap(desk: Desk, alert: LockedAlert, target: Ring) -> Refused | None:
    """Refuse what would reach too many people, or nobody knows how many."""
    place = place_from(PlaceRow(alert.longitude, alert.latitude, alert.city_polygon, alert.jurisdiction))
    sampled = await desk.estimate(place, [target])
    if sampled is None:
        return Refused(Refusal.UNKNOWN_AUDIENCE, "Redis does not answer; try again")
    if sampled.people > desk.plan.audience_cap:
        return Refused(Refusal.AUDIENCE_CAP, f"about {sampled.people} people; the cap is {desk.plan.audience_cap}")
    return None
