"""The case as the police file it, and what makes a well-formed one impossible to send.

Bounded: every text field by its length, the body by `BODY_BYTES`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from geo.crs import Crs
from handlers.http.decoding import read
from handlers.http.problems import FieldError
from handlers.moments import Moment, in_future
from handlers.places import CityCode
from handlers.values.cleaning import Expected, cleaned_by
from handlers.values.phone import EXPECTED, PHONE_MAX, read_phone
from handlers.values.web_address import ADDRESS_MAX, WebAddressError, is_private, read_web_address
from push.alerts.name_matching import names_child
from push.message.content import PHOTO_PUSHED_MAX

if TYPE_CHECKING:
    from push.alerts.planner import FilingPlan

BODY_BYTES = 64 * 1024
LAST_SEEN_MAX = timedelta(days=30)
"""Ten times the golden 72 hours: a wrong year would make some policies reach the widest ring at once."""

YEARS = (2000, 2100)
"""A year that is not between these is of another calendar, or of none."""

CHILDREN_MAX = 8
"""Children who are missing together: each must be recognised by what is left of the text's room."""

Text = Annotated[str, Meta(min_length=1, max_length=500)]
ShortText = Annotated[str, Meta(min_length=1, max_length=100)]


def _phone(text: str) -> str | Expected:
    number = read_phone(text)
    return Expected(EXPECTED) if number is None else number


def _web_address(text: str) -> str | Expected:
    try:
        return read_web_address(text)
    except WebAddressError as error:
        return Expected(str(error))


class Child(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is missing."""

    name: ShortText
    sex: Literal["male", "female", "unknown"] = "unknown"
    age: Annotated[int, Meta(ge=0, le=17)] | None = None
    height_cm: Annotated[int, Meta(ge=30, le=230)] | None = None
    clothing: Text | None = None
    features: Text | None = None
    photo_url: Annotated[str, Meta(max_length=ADDRESS_MAX), cleaned_by(_web_address)] | None = None


class LastSeen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where and when the child was last seen; degrees in `crs`."""

    at: Moment
    longitude: Annotated[float, Meta(ge=-180, le=180)] | None = None
    latitude: Annotated[float, Meta(ge=-90, le=90)] | None = None
    crs: Crs = Crs.WGS84
    place: Text | None = None
    city: CityCode | None = None


class Contact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom to call."""

    name: ShortText
    phone: Annotated[str, Meta(max_length=PHONE_MAX), cleaned_by(_phone)]


class RequestedArea(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another area than the usual one, and why."""

    policy: ShortText | None = None
    radius_km: Annotated[float, Meta(gt=0, le=20_000)] | None = None
    reason: Text


class Case(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A missing-child case: of a `child`, or of `children` who are missing together."""

    case_number: Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._/-]+$")]
    status: Literal["actual", "exercise", "test"]
    reported_at: Moment
    child: Child | None = None
    children: Annotated[tuple[Child, ...], Meta(min_length=1, max_length=CHILDREN_MAX)] | None = None
    last_seen: LastSeen
    contact: Contact
    area: RequestedArea | None = None

    @property
    def missing(self) -> tuple[Child, ...]:
        """Who is missing, at least one."""
        return self.children or (() if self.child is None else (self.child,))


def read_case(body: bytes) -> Case | list[FieldError]:
    """Return the case of a body, or what is wrong with its fields."""
    case = read(body, Case)
    if isinstance(case, list) or (case.child is None) != (case.children is None):
        return case
    given = "either of both, not both" if case.missing else "required, or children of several who are missing together"
    return [FieldError("$.child", given)]


def in_utc(case: Case) -> Case:
    """Return a case with its instants in UTC: filed again with another offset, it is the same case."""
    seen = replace(case.last_seen, at=case.last_seen.at.astimezone(UTC))
    return replace(case, reported_at=case.reported_at.astimezone(UTC), last_seen=seen)


def notes_on_photo(case: Case) -> list[str]:
    """Return what the sender should know of the photo's address."""
    addresses = [child.photo_url for child in case.missing if child.photo_url is not None]
    return notes_on_addresses(addresses[:1]) + (["phones show one photo, the first one"] if addresses[1:] else [])


def notes_on_addresses(addresses: list[str]) -> list[str]:
    """Return what the sender should know of the addresses of photos."""
    too_long = f"phones show no photo: its address has over {PHOTO_PUSHED_MAX} characters"
    private = "the public cannot reach the photo: its address is of a private network"
    return [too_long for address in addresses if len(address) > PHOTO_PUSHED_MAX] + [
        private for address in addresses if is_private(address)
    ]


def unsupported(case: Case) -> list[FieldError]:
    """Return why a case cannot be sent although it is well formed."""
    faults = in_future(case.last_seen.at, "$.last_seen.at")
    if not YEARS[0] <= case.reported_at.year <= YEARS[1]:
        faults.append(FieldError("$.reported_at", "of another century: is it of another calendar?"))
    if case.last_seen.at < datetime.now(UTC) - LAST_SEEN_MAX:
        faults.append(
            FieldError("$.last_seen.at", f"more than {LAST_SEEN_MAX.days} days ago: are year and month right?")
        )
    if names_child(case.case_number, (*(child.name for child in case.missing), case.contact.phone)):
        faults.append(FieldError("$.case_number", "it stays for ever, so it must not say who the child is"))
    return faults


def requested_area_faults(case: Case, plan: FilingPlan) -> list[FieldError]:
    """Return what is wrong with the area that a case wishes for."""
    if case.area is None:
        return []
    faults: list[FieldError] = []
    if case.area.policy is not None and case.area.policy not in plan.policies:
        faults.append(FieldError("$.area.policy", f"no such policy; known: {', '.join(sorted(plan.policies))}"))
    if case.area.radius_km is not None and case.area.radius_km < plan.radius_min_km:
        faults.append(FieldError("$.area.radius_km", f"at least {plan.radius_min_km:g} km; a policy may have less"))
    if case.area.radius_km is not None and case.area.radius_km > plan.radius_cap_km:
        faults.append(FieldError("$.area.radius_km", f"over the cap of {plan.radius_cap_km:g} km"))
    if case.area.radius_km is not None and case.last_seen.longitude is None:
        faults.append(FieldError("$.area.radius_km", "there are no coordinates to draw a circle around"))
    if case.area.radius_km is None and case.area.policy is None:
        faults.append(FieldError("$.area", "a policy or a radius is needed"))
    return faults
