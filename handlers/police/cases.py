"""The case as the police file it, and what makes a well-formed one impossible to send.

Bounded: every text field by its length, the body by `BODY_BYTES`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec import Meta

from geo.crs import Crs
from handlers.http.problems import FieldError
from handlers.moments import Moment, in_future
from push.alerts.name_matching import names_child

if TYPE_CHECKING:
    from push.alerts.planner import FilingPlan

BODY_BYTES = 64 * 1024
LAST_SEEN_MAX = timedelta(days=30)
"""Ten times the golden 72 hours: a wrong year would make some policies reach the widest ring at once."""

Text = Annotated[str, Meta(min_length=1, max_length=500)]
ShortText = Annotated[str, Meta(min_length=1, max_length=100)]


class Child(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is missing."""

    name: ShortText
    sex: Literal["male", "female", "unknown"] = "unknown"
    age: Annotated[int, Meta(ge=0, le=17)] | None = None
    height_cm: Annotated[int, Meta(ge=30, le=230)] | None = None
    clothing: Text | None = None
    features: Text | None = None
    photo_url: Annotated[str, Meta(pattern="^https://", max_length=500)] | None = None


class LastSeen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where and when the child was last seen; degrees in `crs`."""

    at: Moment
    longitude: Annotated[float, Meta(ge=-180, le=180)] | None = None
    latitude: Annotated[float, Meta(ge=-90, le=90)] | None = None
    crs: Crs = Crs.WGS84
    place: Text | None = None
    city: Annotated[str, Meta(pattern="^[0-9]{6}$")] | None = None


class Contact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom to call."""

    name: ShortText
    phone: Annotated[str, Meta(pattern=r"^[0-9+() #*,-]{2,30}$")]


class RequestedArea(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another area than the usual one, and why."""

    policy: ShortText | None = None
    radius_km: Annotated[float, Meta(gt=0, le=20_000)] | None = None
    reason: Text


class Case(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A missing-child case."""

    case_number: Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._/-]+$")]
    status: Literal["actual", "exercise", "test"]
    reported_at: Moment
    child: Child
    last_seen: LastSeen
    contact: Contact
    area: RequestedArea | None = None


def unsupported(case: Case) -> list[FieldError]:
    """Return why a case cannot be sent although it is well formed."""
    faults = in_future(case.last_seen.at, "$.last_seen.at")
    if case.last_seen.at < datetime.now(UTC) - LAST_SEEN_MAX:
        faults.append(
            FieldError("$.last_seen.at", f"more than {LAST_SEEN_MAX.days} days ago: are year and month right?")
        )
    if names_child(case.case_number, (case.child.name, case.contact.phone)):
        faults.append(FieldError("$.case_number", "it stays for ever, so it must not say who the child is"))
    return faults


def requested_area_faults(case: Case, plan: FilingPlan) -> list[FieldError]:
    """Return what is wrong with the area that a case wishes for."""
    if case.area is None:
        return []
    faults: list[FieldError] = []
    if case.area.policy is not None and case.area.policy not in plan.policies:
        faults.append(FieldError("$.area.policy", f"no such policy; known: {', '.join(sorted(plan.policies))}"))
    if case.area.radius_km is not None and case.area.radius_km > plan.radius_cap_km:
        faults.append(FieldError("$.area.radius_km", f"over the cap of {plan.radius_cap_km:g} km"))
    if case.area.radius_km is not None and case.last_seen.longitude is None:
        faults.append(FieldError("$.area.radius_km", "there are no coordinates to draw a circle around"))
    if case.area.radius_km is None and case.area.policy is None:
        faults.append(FieldError("$.area", "a policy or a radius is needed"))
    return faults
