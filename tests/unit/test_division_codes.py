"""Division codes: a district, a town or a village is in its city, and what no longer exists is said so."""

from __future__ import annotations

import pytest

from geo.division_codes import ABOLISHED, division_of

KNOWN = {"440300", "110000", "500000", "429004", "469005", "659001", "370100", "340100", "810000"}


@pytest.mark.parametrize(
    ("code", "city"),
    [
        ("440300", "440300"),
        ("440304", "440300"),
        ("440304001", "440300"),
        ("440304001002", "440300"),
        ("４４０３０４", "440300"),
        (" 440304\n", "440300"),
        ("110000", "110000"),
        ("110100", "110000"),
        ("110105", "110000"),
        ("500112", "500000"),
        ("500229", "500000"),
        ("429004", "429004"),
        ("469005", "469005"),
        ("659001", "659001"),
        ("810001", "810000"),
    ],
)
def test_a_code_below_a_city_names_its_city(code: str, city: str) -> None:
    """By four digits, by two for the municipalities; counties that answer to their province stay themselves."""
    assert division_of(code, KNOWN).city == city


@pytest.mark.parametrize("code", ["", "4403", "44030", "4403041", "44030a", "999999", "440000", "-40304"])
def test_a_code_of_no_known_city_names_none(code: str) -> None:
    """A province, too few digits, letters: nothing is guessed, and it is said what is expected."""
    division = division_of(code, KNOWN)
    assert division.city is None
    assert division.hint


def test_what_was_abolished_is_said_with_what_stands_in_its_place() -> None:
    """Laiwu became a part of Jinan, Chaohu of Hefei; a code that is abolished is no successor of another."""
    assert "370100" in division_of("371202", KNOWN).hint
    assert "340100" in division_of("341400", KNOWN).hint
    assert not set(ABOLISHED) & set(ABOLISHED.values())
