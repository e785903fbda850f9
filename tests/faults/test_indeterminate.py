"""Indeterminate recipients, who may have been notified, get the last notice; nobody else does."""

from __future__ import annotations

from collections import Counter
from http import HTTPStatus
from typing import TYPE_CHECKING

import numpy as np

from push.fanout.packing import unpack
from tests.faults.test_follow_up_notices import HERE, PEOPLE, WORKERS, accepted, act, filed, wait_until_done
from tests.support.processes.processes import until
from tests.support.providers.notified import CANCEL, recording_tpns

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment
    from tests.support.providers.notified import Notified


async def _is_retried(notified: Notified) -> bool:
    """Tell whether somebody was tried again."""
    recipients = notified.of(notified.first) if notified.begun else np.empty(0, dtype=np.int64)
    return np.unique(recipients).size < recipients.size


async def test_indeterminate_recipients_get_the_last_notice(deployment: Deployment) -> None:
    """The provider delivers and never answers: everybody who got the alert gets the cancel, once.

    Until then they are retried: an unknown outcome is no reason not to notify the child's neighbours. Whoever gets the
    cancel without the alert was in a request that ended without an answer.
    """
    async with recording_tpns(deployment) as tpns:
        inside = await deployment.people(PEOPLE)
        server = await deployment.server()
        tpns.drops_connections = True
        alert = await filed(deployment, server)
        await until(lambda: _is_retried(tpns.notified))
        assert await accepted(deployment, alert) == 0
        # What is tried again waits until the cancel stands.
        tpns.gate.close_after(0)
        tpns.drops_connections = False
        await act(deployment, server, alert, "cancel")
        tpns.gate.open()
        await wait_until_done(deployment, "cancel")
        notified, withdrawn = np.unique(tpns.notified.of(tpns.notified.first)), tpns.notified.of(CANCEL)
        assert 0 < notified.size < inside.size
        assert np.isin(notified, withdrawn).all()
        packed = await deployment.query("select packed from ledger where notice = 'alert'")
        np.testing.assert_array_equal(withdrawn, np.unique(np.concatenate([unpack(row[0]) for row in packed])))


async def test_who_was_tried_again_after_the_record_went_back_gets_the_last_notice(deployment: Deployment) -> None:
    """The record loses its rows in a failover that it is not told of; requests since then got no answer either."""
    async with recording_tpns(deployment) as tpns:
        await deployment.people(PEOPLE)
        server = await deployment.server()
        tpns.drops_connections = True
        alert = await filed(deployment, server)
        await until(lambda: _is_retried(tpns.notified))
        await deployment.query("delete from ledger")
        before = Counter(tpns.notified.of(tpns.notified.first).tolist())

        async def retried_since() -> bool:
            since = Counter(tpns.notified.of(tpns.notified.first).tolist()) - before
            return not since.keys().isdisjoint(before)

        await until(retried_since)
        tpns.drops_connections = False
        await act(deployment, server, alert, "cancel")
        await wait_until_done(deployment, "cancel")
        since = Counter(tpns.notified.of(tpns.notified.first).tolist()) - before
        assert since.keys() <= {*tpns.notified.of(CANCEL).tolist()}


async def test_recipients_whom_no_request_reached_get_no_last_notice(deployment: Deployment) -> None:
    """While no connection can be made nobody is indeterminate, so nobody gets the cancel."""
    async with recording_tpns(deployment) as tpns:
        await deployment.people(PEOPLE)
        server = await deployment.server(QQ_ALERT_LANES__TPNS__URL="http://127.0.0.1:1")
        alert = await filed(deployment, server)

        async def is_out() -> bool:
            async with deployment.session() as session, session.ws_connect(f"{server.url}/v1/feed") as feed:
                return "outage" in {alarm["kind"] for alarm in (await feed.receive_json())["alarms"]}

        await until(is_out)
        await act(deployment, server, alert, "cancel")
        await wait_until_done(deployment, "cancel")
        assert await deployment.query("select 1 from ledger") == []
        assert tpns.notified.titles == set()


async def test_a_server_that_stops_during_requests_records_their_recipients_as_indeterminate(
    deployment: Deployment,
) -> None:
    """SIGTERM, and the provider delivers after the grace time: those recipients get the cancel."""
    async with recording_tpns(deployment) as tpns:
        await deployment.people(PEOPLE)
        server = await deployment.server(QQ_ALERT_GRACE_S="1")
        tpns.gate.close_after(0)
        alert = await filed(deployment, server)
        await tpns.gate.holds(WORKERS)
        server.end()
        tpns.gate.open()
        await until(lambda: _has_notified(tpns.notified))
        server = await deployment.server(QQ_ALERT_LANES__TPNS__RATE_PER_S="1")
        await act(deployment, server, alert, "cancel")
        await wait_until_done(deployment, "cancel")
        notified = np.unique(tpns.notified.of(tpns.notified.first))
        assert np.isin(notified, tpns.notified.of(CANCEL)).all()


async def test_who_was_in_no_request_of_a_batch_that_a_stop_cut_off_gets_no_cancel(deployment: Deployment) -> None:
    """A batch is two requests where some want no sound: the end cuts off the first, and of the second nobody knows."""
    async with recording_tpns(deployment) as tpns:

        async def is_held() -> bool:
            return tpns.gate.holding > 0

        people = np.arange(20_000_001, 20_000_401, dtype=np.int64)
        await deployment.place(people.tolist(), *HERE)
        server = await deployment.server(QQ_ALERT_GRACE_S="1")
        rows = [{"user": user, "silent": True} for user in people[::2].tolist()]
        assert (await deployment.post(f"{server.url}/v1/preferences", rows))[0] == HTTPStatus.OK
        tpns.gate.close_after(0)
        alert = await filed(deployment, server)
        await until(is_held)
        server.end()
        tpns.gate.open()
        await until(lambda: _has_notified(tpns.notified))
        # What the next server begins waits at the provider until the cancel stands.
        tpns.gate.close_after(0)
        server = await deployment.server()
        await until(is_held)
        await act(deployment, server, alert, "cancel")
        tpns.gate.open()
        await wait_until_done(deployment, "cancel")
        notified, withdrawn = np.unique(tpns.notified.of(tpns.notified.first)), tpns.notified.of(CANCEL)
        assert 0 < withdrawn.size < people.size
        assert np.isin(withdrawn, notified).all()
        assert np.isin(notified, withdrawn).all()


async def _has_notified(notified: Notified) -> bool:
    return len(notified.titles) > 0
