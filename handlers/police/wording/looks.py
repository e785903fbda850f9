"""Writes by what strangers recognise somebody who is missing: the two best features, and the rest.

What describes stands only in texts of its own language. Bounded by the case.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from handlers.police.case.missing import CHILD_AGE_MAX
from handlers.police.wording.letters import of_language
from handlers.police.wording.titles import name_of
from push.message.bidi import isolated
from push.message.parts import Importance, Part

if TYPE_CHECKING:
    from collections.abc import Iterable

    from handlers.police.case.case import Case
    from handlers.police.case.missing import Missing, Sex
    from push.message.catalogues import Catalogue

FEATURES_BEST: Final = 2
"""So many things strangers look out for."""


def look_parts(case: Case, words: Catalogue) -> tuple[Part, ...]:
    """Return what they look like; of several, each after the name."""
    if len(case.missing) == 1:
        (one,) = case.missing
        return sentence([*_person(one, words), *_features(one, words), *_names(one, words)], words.comma)
    parts: list[Part] = []
    rest: list[Part] = []
    for one in case.missing:
        features = _features(one, words)
        best = [*_person(one, words), *(part for part in features if part.importance > Importance.REST)]
        others = [part for part in [*features, *_names(one, words)] if part.importance == Importance.REST]
        parts += _named(one, best, Importance.FEATURES, words)
        rest += _named(one, others, Importance.REST, words)
    return sentence([*parts, *rest], words.several.looks_between)


def sentence(parts: Iterable[Part], joint: str) -> tuple[Part, ...]:
    """Return parts as one sentence."""
    return tuple(
        Part(part.text, part.importance, part.least, part.elastic, joint if place else "")
        for place, part in enumerate(parts)
    )


def body_of(sex: Sex, height_cm: int | None, words: Catalogue, *, is_child: bool) -> list[str]:
    """Return sex and height, as far as they are known."""
    known = {"male": words.boy, "female": words.girl} if is_child else {"male": words.man, "female": words.woman}
    height = "" if height_cm is None else words.height.format(height_cm=height_cm)
    return [value for value in (known.get(sex, ""), height) if value]


def _person(one: Missing, words: Catalogue) -> list[Part]:
    is_child = one.age is None or one.age <= CHILD_AGE_MAX
    said = body_of(one.sex, one.height_cm, words, is_child=is_child)
    return [Part(words.comma.join(said), Importance.PERSON)] if said else []


def _features(one: Missing, words: Catalogue) -> list[Part]:
    """Return the features, the best first: what somebody wears and is marked by, then what others share."""
    phrases = (
        (one.clothing, "{value}"),
        (one.features, "{value}"),
        (one.hair, words.hair.replace("{hair}", "{value}")),
        (one.build, words.build.replace("{build}", "{value}")),
        (one.accent, words.accent.replace("{accent}", "{value}")),
    )
    said = [(phrase.format(value=value), value) for given, phrase in phrases for value in of_language([given], words)]
    return [
        Part(text, Importance.FEATURES if place < FEATURES_BEST else Importance.REST, elastic=(value,))
        for place, (text, value) in enumerate(said)
    ]


def _names(one: Missing, words: Catalogue) -> list[Part]:
    """Return the languages that somebody speaks, and the nicknames that the title does not have."""
    nicknames = [isolated(name) for name in (one.nicknames if one.name else one.nicknames[1:])]
    spoken = of_language(one.languages, words)
    parts = [
        (words.languages.format(languages=words.list_comma.join(spoken)), spoken),
        (words.nicknames.format(nicknames=words.list_comma.join(nicknames)), nicknames),
    ]
    return [Part(text, Importance.REST, elastic=tuple(values)) for text, values in parts if values]


def _named(one: Missing, parts: list[Part], importance: Importance, words: Catalogue) -> list[Part]:
    """Return parts as one, after the name."""
    if not parts:
        return []
    looks = words.comma.join(part.text for part in parts)
    name = name_of(one, words)
    elastic = tuple(value for part in parts for value in part.elastic)
    return [Part(words.several.looks.format(name=name, looks=looks), importance, elastic=(name, *elastic))]
