"""Decodes form-encoded bodies into structs, as strictly as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar
from urllib.parse import parse_qsl

import msgspec

if TYPE_CHECKING:
    from aiohttp import web

T = TypeVar("T")
CONTENT_TYPE = "application/x-www-form-urlencoded"


def read_form(request: web.BaseRequest, body: bytes, kind: type[T]) -> T:
    """Return the form as a `kind`, with numbers read from text; msgspec.ValidationError when it does not fit."""
    if request.content_type != CONTENT_TYPE:
        raise msgspec.ValidationError("not a form")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True)
    except ValueError:
        raise msgspec.ValidationError("not a form in UTF-8") from None
    if len(dict(pairs)) != len(pairs):
        raise msgspec.ValidationError("a field twice")
    return msgspec.convert(dict(pairs), kind, strict=False)
