"""Cleans a decoded body by the struct that it becomes: what somebody typed counts as it is meant.

Blank, or null, is not given. White space around a value is trimmed, and what is never meant is taken out. A field whose
type has a `Cleaned` is cleaned by it; every other text is a text of one line. Bounded by the body, and by the depth of
the struct.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from functools import cache
from math import inf
from typing import Annotated, Any, Final, NamedTuple, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from handlers.values.text import clean_line

CLEAN: Final = "clean"
BLANK: Final = "blank, and a value is needed"

Clean = Callable[[str], "str | Expected | None"]
"""Reads a text that is not blank; None counts as not given."""


class Expected(msgspec.Struct, frozen=True):
    """What is expected where something else was given."""

    text: str


def cleaned_by(clean: Clean) -> Meta:
    """Return the annotation of a field that `clean` reads."""
    return Meta(extra={CLEAN: clean})


def cleaned(tree: object, kind: Any, path: str, errors: dict[str, str]) -> object:  # noqa: ANN401 - a type
    """Return `tree` cleaned as `kind` says, None for what is blank; adds what cannot be meant to `errors`, by path."""
    if isinstance(tree, str):
        if len(tree) > _length_max(kind):
            # Refused as it stands, so that what is documented of its length is what counts.
            return tree
        result = _clean_of(kind)(tree) if clean_line(tree) else None
        if isinstance(result, Expected):
            errors[path] = result.text
        return result
    if isinstance(tree, list):
        inner = _inner(kind, (list, tuple))
        return [cleaned(one, inner, f"{path}[{index}]", errors) for index, one in enumerate(tree)]
    struct = struct_of(kind)
    if isinstance(tree, dict) and struct is not None:
        return _cleaned_struct(tree, struct, path, errors)
    if isinstance(tree, dict):
        inner = _inner(kind, (dict,))
        return {name: cleaned(one, inner, f"{path}.{name}", errors) for name, one in tree.items()}
    return tree


def _cleaned_struct(
    tree: dict[str, object], struct: type[msgspec.Struct], path: str, errors: dict[str, str]
) -> dict[str, object]:
    fields = fields_of(struct)
    result: dict[str, object] = {}
    for name, value in tree.items():
        field = fields.get(name)
        here = f"{path}.{name}"
        one = value if field is None else cleaned(value, field.kind, here, errors)
        if one is not None or field is None:
            result[name] = one
        elif field.required:
            errors.setdefault(here, BLANK)
    return result


class Field(NamedTuple):
    """A field of a struct: its type with all annotations, and whether it has to be given."""

    kind: Any
    required: bool


@cache
def fields_of(struct: type[msgspec.Struct]) -> dict[str, Field]:
    """Return the fields of a struct by the names that they have in JSON."""
    hints = get_type_hints(struct, include_extras=True)
    fields = msgspec.structs.fields(struct)
    return {field.encode_name: Field(hints[field.name], field.required) for field in fields}


def struct_of(kind: Any) -> type[msgspec.Struct] | None:  # noqa: ANN401 - as above
    """Return the struct that a type is, or may be beside None."""
    plain = _plain(kind)
    return plain if isinstance(plain, type) and issubclass(plain, msgspec.Struct) else None


def _plain(kind: Any) -> Any:  # noqa: ANN401 - as above
    """Return a type without its annotations, and without None."""
    if get_origin(kind) is Annotated:
        return _plain(get_args(kind)[0])
    if get_origin(kind) in {Union, types.UnionType}:
        members = [member for member in get_args(kind) if member is not type(None)]
        return _plain(members[0]) if len(members) == 1 else kind
    return kind


def _inner(kind: Any, containers: tuple[type, ...]) -> Any:  # noqa: ANN401 - as above
    """Return the type of what a list or a mapping holds."""
    plain = _plain(kind)
    inner = [one for one in get_args(plain) if one is not Ellipsis]
    return inner[-1] if inner and get_origin(plain) in containers else object


@cache
def _length_max(kind: Any) -> float:  # noqa: ANN401 - as above
    """Return how long a text of this type may be."""
    if get_origin(kind) is Annotated:
        inner, *annotations = get_args(kind)
        own = [one.max_length for one in annotations if isinstance(one, Meta) and one.max_length is not None]
        return min([*own, _length_max(inner)])
    if get_origin(kind) in {Union, types.UnionType}:
        return max(_length_max(member) for member in get_args(kind))
    return inf if kind is not type(None) else 0


def _clean_of(kind: Any) -> Clean:  # noqa: ANN401 - as above
    """Return what cleans a text of this type: that of its annotations, else `clean_line`."""
    if get_origin(kind) is Annotated:
        inner, *annotations = get_args(kind)
        for annotation in annotations:
            extra = annotation.extra if isinstance(annotation, Meta) else None
            if extra and CLEAN in extra:
                clean: Clean = extra[CLEAN]
                return clean
        return _clean_of(inner)
    if get_origin(kind) in {Union, types.UnionType}:
        members = [member for member in get_args(kind) if member is not type(None)]
        return _clean_of(members[0])
    return clean_line
