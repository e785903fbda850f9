"""Clearances: which recipients may be reached at all, and what is known of a batch that was stopped."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest
from msgspec.structs import replace

from push.delivery.outcomes import merge_results, sort_outcomes
from push.fanout.claims.unit import TRUSTED_S, HeldUnit
from push.notice import Status
from push.provider import STOPPED, forbidden, withheld
from push.results import Outcome, RecipientStatus, RequestStatus, SendResult
from push.transport.batch.http import BatchHttp
from push.transport.token_results import ACCEPTED, FORBIDDEN, MALFORMED_TOKEN, result_of_calls
from push.transport.web_push.push_service import PushService
from runtime.clock import WALL_CLOCK, now, wall_s
from tests.support.providers.clearances import CLEAR, TESTING, Granted
from tests.support.unit_rows import unit_row

if TYPE_CHECKING:
    from push.transport.token_results import CallResult

LOOPBACK = ["http://127.0.0.1:8470/v3", "https://127.9.9.9", "https://[::1]:443/", "http://user@127.0.0.1/"]
ELSEWHERE = [
    "https://api.push.example",
    "https://192.0.2.1",
    "http://localhost:80",
    "https://127.0.0.1@api.push.example/",
    "https://127.0.0.1.example",
    "https://[::ffff:192.0.2.1]",
    "https://0.0.0.0",
    "",
    "no url",
]


@pytest.mark.parametrize("status", Status)
def test_only_a_test_is_kept_on_this_machine(status: Status) -> None:
    """Only an IP address counts as this machine: a host name may come to mean another one."""
    clearance = Granted(status, lambda: True)
    assert all(clearance.may_reach(url) for url in LOOPBACK)
    assert {clearance.may_reach(url) for url in ELSEWHERE} == {status is not Status.TEST}


def test_a_forbidden_recipient_is_settled_and_a_stopped_one_is_not() -> None:
    """A recipient forbidden to a test is never retried; a stopped one may be notified later."""
    fallen = Granted(Status.TEST, lambda: False)
    assert withheld(TESTING, "https://192.0.2.1", 2) == forbidden(2)
    assert withheld(fallen, "https://192.0.2.1", 2) == forbidden(2)
    assert withheld(fallen, LOOPBACK[0], 2) is STOPPED
    assert withheld(TESTING, LOOPBACK[0], 2) is None
    assert (STOPPED.asked, STOPPED.statuses, STOPPED.request_status is RequestStatus.ANSWERED) == (False, None, False)


async def test_a_gateway_that_checks_no_clearance_sends_nothing() -> None:
    """The transport checks as well, for every caller."""
    http = BatchHttp(connections=1, timeout_s=5)
    assert await http.send("http://localhost:9/", b"x", TESTING) is STOPPED
    assert (await http.send("http://localhost:9/", b"x", CLEAR)) is not STOPPED
    await http.close()


@pytest.mark.parametrize(
    ("results", "statuses", "asked"),
    [
        ([ACCEPTED, None], [RecipientStatus.ACCEPTED, RecipientStatus.RETRY], True),
        ([None, None], [RecipientStatus.RETRY] * 2, False),
        ([None, MALFORMED_TOKEN], [RecipientStatus.RETRY, RecipientStatus.MALFORMED], False),
        ([FORBIDDEN, MALFORMED_TOKEN], [RecipientStatus.REFUSED, RecipientStatus.MALFORMED], False),
    ],
)
def test_requests_that_were_not_made_say_nothing_of_the_provider(
    results: list[CallResult | None], statuses: list[RecipientStatus], *, asked: bool
) -> None:
    """No breaker or alarm counts them; recipients whose requests were made keep their status."""
    answer = result_of_calls(results)
    assert (answer.statuses, answer.asked) == (statuses, asked)


def test_a_stopped_part_leaves_the_parts_before_it_settled() -> None:
    """One language is notified, the next is stopped: the first is recorded, and the provider is not judged failing."""
    whole = merge_results([([0, 2], SendResult(RequestStatus.ANSWERED)), ([1], STOPPED)], 4)
    assert (whole.request_status, whole.asked) == (RequestStatus.ANSWERED, True)
    settled, again = sort_outcomes(whole)
    notified = settled[Outcome.ACCEPTED]
    assert notified is not None
    assert again is not None
    assert (np.flatnonzero(notified).tolist(), np.flatnonzero(again).tolist()) == ([0, 2], [1, 3])
    assert not merge_results([([0], STOPPED)], 2).asked


async def test_recipients_of_a_resting_service_are_never_recorded_as_notified() -> None:
    """Throttled for one batch, the service answers another batch's calls: the resting ones were still not sent."""
    service = PushService("push.example", 1)
    service.note(SendResult(RequestStatus.THROTTLED, "HTTP 429", retry_after_s=30.0), 1)
    service.note(SendResult(RequestStatus.ANSWERED), 1)
    assert service.resting
    assert service.last_result(3).statuses == [RecipientStatus.RETRY] * 3


async def test_a_machine_that_was_paused_sends_nothing_before_it_has_looked_again() -> None:
    """Its own clock stood still, and says that the record was asked a moment ago; the wall clock says otherwise."""
    loop = asyncio.get_running_loop()
    unit = HeldUnit(unit_row(), loop.time(), wall_s(), 60.0)
    assert unit.may_send(loop.time())
    paused_s = TRUSTED_S
    WALL_CLOCK.set(lambda: time.time() + paused_s)
    assert not unit.may_send(loop.time())
    unit.seen(loop.time(), wall_s())
    assert unit.may_send(loop.time())


@pytest.mark.parametrize("paused_s", [30.0, 3600.0])
async def test_a_machine_that_was_paused_knows_how_much_time_is_left(paused_s: float) -> None:
    """All its clocks stood still: at the first look the record's says when the alert and its sound end."""
    loop = asyncio.get_running_loop()
    row = replace(unit_row(), expires=now() + timedelta(seconds=60), left_s=60.0)
    unit = HeldUnit(row, loop.time(), wall_s(), 60.0, sounds_until_s=loop.time() + 70.0)
    unit.follow(now() + timedelta(seconds=paused_s), loop.time(), 0.1)
    assert abs(unit.expires_s - loop.time() - (60.0 - paused_s)) < 5.0
    assert unit.is_put_off(loop.time()) == (paused_s > 70.0)


async def test_a_unit_is_looked_at_anew_before_it_is_sent_where_the_record_was_lost() -> None:
    """A record that crashed, or a standby in its place, may have lost the claim; a later look shows it."""
    loop = asyncio.get_running_loop()
    unit = HeldUnit(unit_row(), loop.time(), wall_s(), 60.0)
    unit.distrust()
    assert not unit.may_send(loop.time())
    unit.seen(loop.time(), wall_s())
    assert unit.may_send(loop.time())
