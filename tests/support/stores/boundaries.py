"""Real city boundaries for tests, from the extra `cn`: as polygons, or as settings of a server. Read once."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING

from shapely.geometry import shape

from geo.cities import Cities, read_cities
from server.demo.scene import ADCODE_PREFIX, ADCODE_PROPERTY, boundaries

if TYPE_CHECKING:
    from pathlib import Path

    from shapely.geometry.base import BaseGeometry

SHENZHEN, CHONGQING, BAYINGOLIN, ZHOUSHAN, HONG_KONG = "440300", "500000", "652800", "330900", "810000"


def file() -> Path:
    """Return the file of boundaries; the tests need it."""
    found = boundaries()
    assert found is not None, "the tests need the extra 'cn'"
    return found


@cache
def cities() -> Cities:
    """Return the cities as the server reads them."""
    return read_cities(file(), ADCODE_PROPERTY, ADCODE_PREFIX)


@cache
def as_published() -> dict[str, BaseGeometry]:
    """Return the cities by code, read independently of the server's code."""
    content = json.loads(file().read_text(encoding="utf-8"))
    return {
        feature["properties"][ADCODE_PROPERTY].removeprefix(ADCODE_PREFIX): shape(feature["geometry"])
        for feature in content["features"]
    }


def env() -> dict[str, str]:
    """Return the settings of a server that knows these cities."""
    return {
        "QQ_ALERT_CITIES__FILE": str(file()),
        "QQ_ALERT_CITIES__ADCODE_PROPERTY": ADCODE_PROPERTY,
        "QQ_ALERT_CITIES__ADCODE_PREFIX": ADCODE_PREFIX,
    }
