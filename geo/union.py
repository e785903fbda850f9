"""Unite shapes whose union stays small: combs that cross each other n times m times are refused before it is computed.

Each crossing of two edges adds at most two vertices, so a union has at most those of its shapes and twice as many as
there are crossings. Bounded: the crossings that a caller allows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import shapely

from geo.crossings import crossings
from geo.polygon import polygons_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shapely.geometry import MultiPolygon


def united(shapes: Sequence[shapely.Geometry], crossings_max: int) -> MultiPolygon | None:
    """Return the union of valid shapes, None when their edges cross more often than that."""
    if len(shapes) > 1 and crossings(shapes, crossings_max) > crossings_max:
        return None
    return polygons_of(shapely.union_all(list(shapes)))
