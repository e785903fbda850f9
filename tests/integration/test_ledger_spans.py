"""The shards of the ledger's rows: those of their own recipients, so that a lookup of one shard reads little else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final
from uuid import UUID

import numpy as np

import sql.entrants
import sql.ledger
import sql.reminders
from geo.index.shards import SHARDS, shards_of, span_of
from push.fanout.entrants.notified import Notified
from push.fanout.packing import pack, unpack
from sql.entrants import recipients
from sql.ledger import LedgerRow
from tests.integration.test_claims import add_alert, add_authority
from tests.support.processes.processes import until
from tests.support.stores.plans import rows_read

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

    from sql.database import Pool
    from sql.entrants import RowKey
    from tests.support.processes.deployment import Deployment

SHARD: Final = 500
ROWS: Final = "select shard_from, shard_to, packed from ledger"
ONE: Final = pack(np.array([7], dtype=np.int64))
NEVER: Final = timedelta(days=1)


def _row(
    alert: UUID, shard_from: int, shard_to: int, batch_id: int, notice: str = "alert", outcome: str = "accepted"
) -> LedgerRow:
    return LedgerRow(alert, notice, shard_from, shard_to, batch_id, outcome, "tpns", 1, 1, ONE)


async def _alert(pool: Pool) -> UUID:
    await add_authority(pool)
    return await add_alert(pool, "A", due_in_min=30, rings=(1,), units=1)


async def test_rows_of_a_sent_alert_have_the_shards_of_their_recipients(deployment: Deployment, pool: Pool) -> None:
    """Of the sweep and of late entrants; a lookup of one shard gets the few rows around it, not those of its unit."""
    await deployment.provider()
    inside = await deployment.people(20_000)
    server = await deployment.server()
    _, answer = await deployment.file(server)
    alert = answer["alert"]["id"]
    await deployment.sent(server, alert)
    swept = await pool.fetch(ROWS)
    found = await sql.entrants.settled(pool, "tpns", [UUID(alert)], [SHARD], NEVER)
    assert len(found) == sum(row[0] <= SHARD < row[1] for row in swept)
    assert len(found) * 5 < len(swept)
    notified = np.concatenate([unpack(packed) for _, packed in await sql.entrants.recipients(pool, found)])
    assert np.isin(inside[shards_of(inside) == SHARD], notified).all()
    entrants = [{"user": user, "lane": "tpns", "longitude": 114.06, "latitude": 22.55} for user in range(1, 501)]
    rows = [{**row, "at": datetime.now(UTC)} for row in entrants]
    assert (await deployment.post(f"{server.url}/v1/devices", rows))[0] == 200

    async def are_notified() -> bool:
        return int((await deployment.counts())["distinct"]) == inside.size + len(entrants)

    await until(are_notified)
    await until(partial(_recorded, pool, inside.size + len(entrants)))
    for shard_from, shard_to, packed in await pool.fetch(ROWS):
        assert span_of(unpack(packed)) == (shard_from, shard_to)


async def _recorded(pool: Pool, people: int) -> bool:
    return bool(await pool.fetchval("select sum(recipients) from ledger where outcome = 'accepted'") == people)


async def test_a_lookup_reads_what_it_finds_and_not_the_other_rows_of_the_alert(pool: Pool) -> None:
    """A thousand rows of other shards more cost it nothing; those that reach over many shards are found as well."""
    alert = await _alert(pool)
    around = [_row(alert, SHARD, SHARD + 1, 1), _row(alert, SHARD - 15, SHARD + 1, 2), _row(alert, 0, SHARDS, 3)]
    await sql.ledger.commit(pool, [*around, _row(alert, SHARD, SHARD + 1, 4, outcome="indeterminate")])
    read: list[int] = []
    for batch_id in (0, 1):
        shards = [shard for shard in range(SHARDS - 1) if abs(shard - SHARD) > 20]
        await sql.ledger.commit(pool, [_row(alert, shard, shard + 2, 10 + batch_id) for shard in shards])
        await pool.execute("analyze ledger")
        found = await sql.entrants.settled(pool, "tpns", [alert, alert], [SHARD, SHARD], NEVER)
        assert sorted(key.batch_id for key in found) == [1, 2, 3]
        read.append(await rows_read(pool, "entrant_settled", [alert], [SHARD], "tpns", NEVER))
        read.append(await rows_read(pool, "entrant_recipients", *map(list, zip(*found, strict=True))))
    assert read[:2] == read[2:]
    assert max(read) < 50


async def test_recipients_are_read_once_and_count_until_their_row_is_gone(pool: Pool) -> None:
    """What a lane asks for afterwards is keys: rows that it knows are not read again."""
    alert = await _alert(pool)
    users = np.arange(1, 101, dtype=np.int64)
    row = LedgerRow(alert, "alert", 0, SHARDS, 1, "accepted", "tpns", 1, users.size, pack(users))
    await sql.ledger.commit(pool, [row])
    notified = Notified("tpns", pool, NEVER, lambda _: None)
    assert (await notified.among({alert: users}))[alert].all()
    await pool.execute("update ledger set packed = $1", pack(users[:1]))
    assert (await notified.among({alert: users}))[alert].all()
    await pool.execute("delete from ledger")
    assert not (await notified.among({alert: users}))[alert].any()


async def test_however_many_rows_there_are_few_are_read_at_once(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """And few are kept: everybody is told apart all the same, whose row came first and whose last."""
    monkeypatch.setattr("push.fanout.entrants.notified.ROWS_A_READ", 3)
    monkeypatch.setattr("push.fanout.entrants.notified.ROWS_MAX", 2)
    alert = await _alert(pool)
    users = np.arange(1, 41, dtype=np.int64)
    rows = [
        LedgerRow(alert, "alert", 0, SHARDS, batch_id, "accepted", "tpns", 1, 1, pack(users[batch_id : batch_id + 1]))
        for batch_id in range(0, users.size, 2)
    ]
    await sql.ledger.commit(pool, rows)
    asked: list[int] = []

    async def counted(pool: Pool, keys: Sequence[RowKey]) -> list[tuple[RowKey, bytes]]:
        asked.append(len(keys))
        return await recipients(pool, keys)

    monkeypatch.setattr(sql.entrants, "recipients", counted)
    notified = Notified("tpns", pool, NEVER, lambda _: None)
    assert (await notified.among({alert: users}))[alert].tolist() == [True, False] * 20
    assert max(asked) == 3
    assert (await notified.among({alert: users[::-1]}))[alert].tolist() == [False, True] * 20


async def test_what_was_not_sent_of_a_reminder_is_taken_back_wherever_its_row_begins(pool: Pool) -> None:
    """A row begins where its recipients do; rows of other batches, notices and units stay."""
    alert = await _alert(pool)
    reminder = {"notice": "reminder", "outcome": "indeterminate"}
    rows = [_row(alert, 30, 40, 7, **reminder), _row(alert, 30, 40, 8, **reminder), _row(alert, 64, 70, 7, **reminder)]
    await sql.ledger.commit(pool, [*rows, _row(alert, 30, 40, 7, outcome="indeterminate")])
    await sql.reminders.take_back(pool, alert, 0, 64, 7)
    left = await pool.fetch("select notice, shard_from, batch_id from ledger order by 1, 2, 3")
    assert [tuple(row) for row in left] == [("alert", 30, 7), ("reminder", 30, 8), ("reminder", 64, 7)]
