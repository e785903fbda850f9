"""The judge of the fault campaign sees what it is there to see: whoever is lost, repeats, late requests, silences."""

from __future__ import annotations

import numpy as np

from push.fanout.claims.unit import TRUSTED_S
from tests.campaign.faults.step import Step
from tests.campaign.judging.alarms import Sample
from tests.campaign.judging.journal import Request
from tests.campaign.judging.judge import LATE_S, Verdict, judge
from tests.campaign.judging.silence import Silence, silences
from tests.campaign.operator import FiledAlert, Stop
from tests.campaign.world import WORKERS
from tests.support.providers.notified import CANCEL

INSIDE = np.arange(10, dtype=np.int64)
ALERT = "00000000-0000-0000-0000-000000000001"


class Ran:
    """When a server did not run."""

    def __init__(self) -> None:
        self.frozen: list[tuple[float, float]] = []
        self.cut_off: list[tuple[float, float]] = []
        self.down: list[tuple[float, float]] = []


def _alert(*stops: Stop, ended: str = "") -> FiledAlert:
    return FiledAlert(case_number="C", id=ALERT, filed_at=0.0, stops=[*stops], ended=ended)


def _request(at: float, users: range, title: str = "C", slot: int = 0, *, answered: bool = True) -> Request:
    return Request(slot, at, 1, title, np.array(users, dtype=np.int64), at, answered)


def _judged(
    alert: FiledAlert, requests: list[Request], steps: list[Step] | None = None, slots: list[Ran] | None = None
) -> Verdict:
    recorded = {ALERT: INSIDE[:8]}
    return judge(slots or [Ran(), Ran()], INSIDE, [alert], requests, steps or [], [], recorded)


def test_whoever_was_not_accepted_is_lost() -> None:
    """One of ten was not accepted: that one is lost; a request that failed counts for nobody."""
    failed = _request(2.0, range(9, 10))
    failed.accepted_at = None
    verdict = _judged(_alert(), [_request(1.0, range(9)), failed])
    assert {name: users.tolist() for name, users in verdict.lost.items()} == {"C": [9]}


def test_whoever_did_not_hear_of_the_end_is_lost_if_the_record_knew() -> None:
    """Accepted and recorded, and not told of the cancel: lost. Accepted and not recorded: unrecorded."""
    verdict = _judged(
        _alert(Stop("cancel", 2.0), ended="cancelled"), [_request(1.0, range(10)), _request(3.0, range(7), CANCEL)]
    )
    assert {name: users.tolist() for name, users in verdict.lost.items()} == {"C": [7]}
    assert verdict.unrecorded == 2


def test_repeats_are_counted_against_the_batches_in_flight() -> None:
    """Three are accepted twice, one of them three times; a kill excuses the largest batch of each worker."""
    requests = [_request(1.0, range(10)), _request(2.0, range(3)), _request(3.0, range(1))]
    step = Step(kind="server killed", at_s=0.0, length_s=0.0, slots=[1])
    verdict = _judged(_alert(), requests, [step])
    assert verdict.repeats == [2.0, 2.0, 2.0, 3.0]
    assert verdict.promised == WORKERS * 10
    assert _judged(_alert(), [_request(1.0, range(10), answered=False), *requests]).promised == 10


def test_a_request_after_a_stop_is_late() -> None:
    """From a quarter of a second after the answer until the resume; the follow-up itself is not."""
    pause = Stop("pause", 10.0, until=20.0)
    requests = [_request(at, range(10)) for at in (9.0, 10.0 + LATE_S / 2, 11.0, 21.0)]
    verdict = _judged(_alert(pause), requests)
    assert [(one.at, one.cut_off) for one in verdict.late] == [(11.0, False)]
    end = Stop("cancel", 10.0)
    assert _judged(_alert(end, ended="cancelled"), [_request(12.0, range(10), CANCEL)]).late == []


def test_only_the_running_time_of_a_frozen_server_counts() -> None:
    """It froze before the stop and sent right after it thawed: not late; the other server's request is."""
    slots = [Ran(), Ran()]
    slots[0].frozen.append((9.0, 15.0))
    requests = [_request(15.1, range(10)), _request(15.1, range(10), slot=1)]
    verdict = _judged(_alert(Stop("cancel", 10.0), ended="cancelled"), requests, slots=slots)
    assert [one.slot for one in verdict.late] == [1]


def test_a_server_that_is_cut_off_may_trust_what_it_saw_for_a_second() -> None:
    """It could not hear of the stop: within that second its request is apart, afterwards it is late."""
    slots = [Ran(), Ran()]
    slots[0].cut_off.append((9.5, 20.0))
    requests = [_request(10.0 + TRUSTED_S, range(10)), _request(12.0, range(10))]
    verdict = _judged(_alert(Stop("cancel", 10.0), ended="cancelled"), requests, slots=slots)
    assert [one.is_within_trust for one in verdict.late] == [True, False]


def _silences(slots: list[Ran], samples: list[Sample]) -> list[Silence]:
    requests = [_request(1.0, range(5)), _request(30.0, range(5, 10))]
    return silences(slots, [_alert()], requests, INSIDE, samples, 40.0)


def test_a_silence_needs_an_alarm_that_says_why() -> None:
    """29 seconds without anybody: another clock explains nothing; a store that is away does, while it stands."""
    other = Sample(15.0, 0, frozenset({"clock_differs"}), frozenset({"store_away"}))
    (found,) = _silences([Ran(), Ran()], [other])
    assert (found.began, found.ended, found.is_explained, found.in_metrics) == (1.0, 30.0, False, {"store_away"})
    (found,) = _silences([Ran(), Ran()], [other, Sample(12.0, 1, frozenset({"store_away"}), frozenset())])
    assert found.is_explained
    (found,) = _silences([Ran(), Ran()], [Sample(2.0, 1, frozenset({"store_away"}), frozenset())])
    assert not found.is_explained


def test_no_server_is_no_silence() -> None:
    """While all servers are down nobody can send; while one runs it can."""
    slots = [Ran(), Ran()]
    slots[0].down.append((2.0, 29.0))
    assert len(_silences(slots, [])) == 1
    slots[1].frozen.append((2.0, 25.0))
    assert _silences(slots, []) == []
