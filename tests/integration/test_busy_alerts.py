"""However many alerts are being sent, a look reads a bounded number of them, in turn, and what changed at once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import sql.progress
from geo.index.position_index import PositionIndex
from push.alarms import AlarmBoard
from push.alerts.disclosure.people import Disclosure
from push.alerts.watch.watcher import Watcher
from push.fanout.areas import Areas
from push.fanout.entrants.late_entrants import LateEntrants, LatePlan
from push.message.sound import Sound, Sounds
from runtime.clock import ComparedClock
from runtime.tasks import cancel_and_wait
from tests.integration.test_claims import add_alert, add_authority
from tests.support.processes.processes import until

if TYPE_CHECKING:
    from uuid import UUID

    import pytest
    from redis import asyncio as aioredis

    from push.alerts.watch.progress import AlertProgress
    from sql.database import Pool
    from sql.progress import Counts

ALERTS: Final = 20
READ_MAX: Final = 6
ACCEPTED: Final = """
update sweep_unit u set accepted = $1 from sweep s where s.id = u.sweep_id and not u.entrants
"""
PAUSE: Final = "update alert set state = 'paused' where id = $1"


def _watcher(pool: Pool, redis: aioredis.Redis) -> Watcher:
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
    )
    watcher.tick_s = lambda: 0.01
    return watcher


async def test_busy_alerts_are_read_in_turn_and_what_changed_at_once(
    pool: Pool, redis: aioredis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All have their newest figures after a few looks, none of which reads more than the bound and what changed."""
    monkeypatch.setattr("push.alerts.watch.watcher.BUSY_READ_MAX", READ_MAX)
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

    async def is_paused() -> bool:
        return published[last].state == "paused"

    await until(is_paused)
    await cancel_and_wait([watching])
    # One look may have been under way; by turns it would be the fourth.
    assert any(last in look for look in looks[began : began + 2])


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
