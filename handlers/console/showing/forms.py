"""Reads forms: what a browser sends of one, as a typed struct, with every bad field named.

Bounded: `FORM_BYTES` a form, `FIELDS_MAX` fields.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import parse_qsl

import msgspec

from handlers.http.decoding import check
from handlers.http.problems import FieldError
from handlers.values.cleaning import cleaned

if TYPE_CHECKING:
    from collections.abc import Mapping

FORM: Final = "application/x-www-form-urlencoded"
FORM_BYTES: Final = 64 * 1024
FIELDS_MAX: Final = 200

T = TypeVar("T", bound=msgspec.Struct)


def fields_of(body: bytes) -> dict[str, str]:
    """Return the fields of a form as they were typed; of a name that stands twice the last one."""
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=FIELDS_MAX))
    except ValueError:
        return {}


def read_form(fields: Mapping[str, Any], kind: type[T]) -> T | list[FieldError]:
    """Return the fields of a form as its struct; numbers are read from what was typed, and blank is not given."""
    wrong: dict[str, str] = {}
    tree: Any = cleaned(dict(fields), kind, "$", wrong)
    errors = [FieldError(path, detail) for path, detail in wrong.items()]
    if errors:
        return errors
    try:
        return msgspec.convert(tree, kind, strict=False)
    except msgspec.ValidationError as error:
        found = [one for one in check(tree, kind, "$") if one.path not in wrong]
        return found or [FieldError("$", str(error))]
