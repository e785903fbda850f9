"""Finds the place that coordinates or a city code mean, or says what looks wrong.

Never a guess, never wider: a place that cannot be meant is refused with what it looks like. Bounded by its fields.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Protocol

import msgspec
import numpy as np
import shapely
from msgspec import Meta

from geo.crs import Crs, to_wgs84
from geo.division_codes import digits_of, division_of
from geo.polygon import PolygonError, load
from handlers.http.problems import FieldError, UnreadableAuthorityError
from handlers.values.cleaning import Expected, cleaned_by
from push.fanout.areas import INLINE_BYTES, VERTEX_BYTES, Place

if TYPE_CHECKING:
    from shapely.geometry import MultiPolygon

    from geo.cities import Cities

CITY_DISTANCE_KM = 100.0
"""A child last seen farther than this from the city that the case names: one of both is wrong."""

CHINA = (73.0, 3.0, 136.0, 54.0)
"""West, south, east, north (degrees), rounded outwards: GB/T 2260, whose six digits a city has, knows no others."""

CITY_UNCHECKED = "the city is not checked, and no part of the area: no boundaries of cities are configured"

SWAPPED = "latitude and longitude look swapped"


CODE_EXPECTED = "a division code of six digits (GB/T 2260) is expected, or of 9 or 12, as towns and villages have"


def _city_code(text: str) -> str | Expected:
    return digits_of(text) or Expected(CODE_EXPECTED)


CityCode = Annotated[str, Meta(pattern="^([0-9]{6}|[0-9]{9}|[0-9]{12})$"), cleaned_by(_city_code)]
"""The code of a city, or of a district, county, town or village, which names the city that it lies in."""


class Where(Protocol):
    """What a case or a request for an estimate says of a place."""

    @property
    def longitude(self) -> float | None:
        """Degrees in `crs`."""

    @property
    def latitude(self) -> float | None:
        """Degrees in `crs`."""

    @property
    def crs(self) -> Crs:
        """The system of the coordinates."""

    @property
    def city(self) -> str | None:
        """Six digits."""


def locate(
    where: Where, path: str, cities: Cities | None, jurisdiction: MultiPolygon | None
) -> Place | list[FieldError]:
    """Return the place, with its city where boundaries are known, or the fields that cannot be meant."""
    if (where.longitude is None) != (where.latitude is None):
        return [FieldError(path, "no usable place: longitude and latitude belong together")]
    if where.longitude is None or where.latitude is None:
        return _city_alone(where.city, path, cities, jurisdiction)
    named = _known_city(where.city, cities)
    if where.longitude == 0 and where.latitude == 0:
        return [FieldError(path, "no usable place: (0, 0) is where missing coordinates end up")]
    columns = to_wgs84(np.array([where.longitude]), np.array([where.latitude]), where.crs)
    longitude, latitude = (float(column[0]) for column in columns)
    wrong = _looks_wrong(longitude, latitude, named, cities, jurisdiction)
    if wrong is not None:
        return [FieldError(path, f"no usable place: {wrong}")]
    city = named or (None if cities is None else cities.at(longitude, latitude))
    boundary = None if city is None or cities is None else cities.polygon(city)
    return Place(longitude=longitude, latitude=latitude, city=city, boundary=boundary, jurisdiction=jurisdiction)


def jurisdiction_of(wkb: bytes) -> MultiPolygon:
    """Return a jurisdiction of the record (WKB); UnreadableAuthorityError where it is none any more."""
    try:
        return load(wkb)
    except PolygonError:
        raise UnreadableAuthorityError from None


def limit_of(jurisdiction: bytes | None) -> MultiPolygon | None:
    """Return the jurisdiction of an authority as `jurisdiction_of`, None where it has none."""
    return None if jurisdiction is None else jurisdiction_of(jurisdiction)


async def locate_within(
    where: Where, path: str, cities: Cities | None, jurisdiction: bytes | None
) -> Place | list[FieldError]:
    """Do as `locate` with a jurisdiction of the record (WKB), beside the event loop where polygons are large."""

    def located() -> Place | list[FieldError]:
        return locate(where, path, cities, limit_of(jurisdiction))

    size = len(jurisdiction or b"") + (0 if cities is None else VERTEX_BYTES * cities.vertices_max)
    return located() if size <= INLINE_BYTES else await asyncio.to_thread(located)


def notes_on_city(where: Where, cities: Cities | None) -> list[str]:
    """Return what the sender should know of the city that it named beside coordinates."""
    if where.city is None:
        return []
    if cities is None:
        return [CITY_UNCHECKED]
    hint = division_of(where.city, cities).hint
    return [f"the city {where.city} is left aside, its place counts: {hint}"] if hint else []


def _known_city(code: str | None, cities: Cities | None) -> str | None:
    """Return the city that a code names; without boundaries it stands as it is."""
    return code if code is None or cities is None else division_of(code, cities).city


def _city_alone(
    city: str | None, path: str, cities: Cities | None, jurisdiction: MultiPolygon | None
) -> Place | list[FieldError]:
    if city is None:
        return [FieldError(path, "no usable place: coordinates or a city are needed, nothing is sent")]
    if cities is None:
        return [FieldError(path, "no usable place: no city boundaries are configured, so coordinates are needed")]
    division = division_of(city, cities)
    boundary = None if division.city is None else cities.polygon(division.city)
    if boundary is None:
        return [FieldError(f"{path}.city", f"no usable place: {division.hint}")]
    city = division.city
    if jurisdiction is not None and shapely.intersection(boundary, jurisdiction).area == 0:
        return [FieldError(f"{path}.city", "no usable place: the city lies outside of the authority's jurisdiction")]
    return Place(city=city, boundary=boundary, jurisdiction=jurisdiction)


def _looks_wrong(
    longitude: float, latitude: float, city: str | None, cities: Cities | None, jurisdiction: MultiPolygon | None
) -> str | None:
    """Say why a place cannot be meant, None when it can."""
    swapped = (latitude, longitude) if abs(longitude) <= 90 else None  # noqa: PLR2004 - the poles
    if jurisdiction is not None and not shapely.contains_xy(jurisdiction, longitude, latitude):
        if swapped is not None and shapely.contains_xy(jurisdiction, *swapped):
            return SWAPPED
        return "it lies outside of the authority's jurisdiction"
    if cities is None:
        return None if city is None else _outside_of_china(longitude, latitude)
    if city is not None:
        away_km = cities.distance_km(city, longitude, latitude)
        if away_km <= CITY_DISTANCE_KM:
            return None
        if swapped is not None and cities.distance_km(city, *swapped) <= CITY_DISTANCE_KM:
            return SWAPPED
        return f"it lies {away_km:.0f} km from city {city}: one of both is wrong"
    if swapped is not None and cities.at(longitude, latitude) is None and cities.at(*swapped) is not None:
        return SWAPPED
    return None


def _outside_of_china(longitude: float, latitude: float) -> str | None:
    """Say that a place is not where the city that is given for it must be: all that is known without boundaries."""
    west, south, east, north = CHINA
    if west <= longitude <= east and south <= latitude <= north:
        return None
    return SWAPPED if west <= latitude <= east and south <= longitude <= north else "it lies outside of China"


def hinted(errors: list[FieldError]) -> list[FieldError]:
    """Return errors with what a latitude beyond the poles looks like."""
    return [
        msgspec.structs.replace(error, detail=f"{error.detail}; {SWAPPED}")
        if error.path.endswith(".latitude")
        and "float" in error.detail
        and ("<=" in error.detail or ">=" in error.detail)
        else error
        for error in errors
    ]
