"""Full passes for late entrants: each lane has its own, whatever holds up another one."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

import sql.lifecycle
import sql.progress
import sql.rings
import sql.work
from tests.integration.test_claims import add_alert, add_authority
from tests.support.stores.claiming import claim_next
from tests.support.stores.plans import add_resting_alerts, rows_read

if TYPE_CHECKING:
    from sql.database import Pool
    from sql.work import UnitRow

LANES: Final = ("huawei", "tpns")
LEASE: Final = timedelta(seconds=60)
HOUR: Final = timedelta(hours=1)
AT_ONCE: Final = timedelta()
OWNER: Final = uuid4()
READ_ROWS_MAX: Final = 300
"""Of a dozen units and as many rows beside them, each by a few steps of a plan; others have ten thousand."""


async def _alert(pool: Pool, units: int = 2) -> UUID:
    await add_authority(pool)
    return await add_alert(pool, "A", due_in_min=30, rings=(1,), units=units, lanes=LANES)


async def _claim(pool: Pool, lane: str) -> UnitRow:
    unit = await claim_next(pool, lane, OWNER, LEASE, [])
    assert unit is not None
    return unit


async def _sweep(pool: Pool, lane: str) -> int:
    """Sweep all that there is to do in a lane; returns how many units that was."""
    done = 0
    while (unit := await claim_next(pool, lane, OWNER, LEASE, [])) is not None:
        assert await sql.work.finish(pool, unit.id, OWNER, 0)
        done += 1
    return done


async def _settle(pool: Pool) -> list[str]:
    async with pool.acquire() as connection, connection.transaction():
        return [after for _, _, after in await sql.progress.settle(connection, HOUR)]


async def _passes(pool: Pool) -> dict[str, list[int]]:
    """Return the passes of the units of each lane, by shard."""
    rows = await pool.fetch(
        """select s.lane, array_agg(u.passes order by u.shard_from) from sweep s join sweep_unit u on u.sweep_id = s.id
           where not u.entrants and s.notice = 'alert' group by s.lane"""
    )
    return {row[0]: row[1] for row in rows}


async def test_a_lane_that_is_stuck_in_its_first_send_takes_no_wanted_pass_from_the_others(pool: Pool) -> None:
    """While the alert is sent who entered unseen is looked for in the lane that is through, once for each wish."""
    alert = await _alert(pool)
    await _sweep(pool, "tpns")
    assert await _settle(pool) == []
    assert await sql.rings.sweep_again(pool, HOUR) == set(), "nobody wants one"
    await sql.rings.sweep_sooner(pool, None, AT_ONCE)
    assert await sql.rings.sweep_again(pool, HOUR) == {alert}
    assert await _passes(pool) == {"tpns": [1, 1], "huawei": [0, 0]}
    assert await _sweep(pool, "tpns") == 2
    assert await sql.rings.sweep_again(pool, HOUR) == set(), "it has had the pass"
    await sql.rings.sweep_sooner(pool, [alert], AT_ONCE)
    assert await sql.rings.sweep_again(pool, HOUR) == {alert}, "another one is wanted"
    assert await _passes(pool) == {"tpns": [2, 2], "huawei": [0, 0]}


async def test_the_lanes_of_an_alert_that_is_still_being_sent_are_swept_every_hour_from_its_deadline_on(
    pool: Pool,
) -> None:
    """Not before: until then each lane is expected to be through. A lane that is stuck delays none of it."""
    alert = await _alert(pool)
    await _sweep(pool, "tpns")
    for expected in (1, 2):
        assert await sql.rings.sweep_again(pool, HOUR) == set()
        await pool.execute(
            "update alert set deadline = deadline - interval '1 hour', swept_at = swept_at - interval '1 hour'"
        )
        assert await sql.rings.sweep_again(pool, HOUR) == {alert}
        assert await _passes(pool) == {"tpns": [expected] * 2, "huawei": [0, 0]}
        await _sweep(pool, "tpns")


async def test_a_lane_in_the_middle_of_a_pass_has_the_one_that_is_wanted_meanwhile_after_it(pool: Pool) -> None:
    """What it swept already is looked at again, once what it had begun is through; no lane has the same pass twice."""
    alert = await _alert(pool)
    for lane in LANES:
        await _sweep(pool, lane)
    assert await _settle(pool) == ["sent"]
    await sql.rings.sweep_sooner(pool, None, AT_ONCE)
    assert await sql.rings.sweep_again(pool, HOUR) == {alert}
    await _sweep(pool, "tpns")
    swept = await _claim(pool, "huawei")
    begun = await _claim(pool, "huawei")
    assert await sql.work.finish(pool, swept.id, OWNER, 0)
    await sql.rings.sweep_sooner(pool, None, AT_ONCE)
    assert await sql.rings.sweep_again(pool, HOUR) == {alert}
    assert await _passes(pool) == {"tpns": [2, 2], "huawei": [1, 1]}
    assert await sql.work.finish(pool, begun.id, OWNER, 0)
    await _sweep(pool, "tpns")
    assert await sql.rings.sweep_again(pool, HOUR) == {alert}
    assert await _passes(pool) == {"tpns": [2, 2], "huawei": [2, 2]}
    assert await _sweep(pool, "huawei") == 2
    assert await sql.rings.sweep_again(pool, HOUR) == set()
    waits = await pool.fetchval("select next_sweep_at - swept_at from alert")
    assert waits == HOUR, "all lanes have it: the next one is due by itself"


async def test_a_pass_that_is_wanted_while_an_alert_is_paused_is_made_when_it_goes_on(pool: Pool) -> None:
    """It comes once the alert is resumed, although a lane that is stuck keeps it from being sent."""
    alert = await _alert(pool)
    await _sweep(pool, "tpns")

    async def move(state: str) -> None:
        async with pool.acquire() as connection, connection.transaction():
            await sql.lifecycle.move(connection, alert, state)

    await move("paused")
    await sql.rings.sweep_sooner(pool, None, AT_ONCE)
    assert await sql.rings.sweep_again(pool, HOUR) == set()
    await move("sending")
    assert await sql.rings.sweep_again(pool, HOUR) == {alert}
    assert await _passes(pool) == {"tpns": [1, 1], "huawei": [0, 0]}


async def test_what_looks_for_work_reads_no_alert_that_rests(pool: Pool) -> None:
    """With hundreds of others in the record: what is read follows what is due, whether it is being sent or was."""
    alert = await _alert(pool)
    await _sweep(pool, "tpns")
    await add_resting_alerts(pool, 600, LANES, 8)
    await sql.rings.sweep_sooner(pool, [alert], AT_ONCE)
    assert await rows_read(pool, "alert_sweep_again", HOUR, []) <= READ_ROWS_MAX
    assert await rows_read(pool, "sweep_open", [*LANES], [], []) <= READ_ROWS_MAX
    assert await rows_read(pool, "sweep_stale", 1000) <= READ_ROWS_MAX
    await _sweep(pool, "huawei")
    await pool.execute("update alert set state = 'sent' where id = $1", alert)
    assert await rows_read(pool, "alert_sweep_again", HOUR, []) <= READ_ROWS_MAX
