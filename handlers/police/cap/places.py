"""Makes one place that the server can search of a message's areas, or says why there is none.

Never wider than what the message says, and never a guess: an area that names nothing usable is refused. Of an area with
a shape, geocodes of other systems are left aside and named. Bounded by the document, its cities by `CITIES_MAX`, the
union of its polygons by `CROSSINGS_MAX`, which is looked at first: it may be as large as all edges times all edges.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from shapely.geometry import MultiPolygon

from geo.division_codes import digits_of
from geo.polygon import read_geometry
from geo.union import united
from handlers.cap.model import Circle
from handlers.http.problems import FieldError
from handlers.places import CODE_EXPECTED

if TYPE_CHECKING:
    from handlers.cap.model import Area, Message, Named, Ring

CITY_GEOCODES = frozenset({"adcode", "gb/t2260", "gbt2260", "gb2260"})
"""Names of GB/T 2260's codes of administrative divisions, without case and spaces: `adcode` is what Chinese maps call
them, the others are the standard's own number. Any other system of codes would have to be guessed."""

CITIES_MAX = 40
"""No province has more."""

CROSSINGS_MAX = 1_000
"""Polygons that overlap as one draws them cross some dozen times. A union of this size takes 10 ms."""

POLYGONS = "/alert/info[1]/area[1]/polygon"


class CapPlace(msgspec.Struct, frozen=True, kw_only=True):
    """Where a message is: at most one circle, the union of its polygons, its city codes, and what was left aside."""

    circle: Circle | None = None
    polygon: MultiPolygon | None = None
    cities: list[str] = []
    left_aside: list[str] = []
    """Paths of geocodes of other systems, in areas that have a shape as well."""


def place_of(message: Message) -> CapPlace | list[FieldError]:
    """Return the place of a message, the union of all its areas, or which area cannot be used."""
    gathered = _Gathered()
    for number, info in enumerate(message.infos, 1):
        if not info.areas:
            gathered.refuse(f"/alert/info[{number}]", "no usable place: it has no area, nothing is sent")
        for place, area in enumerate(info.areas, 1):
            gathered.add(area, f"/alert/info[{number}]/area[{place}]")
    return gathered.errors or gathered.place()


class _Gathered:
    def __init__(self) -> None:
        self.errors: list[FieldError] = []
        self._circles: dict[Circle, None] = {}
        self._rings: dict[Ring, None] = {}
        self._cities: dict[str, None] = {}
        self._left_aside: list[str] = []

    def refuse(self, path: str, why: str) -> None:
        self.errors.append(FieldError(path, why))

    def add(self, area: Area, path: str) -> None:
        """Take in an area; areas that are repeated in another language count once."""
        if area.altitude is not None:
            self.refuse(
                f"{path}/altitude", "altitudes of phones are not known, so such an area cannot be meant exactly"
            )
        foreign = [
            f"{path}/geocode[{place}]"
            for place, code in enumerate(area.geocodes, 1)
            if not self._is_city(code, f"{path}/geocode[{place}]")
        ]
        for place, circle in enumerate(area.circles, 1):
            self._add_circle(circle, f"{path}/circle[{place}]")
        self._rings.update(dict.fromkeys(area.polygons))
        if area.polygons or area.circles or len(foreign) < len(area.geocodes):
            self._left_aside += foreign
        else:
            names = ", ".join(sorted({code.name for code in area.geocodes})) or "nothing"
            self.refuse(path, f"no usable place: neither circle, polygon nor a GB/T 2260 code (`adcode`) but {names}")

    def _add_circle(self, circle: Circle, path: str) -> None:
        if circle.radius_km == 0:
            self.refuse(path, "no usable place: there is nobody within 0 km")
        elif circle.longitude == 0 and circle.latitude == 0:
            self.refuse(path, "no usable place: (0, 0) is where missing coordinates end up")
        elif self._circles and circle not in self._circles:
            self.refuse(path, "another circle: an alert has one centre")
        else:
            self._circles[circle] = None

    def _is_city(self, code: Named, path: str) -> bool:
        if "".join(code.name.split()).lower() not in CITY_GEOCODES:
            return False
        digits = digits_of(code.value)
        if digits is not None:
            self._cities[digits] = None
            if len(self._cities) == CITIES_MAX + 1:
                self.refuse(path, f"at most {CITIES_MAX} cities in all")
        else:
            self.refuse(path, f"no usable place: {CODE_EXPECTED}")
        return True

    def place(self) -> CapPlace | list[FieldError]:
        polygon = _united(list(self._rings))
        if isinstance(polygon, FieldError):
            return [polygon]
        return CapPlace(
            circle=next(iter(self._circles), None),
            polygon=polygon,
            cities=list(self._cities),
            left_aside=self._left_aside,
        )


def _united(rings: list[Ring]) -> MultiPolygon | FieldError | None:
    """Return the union of rings that the reader found valid, None without any, or that it would be too large."""
    if not rings:
        return None
    shapes = [read_geometry({"type": "Polygon", "coordinates": [ring]}, repairs=False) for ring in rings]
    union = united(shapes, CROSSINGS_MAX)
    return (
        FieldError(POLYGONS, f"the polygons cross each other more than {CROSSINGS_MAX} times")
        if union is None
        else union
    )
