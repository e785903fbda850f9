"""A record that went back in time sends nothing by itself: what was withdrawn stays so until a person decides."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

import asyncpg
import numpy as np
import pytest
from redis import asyncio as aioredis

from tests.support.alarms import alarms_of
from tests.support.processes.deployment import CASE
from tests.support.processes.processes import Process, until
from tests.support.providers.notified import CANCEL, units_released

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment

WHY: Final = {"reason": "误报", "case_number": CASE["case_number"]}
RESTORE: Final = (
    "alter table audit_event disable trigger user",
    "delete from audit_event where seq > $1",
    "delete from audit_reason where seq > $1",
    'update audit_event set content = regexp_replace(content, \'"at":"[0-9]{4}\', \'"at":"2025\')',
    "alter table audit_event enable trigger user",
    "delete from sweep_unit u using sweep s where s.id = u.sweep_id and s.notice = 'cancel'",
    "delete from sweep where notice = 'cancel'",
    "delete from notice where notice = 'cancel'",
    "delete from ledger where notice = 'cancel'",
    "update alert set state = 'sending', ended_at = null, version = 1",
)
"""Takes the record back to the time before the cancel, as a backup has it."""


async def _act(deployment: Deployment, server: Process, alert: str, action: str) -> int:
    url = f"{server.url}/v1/alerts/{alert}/{action}"
    async with deployment.session() as session, session.post(url, json=WHY) as response:
        return response.status


async def _state(deployment: Deployment) -> str:
    state: str = (await deployment.query("select state from alert"))[0][0]
    return state


async def _is_paused(deployment: Deployment) -> bool:
    return await _state(deployment) == "paused"


@pytest.mark.parametrize(
    ("forgets", "is_away"),
    [(False, False), (True, False), (False, True)],
    ids=[
        "Redis remembers",
        "Redis lost it, and holds keys of others",
        "Redis remembers, and is away at the start",
    ],
)
async def test_a_backup_that_is_restored_sends_a_withdrawn_alert_to_nobody(
    deployment: Deployment,
    redis: aioredis.Redis,
    forgets: bool,  # noqa: FBT001 - a parameter of the test
    is_away: bool,  # noqa: FBT001 - as above
) -> None:
    """Copied in the middle of a send, restored after the cancel: everything is paused, and nobody is notified.

    A person cancels it again, or resumes it: then everybody is notified, as the restored record says, and the alarm
    ends.
    """
    await deployment.provider("--latency-ms", "50")
    inside = await deployment.people(60_000)
    server = await deployment.server()
    _, answer = await deployment.file(server)
    alert = answer["alert"]["id"]

    async def begun() -> bool:
        return (await deployment.reached()).size > 0

    await until(begun)
    assert await _act(deployment, server, alert, "pause") == 200
    assert await _act(deployment, server, alert, "resume") == 200
    seq = (await deployment.query("select max(seq) from audit_event"))[0][0]
    assert await _act(deployment, server, alert, "cancel") == 200

    async def told() -> bool:
        left = await deployment.query(
            "select count(*) from sweep_unit u join sweep s on s.id = u.sweep_id"
            " where s.notice = 'cancel' and not u.done"
        )
        return bool(left[0][0] == 0)

    await until(told)
    server.end()
    before = await deployment.reached()
    for statement in RESTORE:
        await deployment.query(statement, *([seq] if "$1" in statement else []))
    if forgets:
        await redis.flushall()
        await redis.set("of another application", "1")
    with ExitStack() as stack:
        if is_away:
            # It answers nothing until the server has started, however long that takes.
            redis_pid = int((await redis.info("server"))["process_id"])
            stack.callback(os.kill, redis_pid, signal.SIGCONT)
            os.kill(redis_pid, signal.SIGSTOP)
        server = await deployment.server()
        assert await _state(deployment) == "sending" or not is_away
    if is_away:
        await until(lambda: _is_paused(deployment))
    assert await _state(deployment) == "paused"
    alarms = await alarms_of(deployment, server)
    assert "record_rewound" in {alarm["kind"] for alarm in alarms}
    assert np.array_equal(await deployment.reached(), before)
    if not forgets:
        assert await _act(deployment, server, alert, "resume") == 200
        await deployment.sent(server, alert)
        assert np.array_equal(await deployment.reached(), inside)

        async def is_cleared() -> bool:
            standing = await alarms_of(deployment, server)
            return "record_rewound" not in {alarm["kind"] for alarm in standing}

        await until(is_cleared)


async def test_a_failover_that_loses_a_cancel_sends_nothing_before_it_is_noticed(deployment: Deployment) -> None:
    """The record goes back under a running server, whose lanes are woken at once: not one request, but an alarm."""
    await deployment.provider("--latency-ms", "50")
    await deployment.people(60_000)
    server = await deployment.server()
    _, answer = await deployment.file(server)

    async def begun() -> bool:
        return (await deployment.reached()).size > 0

    await until(begun)
    seq = (await deployment.query("select max(seq) from audit_event"))[0][0]
    assert await _act(deployment, server, answer["alert"]["id"], "cancel") == 200
    await until(lambda: _remembers(deployment, seq))
    await until(lambda: units_released(deployment))
    before = await _of_the_alert(deployment)
    restoring, holding = [await asyncpg.connect(deployment.database_url) for _ in range(2)]
    async with restoring.transaction():
        for statement in RESTORE:
            await restoring.execute(statement, *([seq] if "$1" in statement else []))
        # As on a busy record, where to pause takes longer than to claim a unit.
        delay = holding.transaction()
        await delay.start()
        held = asyncio.create_task(holding.execute("select from alert for update"), name="hold the alert")
        await until(lambda: _waits(deployment))
        await restoring.execute("select pg_notify('qq_alert_sweeps', '')")
    await held

    async def is_refused() -> bool:
        return "unit.of_old_record" in deployment.log.read_text(encoding="utf-8")

    await until(is_refused)
    await delay.rollback()
    await restoring.close()
    await holding.close()

    async def is_paused() -> bool:
        return await _state(deployment) == "paused"

    await until(is_paused)
    alarms = await alarms_of(deployment, server)
    assert "record_rewound" in {alarm["kind"] for alarm in alarms}
    assert await _of_the_alert(deployment) == before


async def _of_the_alert(deployment: Deployment) -> int:
    """Return how many were notified of the alert, and not of its end."""
    titles = (await deployment.counts())["titles"]
    return sum(number for title, number in titles.items() if title != CANCEL)


async def _waits(deployment: Deployment) -> bool:
    """Tell whether a transaction waits for another one's lock."""
    return bool((await deployment.query("select count(*) from pg_locks where not granted"))[0][0])


