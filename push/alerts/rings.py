"""Rings: plans an alert's rings and when each is due, by a policy, its place and times.

Rings go from near to far and each holds those before it, so that the widest one alone is the whole area.
Bounded: `RINGS_MAX` rings a policy; radii by the caller's cap.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from push.notice import DEADLINE, EXPIRY, SubjectKind

RINGS_MAX = 16
BY_POLICY = "policy"


class RingPlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One ring of a policy: kilometres around the place, with or without the city, due `after_h` hours."""

    radius_km: Annotated[float, Meta(gt=0, le=20_000)]
    city: bool = False
    after_h: Annotated[float, Meta(ge=0, le=72)] = 0.0


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rings from near to far; their hours count from the report's receipt, or from when the child was last seen."""

    rings: Annotated[list[RingPlan], Meta(min_length=1, max_length=RINGS_MAX)]
    since: Literal["received", "last_seen"] = "received"


QQ = Policy(
    rings=[RingPlan(radius_km=10), RingPlan(radius_km=30), RingPlan(radius_km=120, city=True)],
)
"""Everybody in the city or within 120 km at once, the nearest first."""

TUANYUAN = Policy(
    since="last_seen",
    rings=[
        RingPlan(radius_km=100),
        RingPlan(radius_km=200, after_h=1),
        RingPlan(radius_km=300, after_h=2),
        RingPlan(radius_km=500, after_h=3),
    ],
)
"""The ladder of the national Tuanyuan platform: 100 km in the first hour, then 200, 300 and 500."""

NEARBY = Policy(rings=[RingPlan(radius_km=3), RingPlan(radius_km=10, after_h=1)])
"""For people who walk and do not go far: of those with dementia who were missing on foot, the police of Grampian found
half within 75 minutes, 80 of 100 within 2 km, 95 within 5.8 km and 99 within 12 km (report of 2007)."""

SHIPPED = {"qq": QQ, "tuanyuan": TUANYUAN, "nearby": NEARBY}
USUAL_BY_KIND: Final = {SubjectKind.DEMENTIA: "nearby", SubjectKind.DISABILITY: "nearby"}
"""The default policies of people other than children, where the settings name no other."""


class Ring(msgspec.Struct, frozen=True, kw_only=True):
    """One ring of an alert: `radius_km` None means the city alone."""

    ring: int
    radius_km: float | None
    city: bool
    due_at: datetime
    deadline: datetime
    decided_by: str = BY_POLICY
    reason: str = ""


class Override(msgspec.Struct, frozen=True, kw_only=True):
    """Another radius that somebody requests, and why; `whole`: with the place's shape, whatever the policy."""

    radius_km: float
    reason: str
    by: str
    whole: bool = False


def fault_of(policy: Policy, radius_cap_km: float) -> str | None:
    """Return what is wrong with a policy: each ring must hold those before it."""
    for number, (ring, wider) in enumerate(zip(policy.rings, policy.rings[1:], strict=False), 1):
        if wider.radius_km < ring.radius_km or (ring.city and not wider.city):
            return f"ring {number + 1} does not hold ring {number}"
        if wider.after_h < ring.after_h:
            return f"ring {number + 1} is due before ring {number}"
    if policy.rings[-1].radius_km > radius_cap_km:
        return f"a radius of {policy.rings[-1].radius_km:g} km is over the cap of {radius_cap_km:g} km"
    return None


def rings_of(
    policy: Policy,
    *,
    received_at: datetime,
    last_seen_at: datetime,
    has_place: bool,
    has_city: bool,
    override: Override | None = None,
) -> list[Ring]:
    """Return an alert's rings: those that its place allows; an override is the widest, and makes all due at once."""
    if not has_place:
        return [_ring(1, None, city=True, due_at=received_at)]
    since = last_seen_at if policy.since == "last_seen" else received_at
    rings: list[Ring] = []
    for planned in policy.rings:
        if override is not None and planned.radius_km >= override.radius_km:
            break
        due_at = received_at if override else max(received_at, since + timedelta(hours=planned.after_h))
        city = planned.city and has_city
        if due_at < received_at + EXPIRY:
            rings.append(_ring(len(rings) + 1, planned.radius_km, city=city, due_at=due_at))
    if override is not None:
        city = has_city and (override.whole or any(planned.city for planned in policy.rings))
        widest = _ring(len(rings) + 1, override.radius_km, city=city, due_at=received_at)
        rings.append(msgspec.structs.replace(widest, decided_by=override.by, reason=override.reason))
    return rings


def _ring(number: int, radius_km: float | None, *, city: bool, due_at: datetime) -> Ring:
    return Ring(ring=number, radius_km=radius_km, city=city, due_at=due_at, deadline=due_at + DEADLINE)
