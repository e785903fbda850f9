"""Beacons and the objects with counts: what is ours is counted, whatever else comes is dropped."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from public.funnel.collecting import OBJECT_BYTES, rows_of
from public.funnel.counters import CELLS_MAX, FOLDER, Cell, Counters, encoded, path_now
from public.funnel.words import SENT, Action, Channel, Kind, read_beacon
from public.objects import objects_of
from public.settings import PublicSettings
from runtime.page_codes import ALPHABET, LENGTH, PageCode, code_of

if TYPE_CHECKING:
    from pathlib import Path

    from public.objects import Objects

CODE = code_of(uuid.UUID(int=7))
OPENED = Action(Kind.OPEN, Channel.PUSH)


@pytest.mark.parametrize("kind", SENT)
@pytest.mark.parametrize(("letter", "channel"), [("p", "push"), ("s", "share"), ("q", "poster"), ("", "other")])
def test_a_page_says_what_was_done_and_how_people_came(kind: Kind, letter: str, channel: str) -> None:
    """Kind and the fragment's letter, which may be missing."""
    assert read_beacon(f"{kind} {letter}".encode()) == (kind, channel)
    assert read_beacon(kind.encode()) == (kind, Channel.OTHER)


@given(st.binary(max_size=40))
def test_what_no_page_says_is_dropped(body: bytes) -> None:
    """Only the words of pages are counted, so that nobody fills memory with words of their own."""
    found = read_beacon(body)
    assert found is None or body.decode().partition(" ")[0] == found.kind


@pytest.mark.parametrize("body", [b"report p", b"passed p", b"", b"OPEN p", b"open p" + b" " * 20, b"\xff"])
def test_what_the_record_counts_by_itself_cannot_be_sent(body: bytes) -> None:
    """Reports and what was passed on are no beacons."""
    assert read_beacon(body) is None


async def test_counters_have_a_bound_and_say_what_they_dropped(tmp_path: Path) -> None:
    """Beyond the bound only counters that are there go on, and what is stored is taken in as it was counted."""
    objects = objects_of(PublicSettings(), tmp_path)
    counters = Counters()
    for number in range(CELLS_MAX + 10):
        counters.add(_code(number), OPENED)
    counters.add(_code(0), OPENED)
    assert counters.dropped == 10
    assert await counters.flush(objects)
    [(path, content)] = await _stored(objects)
    assert len(content) <= OBJECT_BYTES
    rows = rows_of(path, content)
    assert rows is not None
    counts = {row.code: row.count for row in rows}
    assert len(counts) == CELLS_MAX
    assert counts[_code(0)] == 2


async def test_nothing_is_stored_when_nothing_was_counted(tmp_path: Path) -> None:
    """A quiet process writes no objects."""
    objects = objects_of(PublicSettings(), tmp_path)
    assert await Counters().flush(objects)
    assert await _stored(objects) == []


async def test_what_a_store_did_not_take_is_stored_once_it_does(tmp_path: Path) -> None:
    """The object keeps its name, so that it counts once even if the put that failed was done after all."""
    objects, broken = objects_of(PublicSettings(), tmp_path), objects_of(PublicSettings(), tmp_path)
    folder = tmp_path / "objects"
    hidden = tmp_path / "hidden"
    counters = Counters()
    counters.add(CODE, OPENED)
    folder.rename(hidden)
    folder.write_text("no folder")
    assert not await counters.flush(broken)
    counters.add(CODE, Action(Kind.SHARE, Channel.SHARE))
    assert not await counters.flush(broken)
    folder.unlink()
    hidden.rename(folder)
    assert await counters.flush(objects)
    stored = await _stored(objects)
    found = [(row.kind, row.channel, row.count) for path, content in stored for row in rows_of(path, content) or []]
    assert sorted(found) == [("open", "push", 1), ("share", "share", 1)]


GOOD = Cell(CODE, int(time.time()) // 60, Channel.PUSH, Kind.OPEN)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"counts":[["bad"]]}',
        encoded([(GOOD._replace(code=PageCode("NOT-A-CODE")), 1)]),
        encoded([(GOOD, 0)]),
        encoded([(GOOD, 2**40)]),
        encoded([(GOOD._replace(minute=2**60), 1)]),
        encoded([(GOOD._replace(kind=Kind.PASSED), 1)]),
    ],
)
def test_an_object_that_none_of_our_processes_wrote_is_refused(content: bytes) -> None:
    """Whoever writes into the inbox cannot make the collector fail, nor count what only the record counts."""
    assert rows_of(path_now(), content) is None


def test_an_object_with_another_name_is_refused() -> None:
    """The id in its name is by which it is counted once."""
    content = encoded([(GOOD, 3)])
    assert rows_of(f"{FOLDER}/x", content) is None
    [row] = rows_of(path_now(), content) or []
    assert (row.code, row.kind, row.channel, row.count) == (CODE, "open", "push", 3)


def _code(number: int) -> PageCode:
    letters = ""
    for _ in range(LENGTH):
        number, place = divmod(number, len(ALPHABET))
        letters += ALPHABET[place]
    return PageCode(letters)


async def _stored(objects: Objects) -> list[tuple[str, bytes]]:
    """Return the objects with counts."""
    listed = await objects.list(FOLDER)
    assert isinstance(listed, list)
    contents = [(one.path, await objects.get(one.path)) for one in listed]
    return [(path, content) for path, content in contents if isinstance(content, bytes)]
