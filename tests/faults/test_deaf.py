"""Deaf processes: one that hears of no stop sends nothing for longer than it trusts what it saw last."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import numpy as np

from push.fanout.stops import POLL_INTERVAL_S
from push.fanout.unit import TRUSTED_S
from tests.support.processes.deployment import CASE
from tests.support.processes.processes import Process, until
from tests.support.providers.notified import CANCEL, recording_tpns, units_released
from tests.support.stores.postgres_proxy import postgres_proxy

if TYPE_CHECKING:
    from tests.support.processes.deployment import Bench
    from tests.support.providers.notified import RecordingTpns

PEOPLE: Final = 20_000
LATENCY_MS: Final = 500
"""What a process holds takes one worker more than twice as long as it may go on unheard."""

ONE_WORKER: Final = {"QQ_ALERT_LANES__TPNS__WORKERS": "1"}
NOISE_S: Final = 1.0
"""What a busy machine may add from the beginning of a request to its arrival, and much less than that."""

BOUND_S: Final = TRUSTED_S + POLL_INTERVAL_S + NOISE_S
WHY: Final = {"reason": "because of a test", "case_number": CASE["case_number"]}
LISTENERS: Final = """select count(pg_terminate_backend(pid)) from pg_stat_activity
                      where datname = current_database() and pid <> pg_backend_pid()
                        and (query ilike 'listen%' or query like '-- Which of these units%')"""


async def test_a_process_that_cannot_listen_any_more_stops_by_itself(bench: Bench) -> None:
    """Its last request begins within what it trusts and one look; heard again, who was told is told of the cancel."""
    async with (
        recording_tpns(bench, LATENCY_MS) as deaf,
        recording_tpns(bench) as hears,
        postgres_proxy(bench.database_url) as proxy,
    ):
        await bench.people(PEOPLE)
        first = await bench.server()
        other = await bench.server(
            **ONE_WORKER, QQ_ALERT_DATABASE__URL=proxy.database_url, QQ_ALERT_LANES__TPNS__URL=deaf.url
        )
        alert = await _in_the_middle(bench, first, hears, deaf)
        proxy.cut_listeners()
        cut_s = asyncio.get_running_loop().time()
        await _cancel(bench, first, alert)
        hears.gate.open()
        await until(lambda: _sends_nothing(bench, other))
        title = deaf.notified.first
        begun = deaf.notified.times(title)
        assert begun[-1] - cut_s <= BOUND_S
        deaf.gate.skips_latency = True
        proxy.allow_listeners()
        await _told_once(bench, hears, deaf)
        assert deaf.notified.times(title) == begun, "what is parked is not sent when it is heard that it is stopped"


async def test_listening_connections_cut_right_before_a_stop_make_it_no_later_than_a_look(bench: Bench) -> None:
    """Every process's at once: it asks the record on a new one, and goes on from there."""
    async with recording_tpns(bench, LATENCY_MS) as deaf, recording_tpns(bench) as hears:
        await bench.people(PEOPLE)
        first = await bench.server()
        await bench.server(**ONE_WORKER, QQ_ALERT_LANES__TPNS__URL=deaf.url)
        alert = await _in_the_middle(bench, first, hears, deaf)
        assert await bench.query(LISTENERS) == [(2,)]
        await _cancel(bench, first, alert)
        answered_s = asyncio.get_running_loop().time()
        hears.gate.open()
        await until(lambda: units_released(bench))
        deaf.gate.skips_latency = True
        await _told_once(bench, hears, deaf)
        assert deaf.notified.times(deaf.notified.first)[-1] - answered_s <= BOUND_S


async def _in_the_middle(bench: Bench, first: Process, hears: RecordingTpns, deaf: RecordingTpns) -> str:
    """File a case, and wait until both processes are at it: the one that hears is held where it is."""
    hears.gate.close_after(1)
    _, answer = await bench.file(first)
    alert: str = answer["alert"]["id"]

    async def begun() -> bool:
        return hears.gate.holding > 0 and len(deaf.notified.begun) > 1

    await until(begun)
    return alert


async def _cancel(bench: Bench, server: Process, alert: str) -> None:
    status, answer = await bench.post(f"{server.url}/v1/alerts/{alert}/cancel", WHY)
    assert status == 200, answer


async def _sends_nothing(bench: Bench, server: Process) -> bool:
    """Tell whether what is left of the first message is parked, and nothing on its way."""
    async with bench.session() as session, session.get(f"{server.url}/metrics") as response:
        lines = (await response.text()).splitlines()
    values = {line.partition("{")[0]: float(line.split()[-1]) for line in lines if 'lane="tpns"' in line}
    return (
        values["qq_alert_parked_batches"] > 0
        and values["qq_alert_requests_in_flight"] == 0 == values["qq_alert_queue_batches"]
    )


async def _told_once(bench: Bench, *providers: RecordingTpns) -> None:
    """Wait until the cancel is through: it reached exactly who was told, once over all processes."""

    async def through() -> bool:
        query = """select count(*) filter (where not u.done), count(*)
                   from sweep s join sweep_unit u on u.sweep_id = s.id where s.notice = 'cancel'"""
        left, units = (await bench.query(query))[0]
        return bool(units > 0 and left == 0)

    await until(through)
    title = providers[0].notified.first
    notified, withdrawn = (
        np.sort(np.concatenate([one.notified.of(each) for one in providers])) for each in (title, CANCEL)
    )
    assert np.unique(notified).size == notified.size > 0
    np.testing.assert_array_equal(withdrawn, notified)
