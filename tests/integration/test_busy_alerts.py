"""However many alerts are being sent, a look reads a bounded number of them, in turn, and what changed at once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final
from uuid import UUID

import sql.progress
from geo.index.position_index import PositionIndex
from push.alarms import AlarmBoard
from push.alerts.disclosure.people import Disclosure
from push.alerts.watch import busy_alerts
from push.alerts.watch.busy_alerts import BusyAlerts
from push.alerts.watch.progress import Meter
from push.alerts.watch.watcher import Watcher
from push.fanout.areas import Areas
from push.fanout.claims.claims import Claims
from push.fanout.claims.refused_rows import RefusedRows
from push.fanout.entrants.late_entrants import LateEntrants, LatePlan
from push.message.sound import Sound, Sounds
from runtime.clock import ComparedClock
from runtime.tasks import cancel_and_wait
from tests.integration.test_claims import add_alert, add_authority
from tests.support.processes.processes import until

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest
    from redis import asyncio as aioredis

    from push.alerts.watch.progress import AlertProgress
    from sql.database import Pool
    from sql.progress import Counts

ALERTS: Final = 20
READ_MAX: Final = 6
ACCEPTED: Final = "update sweep_unit set accepted = $1 where not entrants"
PAUSE: Final = "update alert set state = 'paused' where id = $1"


def _watcher(pool: Pool, redis: aioredis.Redis, take_worked: Callable[[], set[UUID]] = set) -> Watcher:
    entrants = LateEntrants(LatePlan(), PositionIndex(redis, ("tpns",)), pool, lambda _: None)
    watcher = Watcher(
        pool,
        AlarmBoard(),
        entrants,
        Areas(pool),
        ComparedClock(),
        audience_cap=10**9,
        disclosure=Disclosure(),
        sounds=Sounds(Sound(), {}),
        wake=lambda: None,
        take_worked=take_worked,
        refused=RefusedRows(AlarmBoard()),
    )
    watcher.tick_s = lambda: 0.01
    return watcher


async def test_busy_alerts_are_read_in_turn_and_what_changed_at_once(
    pool: Pool, redis: aioredis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All have their newest figures after a few looks, none of which reads more than the bound and what changed."""
    monkeypatch.setattr("push.alerts.watch.busy_alerts.READ_MAX", READ_MAX)
    monkeypatch.setattr("push.alerts.watch.watcher.WORK_SHARE", 1.0)
    await add_authority(pool)
    alerts = [await add_alert(pool, f"N{number}", due_in_min=30, rings=(1,), units=1) for number in range(ALERTS)]
    looks: list[list[UUID]] = []
    read_counts = sql.progress.read_counts

    async def counted(read_pool: Pool, alert_ids: list[UUID], people_min: int) -> list[Counts]:
        looks.append(alert_ids)
        return await read_counts(read_pool, alert_ids, people_min)

    monkeypatch.setattr(sql.progress, "read_counts", counted)
    watcher = _watcher(pool, redis)
    published: dict[UUID, AlertProgress] = {}
    watcher.publish = lambda progress: published.update({progress.alert: progress})
    watching = asyncio.create_task(watcher.run(), name="watcher")

    async def all_have(accepted: int) -> bool:
        return [one.lanes["tpns"].accepted for one in published.values()] == [accepted] * ALERTS

    await until(lambda: all_have(0))

    async def is_calm() -> bool:
        """The first pass of each is planned at the beginning, which changes all of them."""
        return len(looks[-1]) <= READ_MAX

    await until(is_calm)
    looks.clear()
    await pool.execute(ACCEPTED, 1000)
    await until(lambda: all_have(1000))
    assert max(map(len, looks)) <= READ_MAX
    turns = [alert for look in looks for alert in look]
    assert {*turns[: ALERTS + READ_MAX]} == {*alerts}, "whoever waited longest comes first"
    began, last = len(looks), looks[-1][-1]
    await pool.execute(PAUSE, last)
    committed = len(looks)

    async def is_paused() -> bool:
        return published[last].state == "paused" and len(looks) >= committed + 2

    await until(is_paused)
    await cancel_and_wait([watching])
    # One look may have been under way; by turns it would be the fourth.
    assert any(last in look for look in looks[began : committed + 2])


