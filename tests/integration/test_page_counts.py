"""Counts of pages on their way into the record: each object once, in the life of its page, of nobody in particular."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest_asyncio

import sql.deletion
import sql.page_counts
from public.funnel.collecting import CountCollector
from public.funnel.counters import FOLDER, Cell, Counters, encoded, path_now
from public.funnel.words import Action, Channel, Kind
from public.objects import Objects, objects_of
from public.settings import PublicSettings
from runtime.page_codes import PageCode, code_of
from sql.page_counts import OBJECTS_MAX
from tests.integration.test_claims import add_alert, add_authority
from tests.support.processes.seaweedfs import seaweedfs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from uuid import UUID

    from public.objects import Listed, Trouble
    from sql.database import Pool

MINUTE = int(time.time()) // 60


@pytest_asyncio.fixture
async def alert(pool: Pool) -> UUID:
    """Provide an alert whose page has been there for an hour, and of which one view in four is counted."""
    await add_authority(pool)
    alert = await add_alert(pool, "one", due_in_min=30, rings=(1,))
    await pool.execute(
        "update page set first_made_at = now() - interval '1 hour', sample = 4 where alert_id = $1", alert
    )
    return alert


def _opened(code: PageCode, count: int, minute: int = MINUTE) -> bytes:
    return encoded([(Cell(code, minute, Channel.PUSH, Kind.OPEN), count)])


async def _counted(pool: Pool) -> list[tuple[str, str, int, int]]:
    rows = await pool.fetch(
        "select channel, kind, sum(count)::int, max(weight) from page_count group by 1, 2 order by 1, 2"
    )
    return [tuple(row) for row in rows]


def _objects(folder: Path) -> Objects:
    return objects_of(PublicSettings(), folder)


async def test_an_object_is_taken_in_once_and_deleted(pool: Pool, tmp_path: Path, alert: UUID) -> None:
    """Several processes that take in the same objects count each once, and what is put again is not counted again."""
    objects = _objects(tmp_path)
    paths = [path_now() for _ in range(20)]
    for path in paths:
        assert await objects.put(path, _opened(code_of(alert), 5)) is None
    collectors = [CountCollector(pool, objects) for _ in range(3)]
    await asyncio.gather(*(one.look() for one in collectors))
    assert await _counted(pool) == [("push", "open", 100, 4)]
    assert await objects.list(FOLDER) == []
    assert sum((one.taken for one in collectors), start=type(collectors[0].taken)()) == {("push", "open"): 400}
    # A process that was not told that its object is stored puts it again.
    assert await objects.put(paths[0], _opened(code_of(alert), 5)) is None
    await collectors[0].look()
    assert await _counted(pool) == [("push", "open", 100, 4)]
    assert await objects.list(FOLDER) == []


async def test_counts_come_through_a_bucket_as_through_a_folder(pool: Pool, tmp_path: Path, alert: UUID) -> None:
    """A real S3 store: what is counted is stored, listed, taken in and deleted there."""
    async with seaweedfs(tmp_path) as settings:
        objects, counters = objects_of(settings, tmp_path), Counters()
        for _ in range(7):
            counters.add(code_of(alert), Action(Kind.OPEN, Channel.SHARE))
        assert await counters.flush(objects)
        await CountCollector(pool, objects).look()
        assert await _counted(pool) == [("share", "open", 7, 4)]
        assert await objects.list(FOLDER) == []


async def test_a_page_that_was_never_published_has_no_counts(pool: Pool, tmp_path: Path, alert: UUID) -> None:
    """Neither a code of ours before its page is there, nor one that nobody has; both objects are deleted."""
    objects = _objects(tmp_path)
    await pool.execute("update page set first_made_at = null where alert_id = $1", alert)
    for code in (code_of(alert), PageCode("2345678923")):
        assert await objects.put(path_now(), _opened(code, 5)) is None
    await CountCollector(pool, objects).look()
    assert await _counted(pool) == []
    assert await objects.list(FOLDER) == []


async def test_a_wrong_clock_does_not_move_counts_out_of_the_life_of_a_page(
    pool: Pool, tmp_path: Path, alert: UUID
) -> None:
    """What decides is the record's time: a minute before the page, or to come, is moved to the nearest."""
    objects = _objects(tmp_path)
    for minute in (0, MINUTE + 10_000):
        assert await objects.put(path_now(), _opened(code_of(alert), 1, minute)) is None
    await CountCollector(pool, objects).look()
    rows = await pool.fetch("select minute from page_count order by minute")
    assert len(rows) == 2
    now = datetime.now(UTC)
    assert all(timedelta(0) <= now - row[0] < timedelta(minutes=63) for row in rows)


class Watched(Objects):
    """A folder that counts the names which it was asked for."""

    named = 0

    async def scan(self, folder: str, each: Callable[[Listed], None], at_most: int) -> int | Trouble:
        """Hand objects over, and count them."""
        found = await super().scan(folder, each, at_most)
        self.named += found if isinstance(found, int) else 0
        return found


