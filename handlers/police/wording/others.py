"""Writes who is with the one who is missing, the vehicle, and what people are to do or not to do.

Plate and guidance stand in every language as the police give them. Bounded by the case.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers.police.case.missing import CHILD_AGE_MAX
from handlers.police.wording.letters import of_language
from handlers.police.wording.looks import body_of, sentence
from push.message.bidi import isolated
from push.message.parts import Importance, Part

if TYPE_CHECKING:
    from handlers.police.case.details import Companion, Vehicle
    from push.message.catalogues import Catalogue


def vehicle_parts(vehicle: Vehicle | None, words: Catalogue) -> tuple[Part, ...]:
    """Return plate and colour, then what else is known of the vehicle."""
    if vehicle is None:
        return ()
    plate = [] if vehicle.plate is None else [plate_part(vehicle.plate, words)]
    phrases = (
        (vehicle.colour, words.vehicle.colour, "colour", Importance.COLOUR),
        (vehicle.make, words.vehicle.make, "make", Importance.REST),
        (vehicle.direction, words.vehicle.direction, "direction", Importance.REST),
    )
    others = [
        Part(phrase.format(**{name: value}), importance, elastic=(value,))
        for given, phrase, name, importance in phrases
        for value in of_language([given], words)
    ]
    return sentence([*plate, *others], words.comma)


def plate_part(plate: str, words: Catalogue | None) -> Part:
    """Return the plate as it is shown; without words it stands alone."""
    least = isolated(plate)
    text = least if words is None else words.vehicle.plate.format(plate=least)
    return Part(text, Importance.PLATE, least=least)


def companion_parts(companions: tuple[Companion, ...], words: Catalogue) -> tuple[Part, ...]:
    """Return a sentence for each companion of whom anything can be said in this language."""
    return tuple(part for one in companions for part in _companion(one, words))


def guidance_parts(guidance: str | None, words: Catalogue) -> tuple[Part, ...]:
    """Return what people are to do: a well-known code in this language, any other text as it is."""
    if guidance is None:
        return ()
    text = words.guidance.get(guidance) or isolated(guidance)
    return (Part(text, Importance.GUIDANCE, least=text),)


def _companion(one: Companion, words: Catalogue) -> tuple[Part, ...]:
    """Return who a companion is, and then the looks: in a sentence."""
    relation, looks = of_language([one.relation], words), of_language([one.looks], words)
    name = [] if one.name is None else [isolated(one.name)]
    age = [] if one.age is None else [words.companion.age.format(age=one.age)]
    is_child = one.age is not None and one.age <= CHILD_AGE_MAX
    sex = body_of(one.sex, None, words, is_child=is_child)
    height = body_of("unknown", one.height_cm, words, is_child=is_child)
    said = [
        (Importance.COMPANION, [*relation, *name, *sex], [*relation, *name]),
        (Importance.COMPANION_LOOKS, [*age, *height, *looks], looks),
    ]
    parts = [(kind, words.comma.join(values), tuple(elastic)) for kind, values, elastic in said if values]
    if not parts:
        return ()
    (_, text, elastic), *others = parts
    begun = Part(words.companion.one.format(companion=text), Importance.COMPANION, elastic=elastic)
    return sentence([begun, *(Part(text, kind, elastic=elastic) for kind, text, elastic in others)], words.comma)
