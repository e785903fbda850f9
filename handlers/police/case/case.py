"""The case as the police file it, read from a body and written for the record.

Bounded: every text field by its length, every list by a count, the body by `BODY_BYTES`.
"""

from __future__ import annotations

from datetime import UTC
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from geo.crs import Crs
from handlers.http.decoding import read
from handlers.http.problems import FieldError
from handlers.moments import Moment
from handlers.places import CityCode
from handlers.police.case.basis import Basis
from handlers.police.case.details import Companion, Internal, Photo, SeenPlace, Vehicle
from handlers.police.case.fields import Phone, PictureData, ShortText, Text
from handlers.police.case.languages import tag_faults
from handlers.police.case.missing import Child, Missing, Subject
from push.notice import CaseKind, SubjectKind

BODY_BYTES = 64 * 1024
CHILDREN_MAX = 8
"""Children who are missing together: each must be recognised by what is left of the text's room."""

COMPANIONS_MAX = 4
PHOTOS_MAX = 8
PLACES_MAX = 20
"""Sightings by the police of one case: the newest of them decide."""

TEXTS_MAX = 16
"""Languages in which the police write texts of their own."""

LanguageTag = Annotated[str, Meta(min_length=2, max_length=35, pattern=r"^[A-Za-z][A-Za-z0-9_#.@-]*$")]


class LastSeen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where and when the child was last seen; degrees in `crs`."""

    at: Moment
    longitude: Annotated[float, Meta(ge=-180, le=180)] | None = None
    latitude: Annotated[float, Meta(ge=-90, le=90)] | None = None
    crs: Crs = Crs.WGS84
    place: Text | None = None
    city: CityCode | None = None


class Contact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom to call."""

    name: ShortText
    phone: Phone


class RequestedArea(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another area than the usual one, and why."""

    policy: ShortText | None = None
    radius_km: Annotated[float, Meta(gt=0, le=20_000)] | None = None
    reason: Text


class OwnFollowUp(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What phones show of a follow-up notice in one language, written by the police. It names no child."""

    title: ShortText
    body: Text


class OwnFollowUps(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The follow-up notices for those who were notified in one language: that the child is found; a withdrawal."""

    found: OwnFollowUp | None = None
    cancel: OwnFollowUp | None = None


class OwnText(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What phones show in one language, written by the police; whom to call is added.

    Without `follow_ups`, its readers get ours: in the same language, else in English.
    """

    title: ShortText
    body: Annotated[str, Meta(min_length=1, max_length=1000)]
    follow_ups: OwnFollowUps | None = None


class Case(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A case: of a `child`, of `children` who are missing together, or of a `subject` of another kind.

    `kind`: how the child came to be missing. `guidance`: what people are to do, or not to do. `issuer`: in whose name
    people are asked. `places`: where the child was seen since. `texts`: by language. `internal` is sealed.
    `photo_data`: the photo itself, which the page shows; it is kept apart from the case.
    """

    case_number: Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._/-]+$")]
    status: Literal["actual", "exercise", "test"]
    reported_at: Moment
    child: Child | None = None
    children: Annotated[tuple[Child, ...], Meta(min_length=1, max_length=CHILDREN_MAX)] | None = None
    last_seen: LastSeen
    contact: Contact
    area: RequestedArea | None = None
    subject: Subject | None = None
    kind: CaseKind | None = None
    companions: Annotated[tuple[Companion, ...], Meta(max_length=COMPANIONS_MAX)] = ()
    vehicle: Vehicle | None = None
    guidance: Annotated[str, Meta(min_length=1, max_length=60)] | None = None
    issuer: Annotated[str, Meta(min_length=1, max_length=40)] | None = None
    photos: Annotated[tuple[Photo, ...], Meta(max_length=PHOTOS_MAX)] = ()
    places: Annotated[tuple[SeenPlace, ...], Meta(max_length=PLACES_MAX)] = ()
    texts: Annotated[dict[LanguageTag, OwnText], Meta(max_length=TEXTS_MAX)] | None = None
    basis: Basis | None = None
    internal: Internal | None = None
    photo_data: PictureData | None = None

    @property
    def missing(self) -> tuple[Missing, ...]:
        """Who is missing, at least one."""
        one = self.child or self.subject
        return self.children or (() if one is None else (one,))

    @property
    def subject_kind(self) -> SubjectKind:
        """Which kind of person is missing."""
        return SubjectKind.CHILD if self.subject is None else self.subject.kind


def read_case(body: bytes) -> Case | list[FieldError]:
    """Return the case of a body, or what is wrong with its fields."""
    case = read(body, Case)
    if isinstance(case, list):
        return case
    if faults := tag_faults(case.texts or ()):
        return faults
    given = [one for one in (case.child, case.children, case.subject) if one is not None]
    if len(given) != 1:
        detail = "one of child, children and subject, not several"
        return [FieldError("$.child", detail if given else "required, or children of several who are missing together")]
    detail = "nothing by which strangers could recognise them: a name, an age, looks or a photo is needed"
    nameless = [index for index, one in enumerate(case.missing) if not (one.is_recognisable or case.photo_data)]
    name = "child" if case.child else "subject"
    return [FieldError(f"$.children[{index}]" if case.children else f"$.{name}", detail) for index in nameless] or case


def in_utc(case: Case) -> Case:
    """Return a case with its instants in UTC: filed again with another offset, it is the same case."""
    seen = replace(case.last_seen, at=case.last_seen.at.astimezone(UTC))
    return replace(case, reported_at=case.reported_at.astimezone(UTC), last_seen=seen)


ADDED: Final = {
    Case: (
        "subject",
        "kind",
        "companions",
        "vehicle",
        "guidance",
        "issuer",
        "photos",
        "places",
        "texts",
        "basis",
        "internal",
        "photo_data",
    ),
    Child: ("nicknames", "build", "hair", "languages", "accent"),
}
"""Fields that came later. They are left out where a case does not have them: it is the same case as it was before."""


def sealed_of(case: Case) -> bytes | None:
    """Return what is sealed of a case, JSON: its internal notes and its basis; None where there is neither.

    A field that is left out is not written: the same notes have the same bytes.
    """
    return sealed_from(case.internal, case.basis)


def sealed_from(internal: Internal | None, basis: Basis | None) -> bytes | None:
    """Return what is to be sealed of notes and a basis, JSON; None where there is neither."""
    if basis is not None and basis.consent is not None and basis.consent.at is not None:
        basis = replace(basis, consent=replace(basis.consent, at=basis.consent.at.astimezone(UTC)))
    tree = _given(msgspec.to_builtins({"internal": internal, "basis": basis}))
    return msgspec.json.encode(tree, order="deterministic") if tree else None


def _given(tree: dict[str, Any]) -> dict[str, Any]:
    """Return a tree without what is null, and without branches that have nothing else."""
    inner = {name: _given(value) if isinstance(value, dict) else value for name, value in tree.items()}
    return {name: value for name, value in inner.items() if value is not None and value != {}}


def kept(case: Case) -> bytes:
    """Return a case as the record keeps it, JSON: the same case has the same bytes, whatever version wrote it.

    What is sealed is not in it, nor is the photo.
    """
    tree: dict[str, Any] = msgspec.to_builtins(in_utc(replace(case, basis=None, internal=None, photo_data=None)))
    children = [tree["child"], *(tree["children"] or ())]
    for part, names in ((tree, ADDED[Case]), *((child, ADDED[Child]) for child in children if child)):
        for name in names:
            if part[name] is None or len(part[name]) == 0:
                del part[name]
    return msgspec.json.encode(tree)
