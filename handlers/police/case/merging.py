"""Makes the case as it is known now of the case that stands and an update, and says of each field what became of it.

Bounded by the two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec

from handlers.http.problems import FieldError
from handlers.police.case.case import Case, kept, read_case
from handlers.police.case.checks import unsupported
from handlers.police.case.photos import mistaken_photos
from push.alerts.actions.case_changes import SAME
from push.alerts.actions.proposals import Part

if TYPE_CHECKING:
    from collections.abc import Iterator

Tree: TypeAlias = dict[str, Any]
Path: TypeAlias = tuple[str, ...]

OF_UPDATE: Final = frozenset({"case_number", "reason", "expires", "remove"})
"""Fields of an update that are none of its case."""

STAYS: Final = {
    ("status",): "an alert that is meant, an exercise and a test are never mixed",
    ("reported_at",): "a case was reported once",
    ("area",): "rings are not changed by an update; an operator widens them",
    ("places",): "an update does not move the area: send each place to .../places",
    ("last_seen", "at"): "the first sighting stays as it was filed",
    ("last_seen", "longitude"): "the first sighting stays where it was; an update does not move the area",
    ("last_seen", "latitude"): "the first sighting stays where it was; an update does not move the area",
    ("last_seen", "crs"): "the first sighting stays where it was; an update does not move the area",
    ("last_seen", "city"): "the first sighting stays where it was; an update does not move the area",
}
"""What an update does not change, and why."""

PARTS: Final = {
    "child": Part.MISSING,
    "children": Part.MISSING,
    "subject": Part.MISSING,
    "last_seen": Part.PLACE,
    "contact": Part.CONTACT,
    "kind": Part.KIND,
    "companions": Part.COMPANIONS,
    "vehicle": Part.VEHICLE,
    "guidance": Part.GUIDANCE,
    "issuer": Part.ISSUER,
    "photos": Part.PHOTO,
    "texts": Part.TEXTS,
}
"""The fields of a case that an update changes, and under which word."""

SEALED: Final = frozenset({"basis", "internal"})
"""Fields that are sealed apart from the case: an update lays them over what is sealed, and nothing compares them."""

PHOTO: Final = "photo_url"


class MergedCase(msgspec.Struct, frozen=True, kw_only=True):
    """The case that stood, the case as it is known now, and what became of fields that changed nothing."""

    before: Case
    case: Case
    notes: tuple[str, ...]


def merged(stands: bytes | str, update: bytes) -> MergedCase | list[FieldError]:
    """Return the case as an update makes it, or what would be wrong with it; both as JSON, the update well formed."""
    before = read_case(stands.encode() if isinstance(stands, str) else stands)
    if isinstance(before, list):
        return [FieldError("$.case_number", "the case was not filed as JSON; a CAP Update changes it")]
    given: Tree = msgspec.json.decode(update)
    removed = [tuple(path.split(".")) for path in given.get("remove") or ()]
    if faults := _unknown(removed):
        return faults
    old: Tree = msgspec.json.decode(kept(before))
    new = _merge(old, {name: value for name, value in given.items() if name not in OF_UPDATE})
    if given.get("children") and old.get("child"):
        new["child"] = None
    for path in removed:
        _remove(new, path)
    wanted = read_case(msgspec.json.encode(new))
    if isinstance(wanted, list):
        return wanted
    tree: Tree = msgspec.json.decode(kept(wanted))
    seen = {name: value for name, value in given.items() if name not in OF_UPDATE and name not in SEALED}
    leaves = [*_leaves(seen), *removed]
    notes = tuple(note for path in leaves if (note := _note(path, old, tree)) is not None)
    case = _case(old, tree)
    if case.subject_kind is not before.subject_kind:
        return [FieldError("$.subject", "who is missing stays of the same kind")]
    # When the child was last seen was checked when it was filed, and may be long ago by now.
    named = [fault for fault in unsupported(case) if fault.path == "$.case_number"]
    faults = mistaken_photos(case, before) + named
    return faults or MergedCase(before=before, case=case, notes=notes)


def parts_of(before: Case, after: Case) -> tuple[Part, ...]:
    """Return which parts differ between two cases."""
    old, new = (msgspec.json.decode(kept(case), type=dict[str, Any]) for case in (before, after))
    parts = {part for name, part in PARTS.items() if _without_photo(old.get(name)) != _without_photo(new.get(name))}
    if any(_photos(old.get(name)) != _photos(new.get(name)) for name in ("child", "children", "subject")):
        parts.add(Part.PHOTO)
    return tuple(part for part in Part if part in parts)


def _case(old: Tree, new: Tree) -> Case:
    """Return the new case with what an update does not change as it stood."""
    for path in STAYS:
        holder = new.get(path[0]) if len(path) > 1 else new
        value = _at(old, path)
        if not isinstance(holder, dict):
            continue
        holder.pop(path[-1], None)
        if value is not None:
            holder[path[-1]] = value
    return msgspec.convert(new, Case)


def _note(path: Path, old: Tree, new: Tree) -> str | None:
    """Return what is to be known of a field that was given; None where it changes the case."""
    name = "$." + ".".join(path)
    if _at(old, path) == _at(new, path):
        return f"{name}: {SAME}"
    for fixed, why in STAYS.items():
        if path[: len(fixed)] == fixed:
            return f"{name}: not applied: {why}"
    return None


def _unknown(removed: list[Path]) -> list[FieldError]:
    detail = "no field that an update can leave out"
    return [
        FieldError(f"$.remove[{place}]", detail)
        for place, path in enumerate(removed)
        if path[0] not in PARTS or path in STAYS or not all(path)
    ]


def _merge(old: Tree, given: Tree) -> Tree:
    """Return a tree with what is given in its place; null and blank are not given."""
    result = dict(old)
    for name, value in given.items():
        if value is None or (isinstance(value, str) and not value.strip()):
            continue
        before = result.get(name)
        result[name] = _merge(before if isinstance(before, dict) else {}, value) if isinstance(value, dict) else value
    return result


def _remove(tree: Tree, path: Path) -> None:
    for name in path[:-1]:
        inner = tree.get(name)
        if not isinstance(inner, dict):
            return
        # The tree shares its parts with the one that it was made of.
        tree[name] = tree = dict(inner)
    tree.pop(path[-1], None)


def _leaves(given: Tree, path: Path = ()) -> Iterator[Path]:
    for name, value in given.items():
        if isinstance(value, dict):
            yield from _leaves(value, (*path, name))
        elif value is not None and value != "":
            yield *path, name


def _at(tree: Tree, path: Path) -> object:
    value: Any = tree
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return None if value in ([], {}) else value


def _without_photo(value: object) -> object:
    if isinstance(value, list):
        return [_without_photo(one) for one in value] or None
    return {name: one for name, one in value.items() if name != PHOTO} if isinstance(value, dict) else value


def _photos(value: object) -> list[object]:
    people = value if isinstance(value, list) else [value]
    return [one.get(PHOTO) for one in people if isinstance(one, dict) and one.get(PHOTO) is not None]
