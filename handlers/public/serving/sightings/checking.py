"""Checks what somebody typed, and makes a report of it; what is wrong is named by its field.

Pure. Bounded by the lengths of `public.sightings.content`.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from handlers.values.text import clean, clean_line
from public.sightings.content import CONTACT_MAX, PHOTOS_MAX, PLACE_MAX, WHAT_MAX, Report, Said

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from handlers.public.serving.sightings.reading import Form

AHEAD: Final = timedelta(minutes=15)
"""So far clocks may differ."""

OLDEST: Final = timedelta(days=366)
ACCURACY_MAX_M: Final = 1_000_000.0


class Fault:
    """What is wrong with a field, as the catalogues name it."""

    NOTHING: Final = "nothing"
    TOO_LONG: Final = "too_long"
    NO_TIME: Final = "no_time"
    FUTURE: Final = "future"
    OLD: Final = "old"
    NO_PLACE: Final = "no_place"
    TOO_MANY_PHOTOS: Final = "too_many_photos"


class Meant(msgspec.Struct, frozen=True, kw_only=True):
    """What a form means; only without faults a report is made of it."""

    said: Said
    seen_at: datetime | None
    longitude: float | None
    latitude: float | None
    accuracy_m: float | None


def check(form: Form, now: datetime, zone: ZoneInfo) -> Meant:
    """Return what a form means, and add what is wrong to its faults.

    `zone`: of the place, in which the page shows times; what is typed is meant in it, wherever who types is.
    """
    values, faults = form.values, form.faults
    what, place = clean(values.get("what", "")), clean_line(values.get("place", ""))
    contact = clean_line(values.get("contact", ""))
    for name, text, most in (("what", what, WHAT_MAX), ("place", place, PLACE_MAX), ("contact", contact, CONTACT_MAX)):
        if len(text) > most:
            faults.setdefault(name, Fault.TOO_LONG)
    if len(form.uploads) > PHOTOS_MAX:
        faults.setdefault("photo", Fault.TOO_MANY_PHOTOS)
    seen_at = _time(values.get("seen_at", ""), now, zone, faults)
    values["seen_at"] = _typed(values.get("seen_at", ""), zone)
    longitude, latitude = _degrees(values.get("longitude", ""), 180), _degrees(values.get("latitude", ""), 90)
    if (longitude is None) != (latitude is None):
        faults.setdefault("place", Fault.NO_PLACE)
    if not what and not form.uploads:
        faults.setdefault("what", Fault.NOTHING)
    accuracy_m = _degrees(values.get("accuracy_m", ""), ACCURACY_MAX_M)
    return Meant(
        said=Said(what=what, place=place, contact=contact, language=clean_line(values.get("language", ""))[:35]),
        seen_at=seen_at,
        longitude=longitude,
        latitude=latitude,
        accuracy_m=None if accuracy_m is None or longitude is None else abs(accuracy_m),
    )


def id_of(form: Form, code: str, meant: Meant) -> UUID:
    """Return the id of a report: the same one where a browser sends the same form again."""
    parts = (code, form.values.get("form", ""), meant, tuple(form.uploads))
    return UUID(bytes=hashlib.sha256(msgspec.json.encode(parts)).digest()[:16], version=4)


def report_of(sighting: UUID, code: str, receipt: str, meant: Meant, block: str, *, proved: bool) -> Report:
    """Return the report that is sealed, received now."""
    return Report(
        id=sighting,
        code=code,
        receipt=receipt,
        received_at=datetime.now(UTC),
        said=meant.said,
        seen_at=meant.seen_at,
        longitude=meant.longitude,
        latitude=meant.latitude,
        accuracy_m=meant.accuracy_m,
        block=block,
        proved=proved,
    )


def _time(text: str, now: datetime, zone: ZoneInfo, faults: dict[str, str]) -> datetime | None:
    if not text.strip():
        return None
    try:
        at = datetime.fromisoformat(text.strip())
        at = at.replace(tzinfo=zone) if at.tzinfo is None else at
        at = at.astimezone(UTC)
    except (ValueError, OverflowError):
        faults.setdefault("seen_at", Fault.NO_TIME)
        return None
    if at > now + AHEAD:
        faults.setdefault("seen_at", Fault.FUTURE)
    elif at < now - OLDEST:
        faults.setdefault("seen_at", Fault.OLD)
    return min(at, now)


def _typed(text: str, zone: ZoneInfo) -> str:
    """Return a time as the field takes it again: "YYYY-MM-DDTHH:MM"; empty for what is no time."""
    try:
        at = datetime.fromisoformat(text.strip())
        return (at if at.tzinfo is None else at.astimezone(zone)).strftime("%Y-%m-%dT%H:%M")
    except (ValueError, OverflowError):
        return ""


def _degrees(text: str, most: float) -> float | None:
    """Return a number whose size is at most `most`; None for all else, which nobody typed."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if isfinite(number) and abs(number) <= most else None
