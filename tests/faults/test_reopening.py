"""Cancelled and reopened in the middle: nobody is notified of the alert twice, none left believing that it is over."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Final

import numpy as np
import pytest

from tests.faults.test_follow_up_notices import PEOPLE, THROUGH, WORKERS, act, filed, once
from tests.support.processes.processes import until
from tests.support.providers.notified import CANCEL, recording_tpns

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment

GOES_ON: Final = "仍在寻找｜"


async def _wait_until_done(deployment: Deployment, version: int) -> None:
    """Wait until all units of the follow-up notice with this version are done."""

    async def is_done() -> bool:
        query = """select count(*) filter (where not u.done), count(*)
                   from sweep s join sweep_unit u on u.sweep_id = s.id where s.notice <> 'alert' and s.version = $1"""
        left, all_units = (await deployment.query(query, version))[0]
        return bool(all_units and not left)

    await until(is_done)


async def test_reopened_in_the_middle_of_the_cancel_exactly_those_hear_of_it_who_heard_of_the_cancel(
    deployment: Deployment,
) -> None:
    """No cancel begins after the reopening; whoever got one, in flight or before, gets one update, and nobody else."""
    async with recording_tpns(deployment) as tpns:
        inside = await deployment.people(PEOPLE)
        server = await deployment.server()
        alert = await filed(deployment, server)
        await deployment.sent(server, alert)
        tpns.gate.close_after(THROUGH)
        await act(deployment, server, alert, "cancel")
        await tpns.gate.holds(WORKERS)
        begun = len(tpns.notified.times(CANCEL))
        await act(deployment, server, alert, "reopen")
        tpns.gate.open()
        await _wait_until_done(deployment, 3)
        first = tpns.notified.first
        once(tpns.notified, first, inside)
        cancelled = tpns.notified.of(CANCEL)
        assert len(tpns.notified.times(CANCEL)) == begun
        assert 0 < cancelled.size < inside.size
        once(tpns.notified, GOES_ON + first, cancelled)
        await act(deployment, server, alert, "cancel")
        await _wait_until_done(deployment, 4)
        again = np.sort(np.concatenate([inside, cancelled]))
        np.testing.assert_array_equal(tpns.notified.of(CANCEL), again, "twice only who heard that it goes on")


async def test_cancelled_reopened_and_cancelled_at_once_the_cancel_comes_once(deployment: Deployment) -> None:
    """Who heard of the first cancel, and not yet that it was taken back, does not hear of the second."""
    async with recording_tpns(deployment) as tpns:
        inside = await deployment.people(PEOPLE)
        server = await deployment.server()
        alert = await filed(deployment, server)
        await deployment.sent(server, alert)
        tpns.gate.close_after(THROUGH)
        await act(deployment, server, alert, "cancel")
        await tpns.gate.holds(WORKERS)
        await act(deployment, server, alert, "reopen")
        await act(deployment, server, alert, "cancel")
        tpns.gate.open()
        await _wait_until_done(deployment, 4)
        once(tpns.notified, CANCEL, inside)
        assert tpns.notified.titles == {tpns.notified.first, CANCEL}


@pytest.mark.parametrize("servers", [1, 2])
async def test_a_server_killed_during_the_cancel_leaves_nobody_believing_that_it_is_over(
    deployment: Deployment, servers: int
) -> None:
    """SIGKILL with cancels in flight, then a reopening by another process: who may have got one gets the update."""
    async with recording_tpns(deployment) as tpns:
        inside = await deployment.people(PEOPLE)
        killed = await deployment.server()
        alert = await filed(deployment, killed)
        await deployment.sent(killed, alert)
        other = await deployment.server() if servers > 1 else None
        tpns.gate.close_after(THROUGH)
        await act(deployment, killed, alert, "cancel")
        await tpns.gate.holds(WORKERS * servers)
        killed.end(signal.SIGKILL)
        if other is not None:
            await act(deployment, other, alert, "reopen")
        tpns.gate.open()
        if other is None:
            # Nothing repeats the cancels of the dead process before the reopening.
            tpns.gate.close_after(0)
            other = await deployment.server()
            await act(deployment, other, alert, "reopen")
            tpns.gate.open()
        await _wait_until_done(deployment, 3)
        first = tpns.notified.first
        once(tpns.notified, first, inside)
        cancelled, told = np.unique(tpns.notified.of(CANCEL)), tpns.notified.of(GOES_ON + first)
        assert cancelled.size > 0
        assert np.isin(cancelled, told).all()
        assert np.unique(told).size == told.size


async def test_a_server_killed_during_the_update_repeats_no_more_than_what_was_in_flight(
    deployment: Deployment,
) -> None:
    """SIGKILL in the middle of saying that it goes on: everybody hears of it."""
    async with recording_tpns(deployment) as tpns:
        inside = await deployment.people(PEOPLE)
        server = await deployment.server()
        alert = await filed(deployment, server)
        await deployment.sent(server, alert)
        await act(deployment, server, alert, "cancel")
        await _wait_until_done(deployment, 2)
        tpns.gate.close_after(THROUGH)
        await act(deployment, server, alert, "reopen")
        await tpns.gate.holds(WORKERS)
        server.end(signal.SIGKILL)
        tpns.gate.open()
        await deployment.server()
        await _wait_until_done(deployment, 3)
        title = GOES_ON + tpns.notified.first
        told = tpns.notified.of(title)
        np.testing.assert_array_equal(np.unique(told), inside)
        assert told.size - inside.size <= WORKERS * tpns.notified.largest(title)
        once(tpns.notified, tpns.notified.first, inside)
        once(tpns.notified, CANCEL, inside)
