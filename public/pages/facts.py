"""Says in words what a page shows of a case: groups of facts, each with its name.

Pure; bounded by the case.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from public.pages.case import Companion, Person, PhoneContent, PublicCase, Vehicle
    from public.pages.texts import Texts

ADULT_AGE = 18


class Fact(msgspec.Struct, frozen=True):
    """One line: `at` where it is a moment, as machines write it."""

    name: str
    value: str
    at: str = ""


class Group(msgspec.Struct, frozen=True):
    """The facts about one person, or about where and how somebody went."""

    title: str
    facts: tuple[Fact, ...]


def groups_of(case: PublicCase, content: PhoneContent, t: Texts) -> tuple[Group, ...]:
    """Return what there is to say of a case, in the local time of the place."""
    people = [Group(one.name or t("unnamed"), tuple(_person(one, t))) for one in case.missing]
    circumstances = (
        *_seen(case, content, t),
        *_others(case.companions, t),
        *_vehicle(case.vehicle, t),
        Fact(t("facts.contact"), case.contact.name),
    )
    return (*people, Group("", circumstances))


def local(at: datetime, content: PhoneContent) -> datetime:
    """Return a moment in the zone of the place."""
    return at.astimezone(ZoneInfo(content.time_zone))


def _person(one: Person, t: Texts) -> Iterator[Fact]:
    if one.age is not None:
        yield Fact(t("facts.age"), t("facts.age_value", age=one.age))
    if sex := _sex(one.sex, one.age, t):
        yield Fact(t("facts.sex"), sex)
    if one.nicknames:
        yield Fact(t("facts.nicknames"), t("list_comma").join(one.nicknames))
    if one.height_cm is not None:
        yield Fact(t("facts.height"), t("facts.height_value", height_cm=one.height_cm))
    for name in ("build", "hair", "clothing", "features"):
        if value := getattr(one, name):
            yield Fact(t(f"facts.{name}"), value)
    if one.languages:
        yield Fact(t("facts.languages"), t("list_comma").join(one.languages))
    if one.accent:
        yield Fact(t("facts.accent"), one.accent)


def _sex(sex: str, age: int | None, t: Texts) -> str:
    is_adult = age is not None and age >= ADULT_AGE
    words = {"male": "man" if is_adult else "boy", "female": "woman" if is_adult else "girl"}
    return t(words[sex]) if sex in words else ""


def _seen(case: PublicCase, content: PhoneContent, t: Texts) -> Iterator[Fact]:
    if content.newest is not None:
        if content.newest.place:
            yield Fact(t("facts.newest_place"), content.newest.place)
        yield _moment("facts.newest_at", content.newest.at, content, t)
    if case.last_seen.place:
        yield Fact(t("facts.place"), case.last_seen.place)
    yield _moment("facts.at", case.last_seen.at, content, t)


def _moment(key: str, at: datetime, content: PhoneContent, t: Texts) -> Fact:
    there = local(at, content)
    return Fact(t(key), t.moment(there), there.isoformat(timespec="seconds"))


def _others(companions: tuple[Companion, ...], t: Texts) -> Iterator[Fact]:
    for one in companions:
        adult = 30 if one.age is None else one.age
        known = (
            one.relation,
            one.name,
            _sex(one.sex, adult, t),
            None if one.age is None else t("facts.age_value", age=one.age),
            None if one.height_cm is None else t("facts.height_value", height_cm=one.height_cm),
            one.looks,
        )
        if said := t("list_comma").join(text for text in known if text):
            yield Fact(t("facts.companion"), said)


def _vehicle(vehicle: Vehicle | None, t: Texts) -> Iterator[Fact]:
    if vehicle is None:
        return
    if vehicle.plate:
        yield Fact(t("facts.plate"), vehicle.plate)
    if looks := t("list_comma").join(text for text in (vehicle.colour, vehicle.make) if text):
        yield Fact(t("facts.vehicle"), looks)
    if vehicle.direction:
        yield Fact(t("facts.direction"), vehicle.direction)
