"""Decodes JSON into a typed struct, or names every bad field.

Values are cleaned first (`handlers.values.cleaning`). msgspec stops at the first bad field; here each is converted by
itself so that all of them are named at once. A name that stands twice in an object is refused: it is ambiguous.
Bounded by the body, which the route bounds, and by `problems.ERRORS_MAX`.
"""

from __future__ import annotations

import json
from typing import Any, Final, TypeVar

import msgspec

from handlers.http.problems import NOT_JSON, FieldError
from handlers.values.cleaning import cleaned, fields_of, struct_of
from runtime.decoding import DECODE_ERRORS

T = TypeVar("T", bound=msgspec.Struct)
BOM: Final = b"\xef\xbb\xbf"
NUL_ESCAPED: Final = b"\\u0000"


def read(body: bytes, kind: type[T]) -> T | list[FieldError]:
    """Decode JSON into `kind`; returns all bad fields when there are any."""
    try:
        tree = msgspec.json.decode(body)
    except DECODE_ERRORS as error:
        marked = " (it begins with a byte order mark, which JSON does not have)" if body.startswith(BOM) else ""
        return [FieldError("$", f"{NOT_JSON}: {error}{marked}")]
    # In JSON it stands only as its escape, so only bodies with that escape are searched.
    if (unstorable := _unstorable(tree) if NUL_ESCAPED in body else []) or (unstorable := _ambiguous(body)):
        return unstorable
    wrong: dict[str, str] = {}
    tree = cleaned(tree, kind, "$", wrong)
    errors = [FieldError(path, detail) for path, detail in wrong.items()]
    errors += [error for error in check(tree, kind, "$") if error.path not in wrong]
    if errors:
        return errors
    try:
        return msgspec.convert(tree, kind)
    except msgspec.ValidationError as error:
        return [_split(str(error), "$")]


def _ambiguous(body: bytes) -> list[FieldError]:
    """Return every name that an object has twice: readers of JSON differ in which of both counts."""
    twice: list[str] = []

    def unique(pairs: list[tuple[str, object]]) -> None:
        names = [name for name, _ in pairs]
        if len(set(names)) < len(names):
            twice.extend(sorted({name for name in names if names.count(name) > 1}))

    try:
        json.loads(body, object_pairs_hook=unique)
    except (ValueError, RecursionError) as error:
        return [FieldError("$", f"{NOT_JSON}: {error}")]
    return [FieldError("$", f"ambiguous: an object has the field {name} twice") for name in twice]


def check(tree: object, kind: Any, path: str) -> list[FieldError]:  # noqa: ANN401 - a type as get_type_hints has it
    """Return every bad field below `path`."""
    struct = struct_of(kind)
    if struct is None or not isinstance(tree, dict):
        return _check_value(tree, kind, path)
    errors: list[FieldError] = []
    fields = fields_of(struct)
    for name, field in fields.items():
        here = f"{path}.{name}"
        if name in tree:
            errors += check(tree[name], field.kind, here)
        elif field.required:
            errors.append(FieldError(here, "required"))
    errors += [FieldError(f"{path}.{name}", "unknown field") for name in tree if name not in fields]
    return errors


def _unstorable(tree: object) -> list[FieldError]:
    """Return every text with U+0000, which PostgreSQL has no place for: not in texts, and not in JSON."""
    errors: list[FieldError] = []
    left: list[tuple[object, str]] = [(tree, "$")]
    while left:
        value, path = left.pop()
        if isinstance(value, str) and "\0" in value:
            errors.append(FieldError(path, "U+0000 cannot be stored"))
        elif isinstance(value, dict):
            left += [(name, path) for name in value] + [(one, f"{path}.{name}") for name, one in value.items()]
        elif isinstance(value, list):
            left += [(one, f"{path}[{index}]") for index, one in enumerate(value)]
    return errors


def _check_value(tree: object, kind: Any, path: str) -> list[FieldError]:  # noqa: ANN401 - as above
    try:
        msgspec.convert(tree, kind)
    except msgspec.ValidationError as error:
        return [_split(str(error), path)]
    return []


def _split(text: str, path: str) -> FieldError:
    detail, separator, inner = text.partition(" - at `")
    return FieldError(path + inner.rstrip("`").removeprefix("$") if separator else path, detail)
