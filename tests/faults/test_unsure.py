"""Indeterminate recipients, who may have been notified, get the last notice; nobody else does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from push.fanout.packing import unpack
from tests.faults.test_last_words import PEOPLE, WORKERS, accepted, act, filed, wait_until_done
from tests.support.processes.processes import until
from tests.support.providers.notified import CANCEL, recording_tpns

if TYPE_CHECKING:
    from tests.support.processes.deployment import Bench
    from tests.support.providers.notified import Notified


async def test_indeterminate_recipients_get_the_last_notice(bench: Bench) -> None:
    """The provider delivers and never answers: everybody who got the alert gets the cancel, once.

    Until then they are retried: an unknown outcome is no reason not to notify the child's neighbours. Whoever gets the
    cancel without the alert was in a request that ended without an answer.
    """
    async with recording_tpns(bench) as tpns:
        inside = await bench.people(PEOPLE)
        server = await bench.server()
        tpns.drops_connections = True
        alert = await filed(bench, server)

        async def retried() -> bool:
            recipients = tpns.notified.of(tpns.notified.first) if tpns.notified.begun else np.empty(0, dtype=np.int64)
            return np.unique(recipients).size < recipients.size

        await until(retried)
        assert await accepted(bench, alert) == 0
        tpns.drops_connections = False
        await act(bench, server, alert, "cancel")
        await wait_until_done(bench, "cancel")
        notified, withdrawn = np.unique(tpns.notified.of(tpns.notified.first)), tpns.notified.of(CANCEL)
        assert 0 < notified.size < inside.size
        assert np.isin(notified, withdrawn).all()
        packed = await bench.query("select packed from ledger where notice = 'alert'")
        np.testing.assert_array_equal(withdrawn, np.unique(np.concatenate([unpack(row[0]) for row in packed])))


async def test_recipients_whom_no_request_reached_get_no_last_notice(bench: Bench) -> None:
    """While no connection can be made nobody is indeterminate, so nobody gets the cancel."""
    async with recording_tpns(bench) as tpns:
        await bench.people(PEOPLE)
        server = await bench.server(QQ_ALERT_LANES__TPNS__URL="http://127.0.0.1:1")
        alert = await filed(bench, server)

        async def is_out() -> bool:
            async with bench.session() as session, session.ws_connect(f"{server.url}/v1/feed") as feed:
                return "outage" in {alarm["kind"] for alarm in (await feed.receive_json())["alarms"]}

        await until(is_out)
        await act(bench, server, alert, "cancel")
        await wait_until_done(bench, "cancel")
        assert await bench.query("select 1 from ledger") == []
        assert tpns.notified.titles == set()


async def test_a_server_that_stops_during_requests_records_their_recipients_as_indeterminate(bench: Bench) -> None:
    """SIGTERM, and the provider delivers after the grace time: those recipients get the cancel."""
    async with recording_tpns(bench) as tpns:
        await bench.people(PEOPLE)
        server = await bench.server(QQ_ALERT_GRACE_S="1")
        tpns.gate.close_after(0)
        alert = await filed(bench, server)
        await tpns.gate.holds(WORKERS)
        server.end()
        tpns.gate.open()
        await until(lambda: _has_notified(tpns.notified))
        server = await bench.server(QQ_ALERT_LANES__TPNS__RATE_PER_S="1")
        await act(bench, server, alert, "cancel")
        await wait_until_done(bench, "cancel")
        notified = np.unique(tpns.notified.of(tpns.notified.first))
        assert np.isin(notified, tpns.notified.of(CANCEL)).all()


async def _has_notified(notified: Notified) -> bool:
    return len(notified.titles) > 0
