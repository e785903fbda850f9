"""A process that learns of no stop stops sending by itself, once what it last read is too old."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import numpy as np

from push.fanout.claims.unit import TRUSTED_S
from push.fanout.stops import POLL_INTERVAL_S
from sql.query import query
from tests.support.processes.deployment import CASE
from tests.support.processes.processes import Process, until
from tests.support.providers.notified import CANCEL, recording_tpns, units_released
from tests.support.stores.postgres_proxy import postgres_proxy

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment
    from tests.support.providers.notified import RecordingTpns

PEOPLE: Final = 20_000
LATENCY_MS: Final = 500
"""One worker needs more than twice as long for its held batches as it may send without a listener."""

ONE_WORKER: Final = {"QQ_ALERT_LANES__TPNS__WORKERS": "1"}
NOISE_S: Final = 1.0
"""An allowance for a busy machine, between the start of a request and its arrival."""

BOUND_S: Final = TRUSTED_S + POLL_INTERVAL_S + NOISE_S
WHY: Final = {"reason": "because of a test", "case_number": CASE["case_number"]}
LISTENERS: Final = """select count(pg_terminate_backend(pid)) from pg_stat_activity
                      where datname = current_database() and pid <> pg_backend_pid()
                        and (query ilike 'listen%' or query = $1)"""


async def test_a_process_whose_listener_is_lost_stops_by_itself(deployment: Deployment) -> None:
    """Its last request begins within the bound; reconnected, it sends the cancel to exactly those notified."""
    async with (
        recording_tpns(deployment, LATENCY_MS) as slow_tpns,
        recording_tpns(deployment) as tpns,
        postgres_proxy(deployment.database_url) as proxy,
    ):
        await deployment.people(PEOPLE)
        first = await deployment.server()
        other = await deployment.server(
            **ONE_WORKER, QQ_ALERT_DATABASE__URL=proxy.database_url, QQ_ALERT_LANES__TPNS__URL=slow_tpns.url
        )
        alert = await _in_the_middle(deployment, first, tpns, slow_tpns)
        proxy.cut_listeners()
        cut_s = asyncio.get_running_loop().time()
        await _cancel(deployment, first, alert)
        tpns.gate.open()
        await until(lambda: _sends_nothing(deployment, other))
        title = slow_tpns.notified.first
        begun = slow_tpns.notified.times(title)
        assert begun[-1] - cut_s <= BOUND_S
        slow_tpns.gate.skips_latency = True
        proxy.allow_listeners()
        await _notified_once(deployment, tpns, slow_tpns)
        assert slow_tpns.notified.times(title) == begun, "parked batches are not sent once the listener is back"


async def test_listeners_lost_right_before_a_stop_delay_it_by_one_poll_at_most(deployment: Deployment) -> None:
    """All processes lose their listeners at once; each reads the record on a new connection and goes on from there."""
    async with recording_tpns(deployment, LATENCY_MS) as slow_tpns, recording_tpns(deployment) as tpns:
        await deployment.people(PEOPLE)
        first = await deployment.server()
        await deployment.server(**ONE_WORKER, QQ_ALERT_LANES__TPNS__URL=slow_tpns.url)
        alert = await _in_the_middle(deployment, first, tpns, slow_tpns)
        assert await deployment.query(LISTENERS, query("unit_halted")) == [(2,)]
        await _cancel(deployment, first, alert)
        answered_s = asyncio.get_running_loop().time()
        tpns.gate.open()
        await until(lambda: units_released(deployment))
        slow_tpns.gate.skips_latency = True
        await _notified_once(deployment, tpns, slow_tpns)
        assert slow_tpns.notified.times(slow_tpns.notified.first)[-1] - answered_s <= BOUND_S


async def _in_the_middle(deployment: Deployment, first: Process, tpns: RecordingTpns, slow_tpns: RecordingTpns) -> str:
    """File a case, and wait until both processes send; the provider of the first holds its requests."""
    tpns.gate.close_after(1)
    _, answer = await deployment.file(first)
    alert: str = answer["alert"]["id"]

    async def begun() -> bool:
        return tpns.gate.holding > 0 and len(slow_tpns.notified.begun) > 1

    await until(begun)
    return alert


async def _cancel(deployment: Deployment, server: Process, alert: str) -> None:
    status, answer = await deployment.post(f"{server.url}/v1/alerts/{alert}/cancel", WHY)
    assert status == 200, answer


async def _sends_nothing(deployment: Deployment, server: Process) -> bool:
    """Tell whether the rest of the alert is parked, and no request is in flight."""
    if not await deployment.lane_metric(server, "qq_alert_parked_batches"):
        return False
    busy = ("qq_alert_requests_in_flight", "qq_alert_queue_batches")
    return not any([await deployment.lane_metric(server, name) for name in busy])


async def _notified_once(deployment: Deployment, *providers: RecordingTpns) -> None:
    """Wait until the cancel is sent; it must reach exactly those notified before, once over all processes."""

    async def is_done() -> bool:
        query = """select count(*) filter (where not u.done), count(*)
                   from sweep s join sweep_unit u on u.sweep_id = s.id where s.notice = 'cancel'"""
        left, units = (await deployment.query(query))[0]
        return bool(units > 0 and left == 0)

    await until(is_done)
    title = providers[0].notified.first
    notified, withdrawn = (
        np.sort(np.concatenate([one.notified.of(each) for one in providers])) for each in (title, CANCEL)
    )
    assert np.unique(notified).size == notified.size > 0
    np.testing.assert_array_equal(withdrawn, notified)