async def test_an_alert_is_sent_soon_after_the_last_of_it_however_far_apart_ticks_are(
    pool: Pool, redis: aioredis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hundreds of alerts make ticks long and rare; whoever waits for one of them waits for no tick."""
    for name, value in (("WORK_SHARE", 1e-9), ("APART_MAX_S", 3600.0)):
        monkeypatch.setattr(f"push.alerts.watch.watcher.{name}", value)
    await add_authority(pool)
    alert = await add_alert(pool, "A", due_in_min=30, rings=(1,), units=1)
    watcher, published = _watcher(pool, redis), asyncio.Event()
    watcher.publish = lambda _: published.set()
    watching = asyncio.create_task(watcher.run(), name="watcher")
    await published.wait()
    await pool.execute("update sweep_unit set done = true")

    async def is_sent() -> bool:
        state: str = await pool.fetchval("select state from alert where id = $1", alert)
        return state == "sent"

    await until(is_sent)
    await cancel_and_wait([watching])
    assert watcher.current[alert].state == "sending", "no tick came between"


def test_what_this_process_works_on_is_read_at_every_tick_and_once_after_that() -> None:
    """Others by turns; what is read for the last time keeps its place until then."""
    alerts = [UUID(int=number) for number in range(READ_MAX * 100)]
    worked = [{alerts[-1], UUID(int=10**6)}]
    busy = BusyAlerts(lambda: worked.pop() if worked else set())
    busy.note({*alerts}, set(), {*alerts})
    for _ in range(2):
        due = busy.due()
        assert alerts[-1] in due, "it was not read yet"
        assert len(due) == busy_alerts.READ_MAX + 1
    busy.note({*alerts}, due, {*alerts})
    assert not busy.due() & due
    busy.note(set(), busy.due(), {*alerts})
    assert len(busy.ids) == len(alerts) - busy_alerts.READ_MAX
    busy.note(set(), set(), set())
    assert not busy.ids


async def test_an_alert_that_is_read_rarely_has_a_rate_and_an_eta(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Since it was read last, however long ago that was; each read would be older than the window here."""
    monkeypatch.setattr("push.alerts.watch.progress.WINDOW_S", 0.0)
    await add_authority(pool)
    alert = await add_alert(pool, "A", due_in_min=30, rings=(1,), units=1)
    meter = Meter(ComparedClock())
    for accepted in (0, 1000, 2000):
        await pool.execute(ACCEPTED, accepted)
        [listed] = await sql.progress.listed(pool, [alert])
        lane = meter.progress(listed, await sql.progress.read_counts(pool, [alert], 1)).lanes["tpns"]
        assert (lane.rate_per_s > 0) is (accepted > 0)
    assert lane.eta is not None


async def test_what_comes_last_has_one_sweep_of_a_lane_so_that_a_new_alert_has_the_other(pool: Pool) -> None:
    """A unit of an exercise is not claimed beside another one that is being searched, and is when that is through."""
    await add_authority(pool)
    exercise = await add_alert(pool, "A", due_in_min=30, rings=(1,), units=3)
    await pool.execute("update alert set status = 'exercise' where id = $1", exercise)
    claims = Claims(pool, 60.0)
    first = await claims.next_unit("tpns")
    other = asyncio.create_task(claims.next_unit("tpns"), name="the other sweep of the lane")
    actual = await add_alert(pool, "B", due_in_min=30, rings=(1,), units=1)
    claims.wake()
    second = await other
    assert (first.row.alert_id, second.row.alert_id) == (exercise, actual)
    assert (first.is_last, second.is_last) == (True, False)
    first.swept = True
    assert (await claims.next_unit("tpns")).row.alert_id == exercise
    assert claims.leases.take_worked() == {exercise, actual}
