"""What a page says of a case, read from what the record keeps of it: what the police filed for strangers to know.

A field that is not named here is not read, so that what is added to a case is on no page before somebody decides so.
Bounded by the case.
"""

from __future__ import annotations

from datetime import datetime

import msgspec


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is missing; `kind` only of who is no child."""

    name: str | None = None
    sex: str = "unknown"
    age: int | None = None
    height_cm: int | None = None
    clothing: str | None = None
    features: str | None = None
    nicknames: tuple[str, ...] = ()
    build: str | None = None
    hair: str | None = None
    languages: tuple[str, ...] = ()
    accent: str | None = None


class LastSeen(msgspec.Struct, frozen=True, kw_only=True):
    """Where, in words, and when the child was last seen."""

    at: datetime
    place: str | None = None


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """Whom to call."""

    name: str
    phone: str


class Companion(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is believed to be with the child."""

    name: str | None = None
    relation: str | None = None
    sex: str = "unknown"
    age: int | None = None
    height_cm: int | None = None
    looks: str | None = None


class Vehicle(msgspec.Struct, frozen=True, kw_only=True):
    """The vehicle that the child is believed to be in."""

    plate: str | None = None
    colour: str | None = None
    make: str | None = None
    direction: str | None = None


class PublicCase(msgspec.Struct, frozen=True, kw_only=True):
    """A case as strangers may know it."""

    last_seen: LastSeen
    contact: Contact
    child: Person | None = None
    children: tuple[Person, ...] | None = None
    subject: Person | None = None
    companions: tuple[Companion, ...] = ()
    vehicle: Vehicle | None = None
    guidance: str | None = None

    @property
    def missing(self) -> tuple[Person, ...]:
        """Who is missing."""
        one = self.child or self.subject
        return self.children or (() if one is None else (one,))


class PhoneText(msgspec.Struct, frozen=True):
    """What phones show in one language."""

    title: str
    body: str


class NewestPlace(msgspec.Struct, frozen=True):
    """Where the child was seen since, and when."""

    at: datetime
    place: str | None = None


class PhoneContent(msgspec.Struct, frozen=True, kw_only=True):
    """What the alert says: its texts by language, the zone of the place, and the newest place that is known."""

    texts: dict[str, PhoneText]
    time_zone: str = "Asia/Shanghai"
    newest: NewestPlace | None = None

    def text(self, language: str) -> PhoneText:
        """Return the text in a language, else in English, else the first."""
        return self.texts.get(language) or self.texts.get("en") or next(iter(self.texts.values()))