async def test_a_look_lists_no_more_than_it_takes_in(pool: Pool, tmp_path: Path, alert: UUID) -> None:
    """However much waits, a look costs the same; one look after the other takes all of it in."""
    folder = _objects(tmp_path)
    objects = Watched(folder._store, folder._folder)  # noqa: SLF001 - the same folder
    for _ in range(2 * OBJECTS_MAX + 1):
        assert await objects.put(path_now(), _opened(code_of(alert), 1)) is None
    collector = CountCollector(pool, objects)
    assert [await collector.look() for _ in range(3)] == [True, True, False]
    assert objects.named == 2 * OBJECTS_MAX + 1
    assert await _counted(pool) == [("push", "open", 2 * OBJECTS_MAX + 1, 4)]


async def test_foreign_objects_are_deleted_and_keep_nothing_waiting(pool: Pool, tmp_path: Path, alert: UUID) -> None:
    """What none of our processes wrote is counted as refused; the good object beside it is taken in."""
    objects = _objects(tmp_path)
    for path, content in ((f"{FOLDER}/0", b"{}"), (path_now(), b"\xff\x00"), (path_now(), _opened(code_of(alert), 7))):
        assert await objects.put(path, content) is None
    collector = CountCollector(pool, objects)
    await collector.look()
    assert collector.refused == 2
    assert await _counted(pool) == [("push", "open", 7, 4)]
    assert await objects.list(FOLDER) == []


async def test_objects_that_were_taken_in_are_forgotten_a_day_after_they_were_seen(
    pool: Pool, tmp_path: Path, alert: UUID
) -> None:
    """The list of what was taken in does not grow for ever; one that is still there is not forgotten."""
    objects = _objects(tmp_path)
    paths = [path_now(), path_now()]
    for path in paths:
        assert await objects.put(path, _opened(code_of(alert), 1)) is None
    await CountCollector(pool, objects).look()
    await pool.execute("update page_count_taken set seen_at = now() - interval '25 hours'")
    assert await objects.put(paths[0], _opened(code_of(alert), 1)) is None
    await CountCollector(pool, objects).look()
    assert await pool.fetchval("select count(*) from page_count_taken") == 1
    assert await _counted(pool) == [("push", "open", 2, 4)]


async def test_statistics_count_actual_alerts_and_what_came_of_them(pool: Pool) -> None:
    """No exercise counts, and no alert that nobody was sent; found and found through the alert are two numbers."""
    await add_authority(pool)
    alerts = [await add_alert(pool, f"number {n}", due_in_min=30, rings=(1,)) for n in range(6)]
    await pool.execute(
        "update sweep_unit set worked_by = gen_random_uuid(), accepted = 1000 where sweep_id in"
        " (select id from sweep where alert_id <> $1)",
        alerts[5],
    )
    await pool.execute("update alert set status = 'exercise' where id = $1", alerts[4])
    for alert, helped in ((alerts[0], True), (alerts[1], None), (alerts[2], False)):
        await pool.execute("update alert set state = 'found', through_alert = $2 where id = $1", alert, helped)
        await pool.execute("insert into notice (alert_id, version, notice, at) values ($1, 9, 'found', now())", alert)
    # It was ended as found by mistake, and is sent again.
    await pool.execute("insert into notice (alert_id, version, notice, at) values ($1, 9, 'found', now())", alerts[3])
    row = await sql.page_counts.statistics(pool)
    assert (row.alerts, row.found, row.through_alert, row.through_alert_unknown) == (4, 3, 1, 1)
    assert row.people == 4 * 3 * 1000, "two units an alert, and that of late entrants"


async def test_the_number_of_an_alert_is_settled_when_its_recipients_are_deleted(pool: Pool) -> None:
    """What is said of all alerts stays the same, and reads no unit of a settled one; one never sent has no number."""
    await add_authority(pool)
    settled, live, unsent = [await add_alert(pool, f"number {n}", due_in_min=30, rings=(1,)) for n in range(3)]
    await pool.execute(
        "update sweep_unit set worked_by = gen_random_uuid(), accepted = 1000 where sweep_id in"
        " (select id from sweep where alert_id <> $1)",
        unsent,
    )
    before = await sql.page_counts.statistics(pool)
    async with pool.acquire() as connection:
        await sql.deletion.delete_recipients(connection, settled)
        await sql.deletion.delete_recipients(connection, unsent)
    assert await sql.page_counts.statistics(pool) == before
    await pool.execute("update sweep_unit set accepted = accepted + 1")
    units = await pool.fetchval(
        "select count(*) from sweep_unit u join sweep s on s.id = u.sweep_id where alert_id = $1", live
    )
    assert (await sql.page_counts.statistics(pool)).people == before.people + units
    assert before.alerts == 2
