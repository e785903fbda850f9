"""The doubles of the simulation answer as the real stores do: the same calls, drawn at random, on both, step by step.

After each call its answer and the whole state are compared. `tests.support.stores.both_records` compares.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import asyncpg
import msgspec
import numpy as np
import pytest

import sql.audit
import sql.held_notices
import sql.ledger
import sql.lifecycle
import sql.outcomes
import sql.progress
import sql.rings
import sql.work
from push.fanout.packing import pack
from sql.audit import AuditEvent
from sql.ledger import LedgerRow, NotifiedRow
from sql.outcomes import Reopening
from sql.rings import RingRow, SweepPlan
from tests.integration.test_claims import add_alert, add_authority
from tests.simulation.record.instant import InstantPool
from tests.support.stores.both_records import BothRecords, UnitId

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from sql.database import Pool

STEPS: Final = 120
LANES: Final = ("tpns", "apns")
UNITS: Final = 3
OWNERS: Final = (UUID(int=1), UUID(int=2))
CONTENT: Final = '{"texts": {"zh-CN": {"title": "t", "body": "b", "call": "110"}}}'
OUTCOMES: Final = ("accepted", "invalid", "refused", "quarantined", "failed", "indeterminate")
RINGS_MAX: Final = 6
LOCALES: Final = (None, "zh-CN", "es")
GAPS: Final = (timedelta(0), timedelta(hours=1))


async def file_alert(both: BothRecords) -> None:
    """File an alert on both sides, with some rings."""
    rings = both.random.choice(((1,), (1, 2), (2, 1), (1, 2, 3)))
    number, due_in_min = f"N{len(both.alerts)}", both.random.choice((5, 30, 40))
    fixed = UUID(int=both.random.getrandbits(128), version=4)
    now = datetime.now(UTC)

    async def add(pool: Pool) -> UUID:
        return await add_alert(
            pool, number, due_in_min=due_in_min, rings=rings, units=UNITS, lanes=LANES, alert_id=fixed, now=now
        )

    both.alerts.append(await both.call(add))
    await both.learn_units()


async def _claimed(
    pool: Pool,
    lanes: list[str],
    owner: UUID,
    lease: timedelta,
    held: list[int],
    interrupted: list[int],
    units_max: int,
    order: int,
) -> list[sql.work.UnitRow]:
    """Claim of the open sweeps, in an order that both sides know, and say which ones there were."""
    await sql.work.close_sweeps(pool, 2)
    sweeps = sorted(
        await sql.work.open_sweeps(pool, lanes), key=lambda one: (one.alert_id, one.notice, one.ring, one.lane)
    )
    wanted = [one.id for one in sweeps[order:] + sweeps[:order]]
    rows = await sql.work.claim(pool, wanted, owner, lease, held, units_max, interrupted)
    return [msgspec.structs.replace(row, sweep_id=len(sweeps)) for row in rows]


async def _claim(both: BothRecords) -> None:
    owner, draw = both.random.choice(OWNERS), both.random
    own = [UnitId(unit) for unit, who in both.claimed if who == owner]
    held = draw.sample(own, draw.randint(0, len(own)))
    interrupted = draw.sample(held, draw.randint(0, len(held)))
    lease = timedelta(seconds=draw.choice((3600, 3600, -1)))
    lanes, units_max, order = draw.sample(LANES, draw.randint(1, 2)), draw.choice((1, 1, 3)), draw.randint(0, 3)
    rows = await both.call(_claimed, lanes, owner, lease, held, interrupted, units_max, order)
    for row in rows:
        both.claimed = [(unit, who) for unit, who in both.claimed if unit != row.id] + [(row.id, owner)]


async def _end_unit(both: BothRecords) -> None:
    if not both.claimed:
        return
    draw = both.random
    unit, owner = draw.choice(both.claimed)
    owner = draw.choice((owner, owner, *OWNERS))
    match draw.randint(0, 4):
        case 0 | 1:
            await both.call(sql.work.finish, UnitId(unit), owner, draw.randint(0, 9))
        case 2:
            await both.call(sql.work.give_back, UnitId(unit), owner)
        case 3:
            await both.call(sql.work.note_searched, UnitId(unit), owner, draw.randint(0, 9))
        case 4 if draw.random() < 0.2:
            await both.call(sql.work.release, owner)


async def _halted(pool: Pool, units: list[int], owner: UUID) -> dict[int, bool]:
    return (await sql.work.halted(pool, units, owner))[1]


async def _look(both: BothRecords) -> None:
    units = [UnitId(unit) for unit in both.random.sample([*both.units], min(6, len(both.units)))]
    owner = both.random.choice(OWNERS)
    await both.call(_halted, units, owner)
    await both.call(sql.work.extend, units, owner, timedelta(hours=1))


async def _commit(both: BothRecords) -> None:
    draw, rows = both.random, []
    for _ in range(draw.randint(1, 3)):
        if both.batches and draw.random() < 0.2:
            rows.append(draw.choice(both.batches))
            continue
        unit = both.double.tables.units[both.units[draw.choice([*both.units])]]
        real = next(own for own, other in both.units.items() if other == unit.id)
        users = np.array(draw.sample(range(1000), draw.randint(1, 4)), dtype=np.int64)
        sweep = unit.sweep
        version = draw.randint(1, sweep.alert.version) if sweep.notice == "alert" else sweep.version
        locale = LOCALES[int(users[0]) % len(LOCALES)]
        row = (
            sweep.alert.id,
            sweep.notice,
            unit.shard_from,
            unit.shard_to,
            draw.getrandbits(40),
            draw.choice(OUTCOMES),
        )
        rows.append(LedgerRow(*row, sweep.lane, UnitId(real), users.size, pack(users), version, locale))
    # A batch and outcome once a commit, as the product's commits have them.
    rows = [*{(row.batch_id, row.outcome): row for row in rows}.values()]
    both.batches += rows
    await both.call(sql.ledger.commit, rows)


async def _read(both: BothRecords) -> None:
    alert, draw = both.random.choice(both.alerts), both.random
    notice, lane = draw.choice(("alert", "update", "cancel")), draw.choice(LANES)
    shards = sorted((draw.randint(0, UNITS), draw.randint(0, UNITS)))

    async def settled(pool: Pool) -> list[bytes]:
        gap = draw_gap
        return sorted(
            await sql.ledger.settled(pool, alert, notice, version, shards[0], shards[1], lane=lane, invalid_for=gap)
        )

    async def notified(pool: Pool) -> list[NotifiedRow]:
        rows = await sql.ledger.notified(pool, alert, version, 0, UNITS, indeterminate=flag)
        return sorted(rows, key=lambda row: (row.packed, row.locale or ""))

    async def ends(pool: Pool) -> list[tuple[str, str, bytes]]:
        return sorted(await sql.ledger.ends(pool, alert, version, shards[0], shards[1]))

    async def unsettled(pool: Pool) -> list[bytes]:
        notices = ["found", "cancel"] if flag else ["update"]
        span = shards[0], shards[1]
        return sorted(await sql.ledger.unsettled(pool, alert, version, *span, lane=lane, notices=notices))

    version, flag, draw_gap = draw.randint(1, 4), draw.random() < 0.5, draw.choice(GAPS)
    await both.call(settled)
    await both.call(notified)
    await both.call(ends)
    await both.call(unsettled)
    await both.call(sql.outcomes.reopens, alert, version)
    await both.call(sql.outcomes.read, alert)
    await both.call(sql.progress.read_counts, both.alerts, 1)
    await both.call(sql.progress.list_alerts, alert)
    await both.within(sql.lifecycle.lock_alert, alert)
    await both.call(sql.rings.list_rings, alert)
    await both.call(sql.rings.due_rings, both.alerts)


async def _act(both: BothRecords) -> None:
    alert, draw = both.random.choice(both.alerts), both.random
    known = both.double.tables.alerts[alert]
    match draw.randint(0, 5):
        case 0 if known.state in {"cancelled", "found"} and known.version < 4:
            now = datetime.now(UTC)
            anew = Reopening(
                review="auto", send_at=None, expires=now + timedelta(hours=2), at=now, within=timedelta(minutes=30)
            )
            await both.within(sql.outcomes.reopen, alert, anew)
            version = known.version + 1

            async def append(connection: Any, alert: UUID) -> None:  # noqa: ANN401 - a connection
                await sql.lifecycle.append_notice(connection, alert, version, "update", CONTENT, reopens=True)

            await both.within(append, alert)
            await both.within(sql.rings.add_sweeps, alert, [SweepPlan("update", None, "tpns", UNITS, 1, version)])
            await both.within(sql.lifecycle.move, alert, "sending")
            await both.learn_units()
        case 0 if known.state not in {"cancelled", "found"}:
            await both.within(sql.lifecycle.move, alert, draw.choice(("paused", "sending", "sending", "sent")))
        case 1 | 2 if known.version < 4:
            notice = draw.choice(("update", "update", "cancel", "found"))
            await both.within(sql.lifecycle.append_notice, alert, known.version + 1, notice, CONTENT)
            plans = [SweepPlan(notice, None, lane, UNITS, 1, known.version) for lane in LANES]
            await both.within(sql.rings.add_sweeps, alert, plans)
            state = {"cancel": "cancelled", "found": "found"}.get(notice)
            if state is not None:
                await both.within(sql.lifecycle.move, alert, state)
            await both.learn_units()
        case 3:
            now = datetime.now(UTC)
            await both.within(sql.rings.make_due, alert, 2, now, now + timedelta(minutes=30), "me", "why")
        case 4:

            async def hold(connection: Any, alerts: list[UUID], people: int) -> set[UUID]:  # noqa: ANN401 - a connection
                return await sql.rings.hold_over_cap(connection, alerts, people)

            await both.within(hold, [alert], draw.choice((10, 10, 40)))
        case _:
            await both.call(sql.ledger.reopen, draw.choice(LANES))


async def _add_place(both: BothRecords) -> None:
    """Add a ring around a later place: due now or later, perhaps held."""
    draw, alert, now = both.random, both.random.choice(both.alerts), datetime.now(UTC)
    known = both.double.tables.alerts[alert].rings
    if len(known) >= RINGS_MAX:
        return
    row = RingRow(
        ring=max(known) + 1,
        radius_km=draw.choice((10.0, 30.0)),
        city=False,
        due_at=now + draw.choice(GAPS),
        deadline=now + timedelta(minutes=30),
        decided_by="authority sz",
        reason="",
        held=draw.choice((None, None, "audience cap")),
        longitude=draw.choice((114.5, 115.0)),
        latitude=22.5,
        nearness=draw.choice((None, 1)),
    )
    await both.within(sql.rings.add_rings, alert, [row])
    await both.within(sql.rings.add_sweeps, alert, [SweepPlan("alert", row.ring, lane, UNITS, 1) for lane in LANES])
    await both.learn_units()


async def _by_itself(both: BothRecords) -> None:
    draw = both.random

    async def settle(connection: Any, gap: timedelta) -> list[tuple[UUID, str, str]]:  # noqa: ANN401 - a connection
        return sorted(await sql.progress.settle(connection, gap))

    await both.within(settle, draw.choice(GAPS))
    await both.call(sql.rings.sweep_again, draw.choice(GAPS))
    await both.call(sql.rings.notify_again, draw.choice(GAPS), 2, draw.choice(GAPS))
    await both.call(sql.rings.sweep_sooner, draw.sample(both.alerts, 1), draw.choice(GAPS))


async def _hold(both: BothRecords) -> None:
    """Hold the notice of an end, or let it go on."""
    draw, alert = both.random, both.random.choice(both.alerts)
    await both.call(sql.held_notices.notices_to_hold, draw.choice((1, 9)))
    if draw.random() < 0.7:
        await both.within(sql.held_notices.hold_notice, alert)
    else:
        await both.within(sql.held_notices.resume_notice, alert)
    await both.call(sql.held_notices.notices_held, draw.choice((1, 9)))
    events = [(draw.choice((1, 2)), bytes([draw.choice((1, 2))]) * 32) for _ in range(2)]
    await both.call(sql.audit.note_lost, events[:1])
    await both.call(sql.audit.noted_lost, events)
    await both.call(sql.audit.count_lost)


STEP_KINDS: Final = (_claim, _claim, _claim, _end_unit, _end_unit, _look, _commit, _commit, _read, _act, _by_itself)


@pytest.mark.parametrize("seed", range(6))
async def test_the_record_and_its_double_answer_the_same(pool: Pool, seed: int) -> None:
    """Claims, ends, stops, late rows, passes, counts: each answer and each row after it."""
    await _compare_both(pool, seed, STEP_KINDS)


@pytest.mark.parametrize("seed", range(10, 14))
async def test_they_answer_the_same_of_rings_around_later_places(pool: Pool, seed: int) -> None:
    """The same with rings of other centres, due out of their order, or held before they began."""
    await _compare_both(pool, seed, (*STEP_KINDS, _add_place, _add_place))


@pytest.mark.parametrize("seed", range(20, 23))
async def test_they_answer_the_same_of_notices_that_are_held(pool: Pool, seed: int) -> None:
    """The same with notices of an end that are held and resumed."""
    await _compare_both(pool, seed, (*STEP_KINDS, _act, _hold, _hold))


async def _compare_both(pool: Pool, seed: int, kinds: Sequence[Callable[[BothRecords], Awaitable[None]]]) -> None:
    both = BothRecords(pool, seed)
    await add_authority(pool)
    both.double.tables.authorities["sz"] = "auto", 60
    await file_alert(both)
    for step in range(STEPS):
        if step in {STEPS // 4, STEPS // 2}:
            await file_alert(both)
        await both.random.choice(kinds)(both)
        await both.compare()


async def test_the_trail_of_the_double_is_the_same_chain(pool: Pool) -> None:
    """What is appended is found again at its place, the newest last; the wrong number finds nothing."""
    both = BothRecords(pool, 0)

    async def append(connection: Any, number: int) -> None:  # noqa: ANN401 - a connection
        await sql.audit.append(connection, AuditEvent(actor="system", action=f"a{number}"))

    async def newest(pool: Pool) -> int | None:
        found = await sql.audit.newest(pool)
        return None if found is None else found.seq

    async def is_known(pool: Pool, seq: int) -> bool:
        return await sql.audit.digest_of(pool, seq) is not None

    assert await both.call(newest) is None
    for number in range(3):
        await both.within(append, number)
        assert await both.call(newest) == number + 1
        assert await both.call(is_known, number + 1)
        assert not await both.call(is_known, number + 2)


def test_every_query_of_the_double_is_a_query_of_the_record() -> None:
    """An unknown query is an error, and not an empty answer."""
    with pytest.raises(LookupError):
        InstantPool().run("select 1 from nowhere")


async def test_a_transaction_of_the_double_is_undone_as_a_whole(pool: Pool) -> None:
    """What fails within it leaves nothing, in both."""
    both = BothRecords(pool, 0)
    await add_authority(pool)
    both.double.tables.authorities["sz"] = "auto", 60
    await file_alert(both)

    async def refuse() -> None:
        raise asyncpg.DiskFullError("as if")

    async def fail(pool: Pool, alert: UUID) -> None:
        try:
            async with pool.acquire() as connection, connection.transaction():
                await sql.lifecycle.move(connection, alert, "paused")
                await sql.rings.add_sweeps(connection, alert, [SweepPlan("update", None, "tpns", UNITS, 1, 2)])
                await refuse()
        except asyncpg.DiskFullError:
            return

    await both.call(fail, both.alerts[0])
    await both.compare()
