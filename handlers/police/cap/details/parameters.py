"""Reads the parameters of a CAP message as the fields of a case, with the bounds that a JSON case has.

Of several children each has the values behind its name; a value that each of them has may stand in any order. Nothing
is dropped silently: what is left aside is noted by its path, because its name and value are the sender's.
Bounded: children, companions and nicknames as in a JSON case.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING, Any, Final, get_type_hints

import msgspec

from handlers.http.problems import FieldError
from handlers.police.cap.details.names import (
    AGE,
    CLOTHING,
    INTERNAL,
    KIND,
    NAME,
    SHORT_TEXTS,
    SUBJECT_KIND,
    UNKNOWN,
    field_of,
    short_text_of,
    word_of,
)
from handlers.police.case.case import CHILDREN_MAX, COMPANIONS_MAX, Case
from handlers.police.case.details import Companion, Vehicle
from handlers.police.case.missing import LANGUAGES_MAX, NICKNAMES_MAX, Missing
from handlers.values.text import clean_line
from push.notice import CaseKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from handlers.cap.model import Info

LISTS: Final = {"nicknames": NICKNAMES_MAX, "languages": LANGUAGES_MAX}
"""Fields of which a child has several, and how many."""

OLDER: Final = frozenset({NAME, AGE, CLOTHING})
"""What earlier versions read: a message of nothing else is kept as they kept it."""

SEXES: Final = dict.fromkeys(
    ("m", "man", "boy", "男", "男孩", "男性", "masculino", "hombre", "남", "남자"), "male"
) | dict.fromkeys(("f", "woman", "girl", "女", "女孩", "女性", "femenino", "mujer", "여", "여자"), "female")
"""How senders write it."""

_SEPARATORS: Final = str.maketrans("，、；;", ",,,,")


class Details(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the parameters of one text say; `short`: texts for small screens, the longest first."""

    kind: CaseKind | None = None
    missing: tuple[Missing, ...] = ()
    companions: tuple[Companion, ...] = ()
    vehicle: Vehicle | None = None
    guidance: str | None = None
    issuer: str | None = None
    short: tuple[str, ...] = ()


class ReadDetails(msgspec.Struct, kw_only=True):
    """What was read: None where there is nothing but what earlier versions read; what is wrong, what to know."""

    details: Details | None = None
    errors: list[FieldError] = []
    notes: list[str] = []


class Given(msgspec.Struct, frozen=True):
    """A value of a field, and where it stands."""

    path: str
    field: str
    value: Any


def read_parameters(info: Info, here: str) -> ReadDetails:
    """Return what the parameters of a text say."""
    read = ReadDetails()
    given = [one for one in _given(info, here, read) if not isinstance(one, FieldError)]
    short = _short_texts(info, here, read)
    if not short and all(one.field in OLDER for one in given):
        return read
    case = _single(given, ("guidance", "issuer", KIND), read)
    read.details = Details(
        missing=_missing(given, read),
        companions=_companions(given, read),
        vehicle=_vehicle(given, read),
        short=short,
        **case,
    )
    return read


def _given(info: Info, here: str, read: ReadDetails) -> Iterator[Given]:
    """Return the values that this server knows; each that cannot be meant is wrong, and what is left aside noted."""
    for place, one in enumerate(info.parameters, 1):
        path = f"{here}/parameter[{place}]"
        field, text = field_of(one.name), clean_line(one.value)
        if field == INTERNAL:
            read.notes.append(f"{path}: what is internal is not taken from a public message; send it by JSON")
        elif field == UNKNOWN:
            read.notes.append(f"{path}: no parameter of this server; it is left aside")
        elif field is not None and field != SUBJECT_KIND and text:
            yield from _values(Given(path, field, text), read)


def _values(one: Given, read: ReadDetails) -> Iterator[Given]:
    """Return the value, or several of a list, as their type has them."""
    texts = one.value.translate(_SEPARATORS).split(",") if one.field in LISTS else [one.value]
    for text in (part.strip() for part in texts):
        if not text:
            continue
        try:
            value = msgspec.convert(_meant(one.field, text), _types()[one.field], strict=False)
        except msgspec.ValidationError as error:
            # Names and ages are held against what earlier versions took, with their texts.
            if one.field not in OLDER:
                read.errors.append(FieldError(one.path, f"{str(error)[:1].lower()}{str(error)[1:]}"))
            continue
        yield Given(one.path, one.field, value)


