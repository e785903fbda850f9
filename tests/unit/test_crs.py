"""Coordinate systems: positions on Chinese maps become WGS-84, as in two published libraries."""

from __future__ import annotations

import geocoordinates_ffi
import numpy as np
import prcoords
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.area import distances_km
from geo.crs import Crs, from_wgs84, to_wgs84

MILLIMETRE_DEG = 1e-8
PLACES = 2000
SHENZHEN = (114.0579, 22.5431)


def _china() -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], np.ndarray[tuple[int], np.dtype[np.float64]]]:
    rng = np.random.default_rng(7)
    return rng.uniform(74, 134, PLACES), rng.uniform(18, 53, PLACES)


@pytest.mark.parametrize(
    ("crs", "oracle"), [(Crs.GCJ02, prcoords.wgs_gcj), (Crs.BD09, prcoords.wgs_bd)], ids=["gcj02", "bd09"]
)
def test_the_shift_is_that_of_prcoords(crs: Crs, oracle: object) -> None:
    """2,000 places in China: the same to a millimetre."""
    assert callable(oracle)
    longitudes, latitudes = _china()
    shifted_lon, shifted_lat = from_wgs84(longitudes, latitudes, crs)
    expected = [oracle(prcoords.Coords(lat, lon)) for lon, lat in zip(longitudes, latitudes, strict=True)]
    assert np.allclose(shifted_lon, [place.lon for place in expected], rtol=0, atol=MILLIMETRE_DEG)
    assert np.allclose(shifted_lat, [place.lat for place in expected], rtol=0, atol=MILLIMETRE_DEG)


def test_the_inverse_is_that_of_geocoordinates() -> None:
    """2,000 places on maps in China: the same WGS-84 to a millimetre, from both systems."""
    longitudes, latitudes = _china()
    for crs, place, inverse in (
        (Crs.GCJ02, geocoordinates_ffi.Gcj02, geocoordinates_ffi.gcj02_to_wgs84_refined),
        (Crs.BD09, geocoordinates_ffi.Bd09, geocoordinates_ffi.bd09_to_wgs84_refined),
    ):
        found_lon, found_lat = to_wgs84(longitudes, latitudes, crs)
        expected = [inverse(place(lon=lon, lat=lat)) for lon, lat in zip(longitudes, latitudes, strict=True)]
        assert np.allclose(found_lon, [each.lon for each in expected], rtol=0, atol=MILLIMETRE_DEG)
        assert np.allclose(found_lat, [each.lat for each in expected], rtol=0, atol=MILLIMETRE_DEG)


@given(
    longitude=st.floats(73, 137),
    latitude=st.floats(1, 55),
    crs=st.sampled_from([Crs.GCJ02, Crs.BD09]),
)
def test_there_and_back_is_the_same_place(longitude: float, latitude: float, crs: Crs) -> None:
    """Away from the edge of the shifted box a round trip ends where it began."""
    there = from_wgs84(np.array([longitude]), np.array([latitude]), crs)
    back = to_wgs84(*there, crs)
    assert abs(back[0][0] - longitude) < MILLIMETRE_DEG
    assert abs(back[1][0] - latitude) < MILLIMETRE_DEG


def test_the_shift_at_shenzhen_is_about_600_metres() -> None:
    """Taken for WGS-84, a map's coordinates would be wrong by far more than the index's precision."""
    shifted_lon, shifted_lat = from_wgs84(np.array([SHENZHEN[0]]), np.array([SHENZHEN[1]]), Crs.GCJ02)
    assert distances_km(*SHENZHEN, shifted_lon, shifted_lat)[0] == pytest.approx(0.606, abs=0.005)


def test_places_abroad_are_not_shifted() -> None:
    """Outside the box GCJ-02 equals WGS-84."""
    longitudes, latitudes = np.array([2.35, 139.69, -74.0]), np.array([48.86, 35.69, 40.71])
    shifted = from_wgs84(longitudes, latitudes, Crs.GCJ02)
    assert np.array_equal(shifted[0], longitudes)
    assert np.array_equal(shifted[1], latitudes)