async def _remembers(deployment: Deployment, seq: int) -> bool:
    """Tell whether Redis remembers a later event."""
    async with aioredis.Redis.from_url(deployment.redis_url) as redis:
        return int(await redis.hget("record:position", "seq") or 0) > seq


async def test_a_server_that_holds_sends_nothing_before_a_person_resumes_it(deployment: Deployment) -> None:
    """`serve --hold`: what was being sent is paused, in the record, before the first request starts."""
    await deployment.provider("--latency-ms", "50")
    inside = await deployment.people(40_000)
    server = await deployment.server()
    _, answer = await deployment.file(server)

    async def begun() -> bool:
        return (await deployment.reached()).size > 0

    await until(begun)
    server.end()
    before = (await deployment.reached()).size
    holding = deployment.own(Process("serve", "--hold", env=deployment.env(), log=deployment.log))
    await holding.started()
    assert await _state(deployment) == "paused"
    assert (await deployment.reached()).size == before
    assert await _act(deployment, holding, answer["alert"]["id"], "resume") == 200
    await deployment.sent(holding, answer["alert"]["id"])
    assert np.array_equal(await deployment.reached(), inside)


async def test_events_of_another_process_never_look_like_a_record_that_went_back(deployment: Deployment) -> None:
    """Two processes write as fast as they can and look after each event: nothing is paused, nobody alarmed."""
    servers = [await deployment.server() for _ in range(2)]

    async def write(server: Process, name: str) -> None:
        for number in range(20):
            status, _ = await deployment.file(server, case_number=f"{name}-{number}")
            assert status == 202

    async with asyncio.TaskGroup() as group:
        for server, name in zip(servers, "AB", strict=True):
            group.create_task(write(server, name), name=name)
    assert await deployment.query("select id from alert where state = 'paused'") == []
    for server in servers:
        alarms = await alarms_of(deployment, server)
        assert "record_rewound" not in {alarm["kind"] for alarm in alarms}