def _meant(field: str, text: str) -> str:
    if field == KIND:
        return word_of(text)
    if field.endswith("sex"):
        return SEXES.get(text.lower(), text.lower())
    return text.lower().removesuffix("cm").strip() if field.endswith("height_cm") else text


@cache
def _types() -> dict[str, Any]:
    """Return the type of each field, that of its items for a list."""
    named: dict[str, Any] = {}
    for prefix, struct in (("", Missing), ("companion.", Companion), ("vehicle.", Vehicle), ("", Case)):
        hints = get_type_hints(struct, include_extras=True)
        named |= {f"{prefix}{name}": kind for name, kind in hints.items() if f"{prefix}{name}" not in named}
    return named | dict.fromkeys(LISTS, named["build"])


def _missing(given: list[Given], read: ReadDetails) -> tuple[Missing, ...]:
    """Return the missing, each with the values that are theirs."""
    of_field: dict[str, list[tuple[int, Given]]] = defaultdict(list)
    for at, one in enumerate(given):
        if one.field in Missing.__struct_fields__:
            of_field[one.field].append((at, one))
    if not of_field:
        return ()
    count = min(CHILDREN_MAX, max([1, *(len(of_field[field]) for field in (NAME, AGE))]))
    leading = next((field for field in (NAME, AGE) if len(of_field[field]) >= count), None)
    starts = [at for at, _ in of_field[leading][:count]] if leading is not None else [0]
    persons: list[dict[str, Any]] = [{} for _ in range(count)]
    for values in of_field.values():
        for nth, (at, one) in enumerate(values):
            # As many values as persons: one each, in whatever order they stand. Else those behind a person's first.
            whose = nth if len(values) == count else max(0, sum(start <= at for start in starts) - 1)
            _add(persons[whose], one, read)
    return tuple(Missing(**person) for person in persons)


def _add(person: dict[str, Any], one: Given, read: ReadDetails) -> None:
    if one.field in LISTS:
        before = person.get(one.field, ())
        if len(before) < LISTS[one.field]:
            person[one.field] = (*before, one.value)
        else:
            read.notes.append(f"{one.path}: more than {LISTS[one.field]}; it is left aside")
    elif one.field in person:
        read.notes.append(f"{one.path}: a second value for the same person; it is left aside")
    else:
        person[one.field] = one.value


def _companions(given: list[Given], read: ReadDetails) -> tuple[Companion, ...]:
    """Return who is with the child: a field that the last one has already begins another."""
    found: list[dict[str, Any]] = []
    for one in given:
        group, _, field = one.field.partition(".")
        if group != "companion":
            continue
        if not found or field in found[-1]:
            if len(found) == COMPANIONS_MAX:
                read.notes.append(f"{one.path}: more than {COMPANIONS_MAX} companions; it is left aside")
                continue
            found.append({})
        found[-1][field] = one.value
    return tuple(Companion(**fields) for fields in found)


def _vehicle(given: list[Given], read: ReadDetails) -> Vehicle | None:
    names = tuple(f"vehicle.{field}" for field in Vehicle.__struct_fields__)
    fields = _single(given, names, read)
    return Vehicle(**{name.partition(".")[2]: value for name, value in fields.items()}) if fields else None


def _single(given: list[Given], names: tuple[str, ...], read: ReadDetails) -> dict[str, Any]:
    """Return the values of fields that a text has once."""
    found: dict[str, Any] = {}
    for one in given:
        if one.field in names and one.field in found:
            read.notes.append(f"{one.path}: a second one; it is left aside")
        elif one.field in names:
            found[one.field] = one.value
    return found


def _short_texts(info: Info, here: str, read: ReadDetails) -> tuple[str, ...]:
    """Return the texts for small screens, the longest kind first."""
    found: dict[str, str] = {}
    for place, one in enumerate(info.parameters, 1):
        name, text = short_text_of(one.name), clean_line(one.value)
        path = f"{here}/parameter[{place}]"
        if name is None or not text:
            continue
        if name in found:
            read.notes.append(f"{path}: a second one; it is left aside")
        elif len(text) > SHORT_TEXTS[name]:
            read.notes.append(f"{path}: more than {SHORT_TEXTS[name]} characters; it is left aside")
        else:
            found[name] = text
    return tuple(found[name] for name in SHORT_TEXTS if name in found)
