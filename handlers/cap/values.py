"""Reads the text of an element as a typed value, or says why there is none.

The rules are those of the CAP 1.2 data dictionary and its schema's patterns. Bounded by the text, and a polygon by
`VERTICES_MAX` before its geometry is looked at.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, TypeVar

import msgspec
import shapely

from geo.polygon import PolygonError, read_geometry
from handlers.cap.model import LANGUAGE_DEFAULT, Circle, Reference, Ring
from handlers.values.text import clean, clean_line
from handlers.values.years import OUT_OF_YEARS, is_within_years

if TYPE_CHECKING:
    from collections.abc import Callable

E = TypeVar("E", bound=Enum)

OFFSET_MAX = timedelta(hours=14)
LATITUDE_MAX, LONGITUDE_MAX = 90.0, 180.0
RING_MIN = 4
VERTICES_MAX = 2_000
"""Of a polygon, and of all polygons of a message: boundaries that we publish have 1,150, storm warnings some twenty. To
find out whether one polygon of so many is valid takes less than 20 ms, whatever its form."""

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", re.ASCII)
_UNSAFE = re.compile(r"[\s,<&]")
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
_DECIMAL = r"[+-]?\d{1,9}(?:\.\d{1,15})?"
_NUMBER = re.compile(_DECIMAL, re.ASCII)
_PAIRS = re.compile(rf"\s*+{_DECIMAL},{_DECIMAL}(?:\s++{_DECIMAL},{_DECIMAL})*+\s*+", re.ASCII)
_AUTHORITY = r"//(?:[^@/?#\[\]\r\n]*@)?(?:\[[0-9A-Fa-f:.]+\]|[^@/?#\[\]:%\r\n]*)(?::\d+)?(?=[/?#]|$)"
_PATH = r"(?:[^?#\[\]%\r\n]|%[0-9A-Fa-f]{2})*"
_END = r"(?:\?(?:[^#\[\]%\r\n]|%[0-9A-Fa-f]{2})*)?(?:#(?:[^#%\r\n]|%[0-9A-Fa-f]{2})*)?"
_ABSOLUTE = re.compile(rf"[A-Za-z][A-Za-z0-9+.-]*:(?:{_AUTHORITY}|(?!//)(?=[^?#])){_PATH}{_END}", re.ASCII)
"""A URI as the schema has it (RFC 3986), with characters of any script."""

_DIGITS = re.compile(r"\d{1,15}", re.ASCII)


class Wrong(msgspec.Struct, frozen=True):
    """Why a text is no value."""

    why: str


def moment(text: str) -> datetime | Wrong:
    """Read a time with its offset."""
    text = text.strip()
    if text.endswith(("Z", "z")):
        return Wrong("`Z` is not allowed: UTC is written -00:00")
    if not _MOMENT.fullmatch(text):
        return Wrong("not a time such as 2026-05-25T08:30:00+08:00: whole seconds, a numeric offset")
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return Wrong("no such time")
    offset = read.utcoffset()
    if offset is None or abs(offset) > OFFSET_MAX or int(text[-2:]) >= 60:  # noqa: PLR2004 - minutes
        return Wrong("no such offset")
    return read if is_within_years(read) else Wrong(OUT_OF_YEARS)


def token(text: str) -> str | Wrong:
    """Read an identifier or sender: references join them by commas and spaces."""
    text = clean_line(text)
    if not text:
        return Wrong("empty")
    return Wrong("no spaces, commas, `<` or `&` are allowed") if _UNSAFE.search(text) else text


def word_of(kind: type[E]) -> Callable[[str], E | Wrong]:
    """Return what reads a word of an enumeration."""
    words: dict[str, E] = {str(member.value): member for member in kind}

    def read(text: str) -> E | Wrong:
        return words.get(text) or Wrong(f"none of {', '.join(words)}")

    return read


def language(text: str) -> str | Wrong:
    """Read a language tag; an empty one means the default, says the standard."""
    if not text:
        return LANGUAGE_DEFAULT
    return text if _LANGUAGE.fullmatch(text) else Wrong("not a language tag such as zh-CN")


def size(text: str) -> int | Wrong:
    """Read a number of bytes."""
    return int(text) if _DIGITS.fullmatch(text) else Wrong("not a number of bytes")


def number(text: str) -> float | Wrong:
    """Read a decimal number."""
    return float(text) if _NUMBER.fullmatch(text) else Wrong("not a decimal number")


def absolute_uri(text: str) -> str | Wrong:
    """Read a URI with its scheme."""
    return text if not text or _ABSOLUTE.fullmatch(text) else Wrong("not a full URI")


def references(text: str) -> tuple[Reference, ...] | Wrong:
    """Read triples of sender, identifier and sent."""
    read: list[Reference] = []
    for triple in clean(text).split():
        parts = triple.split(",")
        if len(parts) != 3 or not parts[0] or not parts[1]:  # noqa: PLR2004 - a triple
            return Wrong("not sender,identifier,sent with white space between messages")
        sent = moment(parts[2])
        if isinstance(sent, Wrong):
            return Wrong(f"a reference's time: {sent.why}")
        read.append(Reference(parts[0], parts[1], sent))
    return tuple(read)


def circle(text: str) -> Circle | Wrong:
    """Read `latitude,longitude radius`, kilometres."""
    parts = text.split()
    if len(parts) != 2:  # noqa: PLR2004 - centre and radius
        return Wrong("not `latitude,longitude radius`")
    centre, radius_km = _point(parts[0]), number(parts[1])
    if isinstance(centre, Wrong):
        return centre
    if isinstance(radius_km, Wrong) or radius_km < 0:
        return Wrong("the radius is not a number of kilometres")
    return Circle(*centre, radius_km)


def polygon(text: str) -> Ring | Wrong:
    """Read `latitude,longitude` pairs that go around an area once, without a crossing."""
    ring = _points(text)
    if isinstance(ring, Wrong):
        return ring
    if not ring:
        return Wrong("empty")
    if len(ring) > VERTICES_MAX:
        return Wrong(f"more than {VERTICES_MAX} points")
    if len(ring) < RING_MIN:
        return Wrong("fewer than four points")
    if ring[0] != ring[-1]:
        return Wrong("the last point is not the first one")
    try:
        shape = read_geometry({"type": "Polygon", "coordinates": [ring]}, repairs=False)
    except PolygonError as error:
        return Wrong(str(error))
    return tuple(ring) if shapely.area(shape) > 0 else Wrong("there is nothing in it")


def _points(text: str) -> list[tuple[float, float]] | Wrong:
    """Read `latitude,longitude` pairs as (longitude, latitude): at once where all are good, else until one is not."""
    if _PAIRS.fullmatch(text):
        numbers = [float(number) for number in text.replace(",", " ").split()]
        latitudes, longitudes = numbers[::2], numbers[1::2]
        if max(map(abs, latitudes)) <= LATITUDE_MAX and max(map(abs, longitudes)) <= LONGITUDE_MAX:
            return list(zip(longitudes, latitudes, strict=True))
    points: list[tuple[float, float]] = []
    for pair in text.split():
        point = _point(pair)
        if isinstance(point, Wrong):
            return point
        points.append(point)
    return points


def _point(pair: str) -> tuple[float, float] | Wrong:
    """Read `latitude,longitude` as (longitude, latitude)."""
    parts = [number(part) for part in pair.split(",")]
    if len(parts) != 2:  # noqa: PLR2004 - a pair
        return Wrong("not `latitude,longitude`")
    latitude, longitude = parts
    if isinstance(latitude, Wrong) or isinstance(longitude, Wrong):
        return Wrong("not `latitude,longitude` in decimal degrees")
    if abs(latitude) > LATITUDE_MAX:
        return Wrong("a latitude beyond 90 degrees: latitude comes first")
    if abs(longitude) > LONGITUDE_MAX:
        return Wrong("a longitude beyond 180 degrees")
    return longitude, latitude
