"""The case as the police file it: JSON flows in, a checked case with its title and text for phones flows out.

Bounded: every text field by its length, the body by `BODY_BYTES`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta

from geo.crs import Crs, to_wgs84
from handlers.problems import FieldError

BODY_BYTES = 64 * 1024

Text = Annotated[str, Meta(min_length=1, max_length=500)]
ShortText = Annotated[str, Meta(min_length=1, max_length=100)]
Moment = Annotated[datetime, Meta(tz=True)]


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


class Case(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A missing-child case."""

    case_number: Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._/-]+$")]
    status: Literal["actual", "exercise", "test"]
    reported_at: Moment
    child: Child
    last_seen: LastSeen
    contact: Contact


def place_of(case: Case) -> tuple[float, float] | list[FieldError]:
    """Return (longitude, latitude) of a case in WGS-84, or what is wrong with its place: never a guess, never wider."""
    seen = case.last_seen
    if seen.longitude is None or seen.latitude is None:
        return [FieldError("$.last_seen", "no usable place: longitude and latitude are needed, nothing is sent")]
    if seen.longitude == 0 and seen.latitude == 0:
        return [FieldError("$.last_seen", "no usable place: (0, 0) is where missing coordinates end up")]
    longitudes, latitudes = to_wgs84(np.array([seen.longitude]), np.array([seen.latitude]), seen.crs)
    return float(longitudes[0]), float(latitudes[0])


def unsupported(case: Case) -> list[FieldError]:
    """Return why a case cannot be sent although it is well formed."""
    if case.status != "actual":
        return [FieldError("$.status", "exercises and tests have no lane yet that is kept from real phones; not sent")]
    return []


def title_of(case: Case) -> str:
    """Return the first line on the phone."""
    age = "" if case.child.age is None else f"，{case.child.age}岁"
    return f"寻找走失儿童：{case.child.name}{age}"


def text_of(case: Case) -> str:
    """Return what the phone says: where and when, what the child looks like, whom to call."""
    child, seen = case.child, case.last_seen
    sex = {"male": "男", "female": "女", "unknown": ""}[child.sex]
    looks = [
        sex,
        "" if child.height_cm is None else f"身高{child.height_cm}厘米",
        child.clothing or "",
        child.features or "",
    ]
    where = seen.place or "附近"
    described = "，".join(part for part in looks if part)
    when = f"{seen.at:%m月%d日%H:%M}"
    stop = "。" if described else ""
    call = f"如有线索请联系{case.contact.name}：{case.contact.phone}"
    return f"{when}在{where}走失。{described}{stop}{call}"
