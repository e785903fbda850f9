"""The names of this server's parameters in CAP, and which field of a case each is.

Senders write them in any case, with or without `child`, and with either spelling of colour. Bounded by the table.
"""

from __future__ import annotations

import re
from typing import Final

PREFIX: Final = "qq-alert:"
NAME: Final = "name"
AGE: Final = "age"
CLOTHING: Final = "clothing"
SUBJECT_KIND: Final = "subject_kind"
KIND: Final = "kind"
INTERNAL: Final = "internal"
UNKNOWN: Final = "unknown"

SHORT_TEXTS: Final = {"wirelesstext": 600, "cmamlongtext": 360, "cmamtext": 90}
"""Texts for small screens, the longest first, with the characters that each may have: IPAWS' of WEA, and Canada's."""

FIELDS: Final = {
    "name": NAME,
    "age": AGE,
    "clothing": CLOTHING,
    "sex": "sex",
    "gender": "sex",
    "height": "height_cm",
    "heightcm": "height_cm",
    "features": "features",
    "nickname": "nicknames",
    "nicknames": "nicknames",
    "build": "build",
    "hair": "hair",
    "language": "languages",
    "languages": "languages",
    "accent": "accent",
    "kind": KIND,
    "subjectkind": SUBJECT_KIND,
    "guidance": "guidance",
    "issuer": "issuer",
    "companion": "companion.looks",
    "companionlooks": "companion.looks",
    "companionclothing": "companion.looks",
    "companionname": "companion.name",
    "companionrelation": "companion.relation",
    "companionsex": "companion.sex",
    "companionage": "companion.age",
    "companionheight": "companion.height_cm",
    "companionheightcm": "companion.height_cm",
    "plate": "vehicle.plate",
    "vehicleplate": "vehicle.plate",
    "vehiclecolour": "vehicle.colour",
    "vehiclemake": "vehicle.make",
    "vehicledirection": "vehicle.direction",
}
"""Fields by the letters of their names; one of a child stands behind `child` or `subject` as well."""

SEALED: Final = frozenset({"medical", "custody", "school", "address", "notes", "criteria", "consent"})
"""What only the police know: a CAP message of the scope Public is no place for it."""

_NO_LETTERS: Final = re.compile("[^a-z]")
_OF_WHOM: Final = re.compile("^(child|subject)")
_CAMEL: Final = re.compile("(?<=[a-z])(?=[A-Z])")


def field_of(name: str) -> str | None:
    """Return the field of a parameter; None where it is none of this server's, `INTERNAL` or `UNKNOWN` where it is."""
    written = name.strip().lower()
    if not written.startswith(PREFIX):
        return None
    letters = _NO_LETTERS.sub("", written.removeprefix(PREFIX)).replace("color", "colour")
    bare = _OF_WHOM.sub("", letters)
    if letters.startswith(INTERNAL) or any(bare.startswith(one) for one in SEALED):
        return INTERNAL
    return FIELDS.get(letters) or FIELDS.get(bare, UNKNOWN)


def short_text_of(name: str) -> str | None:
    """Return which short text a parameter is; Canada's have a prefix, as `layer:SOREM:2.0:WirelessText`."""
    letters = name.strip().rpartition(":")[2].lower()
    return letters if letters in SHORT_TEXTS else None


def word_of(value: str) -> str:
    """Return a word of a list as JSON cases have it: `familyAbduction` and `Family abduction` are one."""
    return re.sub(r"[\s-]+", "_", _CAMEL.sub("_", value.strip())).lower()
