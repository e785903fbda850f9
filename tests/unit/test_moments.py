"""A moment that somebody sends lies in a year with which sums and other time zones can be reckoned."""

from __future__ import annotations

import importlib
import pkgutil
from datetime import datetime
from typing import Any, get_args

import msgspec
import pytest

import handlers
from handlers.alert_answers import Answer
from handlers.console.showing.forms import read_form
from handlers.http.decoding import read
from handlers.moments import Moment
from handlers.platform.reports import DeviceReport
from handlers.police.case.case import Case
from handlers.values.cleaning import fields_of
from handlers.values.years import OUT_OF_YEARS

OTHERWISE = {DeviceReport}
"""What bounds its moment by itself: by how long positions are kept."""


class Sent(msgspec.Struct, forbid_unknown_fields=True):
    """A body with moments."""

    at: Moment | None = None
    several: list[Moment] = []


@pytest.mark.parametrize(
    "text", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "2201-01-01T00:00:00Z", "1899-12-31T23:59:59Z"]
)
def test_a_moment_at_the_ends_of_the_calendar_is_a_bad_field(text: str) -> None:
    """In a body, in a list of one, and in a form; a number of seconds in a form, too."""
    assert _errors(read(msgspec.json.encode({"at": text}), Sent)) == [("$.at", OUT_OF_YEARS)]
    assert _errors(read(msgspec.json.encode({"several": [text]}), Sent)) == [("$.several[0]", OUT_OF_YEARS)]
    assert _errors(read_form({"at": text}, Sent)) == [("$.at", OUT_OF_YEARS)]
    assert _errors(read_form({"at": "253402300799"}, Sent)) == [("$.at", OUT_OF_YEARS)]


@pytest.mark.parametrize("text", [" 2026-05-25T08:30:00+08:00 ", "1900-01-01T00:00:00Z", "2200-12-31T23:59:59-14:00"])
def test_any_other_moment_with_an_offset_is_taken(text: str) -> None:
    """White space around it counts for nothing."""
    sent = read(msgspec.json.encode({"at": text}), Sent)
    assert isinstance(sent, Sent)
    assert sent.at == datetime.fromisoformat(text.strip())


@pytest.mark.parametrize("text", ["2026-05-25T08:30:00", "yesterday", "99999999999999999999"])
def test_what_is_no_moment_stays_a_bad_field(text: str) -> None:
    """Without an offset, or of another form: named as before."""
    assert _errors(read(msgspec.json.encode({"at": text}), Sent))[0][0] == "$.at"


def test_every_moment_of_every_body_is_bounded() -> None:
    """A new body cannot forget it: no struct that strangers fill has a bare time."""
    for module in pkgutil.walk_packages(handlers.__path__, "handlers."):
        importlib.import_module(module.name)
    bodies = {one for one in _below(msgspec.Struct) if one.__module__.startswith("handlers.")} - OTHERWISE
    bodies = {one for one in bodies if one.__struct_config__.forbid_unknown_fields and not issubclass(one, Answer)}
    assert Case in bodies
    times = {
        (one.__name__, name) for one in bodies for name, field in fields_of(one).items() if _has_bare_time(field.kind)
    }
    assert not times


def _below(kind: type[msgspec.Struct]) -> set[type[msgspec.Struct]]:
    direct = set(kind.__subclasses__())
    return direct.union(*(_below(one) for one in direct))


def _has_bare_time(kind: Any) -> bool:  # noqa: ANN401 - a type
    if kind == Moment:
        return False
    return kind is datetime or any(_has_bare_time(one) for one in get_args(kind))


def _errors(result: object) -> list[tuple[str, str]]:
    assert isinstance(result, list)
    return [(one.path, one.detail) for one in result]
