"""What strangers need besides: who is with the child, in which vehicle, on which pictures; and what they never see.

Bounded by the counts of `case.Case` and by the texts' types.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from geo.crs import Crs
from handlers.moments import Moment
from handlers.places import CityCode
from handlers.police.case.fields import Height, ShortText, Text, WebAddress
from handlers.police.case.missing import AGE_MAX, Sex


class Companion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who is believed to be with the child: `relation` as the police say it, such as father or suspect."""

    name: ShortText | None = None
    relation: ShortText | None = None
    sex: Sex = "unknown"
    age: Annotated[int, Meta(ge=0, le=AGE_MAX)] | None = None
    height_cm: Height | None = None
    looks: Text | None = None


class Vehicle(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The vehicle that the child is believed to be in; `direction`: where it was going."""

    plate: Annotated[str, Meta(min_length=1, max_length=20)] | None = None
    colour: Annotated[str, Meta(min_length=1, max_length=40)] | None = None
    make: ShortText | None = None
    direction: ShortText | None = None


class Photo(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A picture: of whom or what, and when it was taken where that is known."""

    url: WebAddress
    of: Literal["child", "companion", "vehicle"]
    taken: Moment | None = None


class Internal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What only the police and those who judge the case read: sealed, never on a phone or a page."""

    medical: Text | None = None
    custody: Text | None = None
    school: Text | None = None
    address: Text | None = None
    notes: Text | None = None


class SeenPlace(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the police know, or believe, that the child was later; degrees in `crs`.

    `mode`: how the child moves on from there, as far as it is known.
    """

    at: Moment
    longitude: Annotated[float, Meta(ge=-180, le=180)]
    latitude: Annotated[float, Meta(ge=-90, le=90)]
    crs: Crs = Crs.WGS84
    place: Text | None = None
    city: CityCode | None = None
    confidence: Literal["confirmed", "probable", "possible"] = "probable"
    mode: Literal["foot", "car", "rail"] | None = None
