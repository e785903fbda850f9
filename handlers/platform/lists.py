"""Decodes lists of many values (JSON, NDJSON, MessagePack): what is wrong with one never costs the good ones.

Bounded: the caller bounds the bytes and the values.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import msgspec

from handlers.values.cleaning import cleaned
from handlers.values.text import quoted
from runtime.decoding import DECODE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

NDJSON: Final = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl"})
MSGPACK: Final = frozenset({"application/msgpack", "application/x-msgpack", "application/vnd.msgpack"})

T = TypeVar("T")
_Decoder = msgspec.json.Decoder[Any] | msgspec.msgpack.Decoder[Any]
_JSON_RAWS: Final = msgspec.json.Decoder(list[msgspec.Raw])
_MSGPACK_RAWS: Final = msgspec.msgpack.Decoder(list[msgspec.Raw])


class Rejected(msgspec.Struct, frozen=True):
    """A value that was not taken, by its place in the request."""

    index: int
    detail: str


class Taken(msgspec.Struct, frozen=True):
    """The answer to a request of many values."""

    accepted: int
    rejected: list[Rejected]


class Unreadable(msgspec.Struct, frozen=True):
    """A body of which nothing could be read."""

    detail: str


class Lists(Generic[T]):
    """Reads lists of one type of value; `name`: what they are called in an answer."""

    def __init__(self, kind: type[T], name: str) -> None:
        self._kind = kind
        self._name = name
        many: Any = list[kind]  # type: ignore[valid-type] # a type that is known when it runs
        self._json_all, self._json_one = msgspec.json.Decoder(many), msgspec.json.Decoder(kind)
        self._msgpack_all, self._msgpack_one = msgspec.msgpack.Decoder(many), msgspec.msgpack.Decoder(kind)

    def decode(self, body: bytes, content_type: str) -> tuple[list[tuple[int, T]], list[Rejected]] | Unreadable:
        """Read values with their place in the request; the bad ones come back with what is wrong."""
        try:
            if content_type in NDJSON:
                lines = [line for line in body.split(b"\n") if line.strip()]
                return self._each(lines, self._json_one.decode, msgspec.json.decode)
            if content_type in MSGPACK:
                one = self._msgpack_one.decode
                return self._all(body, self._msgpack_all, _MSGPACK_RAWS, one, msgspec.msgpack.decode)
            return self._all(body, self._json_all, _JSON_RAWS, self._json_one.decode, msgspec.json.decode)
        except DECODE_ERRORS as error:
            lenient = None if content_type in MSGPACK else _with_constants(body)
            if lenient is None:
                return Unreadable(f"not a list of {self._name}: {quoted(str(error))}")
            return self._each(lenient, self._convert, lambda part: part)

    def _all(
        self, body: bytes, everything: _Decoder, raws: _Decoder, one: Callable[[Any], T], plain: Callable[[Any], Any]
    ) -> tuple[list[tuple[int, T]], list[Rejected]]:
        try:
            return list(enumerate(everything.decode(body))), []
        except (msgspec.DecodeError, UnicodeDecodeError):
            # Slower, and only when something is wrong: each value by itself. What is raised for bytes that are no UTF-8
            # differs by version.
            return self._each(raws.decode(body), one, plain)

    def _convert(self, part: object) -> T:
        return msgspec.convert(part, self._kind)

    def _each(
        self, parts: Sequence[Any], decode_one: Callable[[Any], T], plain: Callable[[Any], Any]
    ) -> tuple[list[tuple[int, T]], list[Rejected]]:
        good: list[tuple[int, T]] = []
        bad: list[Rejected] = []
        for index, part in enumerate(parts):
            try:
                good.append((index, self._cleaned(part, decode_one, plain)))
            except DECODE_ERRORS as error:
                bad.append(Rejected(index, quoted(str(error))))
        return good, bad

    def _cleaned(self, part: object, decode_one: Callable[[Any], T], plain: Callable[[Any], Any]) -> T:
        """Read one value as it stands, else with its texts cleaned."""
        try:
            return decode_one(part)
        except msgspec.ValidationError:
            return self._convert(cleaned(plain(part), self._kind, "$", {}))


def _with_constants(body: bytes) -> list[Any] | None:
    """Read JSON in which NaN or Infinity stand, which JSON does not have: such a value costs its list's entry alone."""
    if not any(name in body for name in (b"NaN", b"Infinity")):
        return None
    try:
        tree = json.loads(body, parse_constant=str)
    except (ValueError, RecursionError):
        return None
    return tree if isinstance(tree, list) else None
