"""An update of a case as the police send it: what is given replaces what stood, what is absent stays.

Bounded as a case is.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from geo.crs import Crs
from handlers.action_requests import CaseNumber, Reason
from handlers.moments import Moment
from handlers.places import CityCode
from handlers.police.case.basis import Basis
from handlers.police.case.case import (
    CHILDREN_MAX,
    COMPANIONS_MAX,
    PHOTOS_MAX,
    PLACES_MAX,
    TEXTS_MAX,
    LanguageTag,
    OwnText,
    RequestedArea,
)
from handlers.police.case.details import Companion, Internal, Photo, SeenPlace, Vehicle
from handlers.police.case.fields import Phone, ShortText, Text
from handlers.police.case.missing import Child, Missing
from push.notice import CaseKind, SubjectKind

REMOVED_MAX = 40
"""More than a case has fields that may be left out."""


class SubjectUpdate(Missing, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known anew of a missing person."""

    kind: SubjectKind | None = None


class ContactUpdate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom to call from now on."""

    name: ShortText | None = None
    phone: Phone | None = None


class LastSeenUpdate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The place in other words; it does not move, and neither does the time."""

    at: Moment | None = None
    longitude: Annotated[float, Meta(ge=-180, le=180)] | None = None
    latitude: Annotated[float, Meta(ge=-90, le=90)] | None = None
    crs: Crs | None = None
    place: Text | None = None
    city: CityCode | None = None


class CaseUpdate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the police know anew of a case, and why it is changed.

    Fields of an object are replaced one by one, lists as a whole; null or blank is not given. `remove`: fields that are
    to be left out from now on, as `vehicle.plate`. `expires`: when the alert ends. What a case has and an update cannot
    change (`status`, `reported_at`, `area`, `places`, where and when of `last_seen`) may stand here; the notes say so.
    """

    case_number: CaseNumber
    reason: Reason
    expires: Moment | None = None
    remove: Annotated[tuple[ShortText, ...], Meta(max_length=REMOVED_MAX)] = ()
    status: Literal["actual", "exercise", "test"] | None = None
    reported_at: Moment | None = None
    child: Child | None = None
    children: Annotated[tuple[Child, ...], Meta(min_length=1, max_length=CHILDREN_MAX)] | None = None
    last_seen: LastSeenUpdate | None = None
    contact: ContactUpdate | None = None
    area: RequestedArea | None = None
    subject: SubjectUpdate | None = None
    kind: CaseKind | None = None
    companions: Annotated[tuple[Companion, ...], Meta(max_length=COMPANIONS_MAX)] | None = None
    vehicle: Vehicle | None = None
    guidance: Annotated[str, Meta(min_length=1, max_length=60)] | None = None
    issuer: Annotated[str, Meta(min_length=1, max_length=40)] | None = None
    photos: Annotated[tuple[Photo, ...], Meta(max_length=PHOTOS_MAX)] | None = None
    places: Annotated[tuple[SeenPlace, ...], Meta(max_length=PLACES_MAX)] | None = None
    texts: Annotated[dict[LanguageTag, OwnText], Meta(max_length=TEXTS_MAX)] | None = None
    basis: Basis | None = None
    internal: Internal | None = None
