"""Administrative division codes (GB/T 2260): names the city of a district, a town or a village by its code.

A code of six digits is a city's, a district's or a county's; nine and twelve digits are those of towns and villages in
it. Cities are the prefectures (four digits and `00`), the four municipalities (two digits), and counties that answer to
their province alone, which keep their own code. Bounded by the code.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Container

MUNICIPALITIES: Final = frozenset({"11", "12", "31", "50"})
"""Beijing, Tianjin, Shanghai and Chongqing: provinces that are one city."""

CODE_DIGITS: Final = 6
LONGER_DIGITS: Final = frozenset({9, 12})

ABOLISHED: Final = {
    "152100": "150700",
    "152600": "150900",
    "152700": "150600",
    "152800": "150800",
    "341400": "340100",
    "371200": "370100",
    "452100": "451400",
    "452200": "451300",
    "452400": "451100",
    "452600": "451000",
    "452700": "451200",
    "522200": "520600",
    "522400": "520500",
    "532700": "530800",
    "533200": "530700",
    "533500": "530900",
    "542100": "540300",
    "542200": "540500",
    "542300": "540200",
    "542400": "540600",
    "542600": "540400",
    "612400": "610900",
    "612500": "611000",
    "622400": "621100",
    "622600": "621200",
    "632100": "630200",
    "652100": "650400",
    "652200": "650500",
}
"""Codes of cities and prefectures abolished since 2000, and the city that most of each belongs to today."""


class Division(NamedTuple):
    """What a code names: the `city` that is known, None where none is; `hint`: what may be meant instead."""

    city: str | None
    hint: str = ""


def division_of(code: str, known: Container[str]) -> Division:
    """Return the city among `known` that a code names, or lies in."""
    digits = digits_of(code)
    if digits is None:
        return Division(None, "a division code has 6 digits (GB/T 2260), or 9 or 12 as those of towns and villages")
    for candidate in _candidates(digits):
        if candidate in known:
            return Division(candidate)
    successor = ABOLISHED.get(digits[:4] + "00")
    if successor is not None:
        return Division(None, f"{digits[:4]}00 was abolished; most of it is {successor} today")
    return Division(None, "no such city in the configured boundaries")


def digits_of(code: str) -> str | None:
    """Return the six digits of a code, None when it has no form of one."""
    digits = unicodedata.normalize("NFKC", code).strip()
    if not digits.isascii() or not digits.isdigit() or len(digits) not in {CODE_DIGITS, *LONGER_DIGITS}:
        return None
    return digits[:CODE_DIGITS]


def _candidates(digits: str) -> tuple[str, ...]:
    """Return the codes under which a division's city may be known, the nearest first."""
    if digits[:2] in MUNICIPALITIES:
        return digits, f"{digits[:2]}0000", f"{digits[:2]}0100"
    return digits, f"{digits[:4]}00"
