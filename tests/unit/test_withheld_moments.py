"""Moments of few people: what has no number that is shown has no time either, and is not one more in a list."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from handlers.operators.feed_history import HISTORY, FeedHistory, LastShown, Moved
from handlers.operators.scope import Scope
from handlers.operators.watching.funnel import shown_points
from handlers.operators.watching.rates import samples_of, shown, shown_rows
from public.funnel.steps import Point
from push.alerts.disclosure.people import Disclosure
from push.alerts.disclosure.progress import shown_progress
from push.alerts.watch.progress import AlertProgress, LaneProgress, ReminderProgress
from sql.rates import SPAN, RateRow

RULE = Disclosure(100)
BEGIN = datetime(2026, 11, 29, tzinfo=UTC)
READER, WORKER = Scope(None, approves=False, reads_sightings=False), Scope(None, approves=False, reads_sightings=True)


def _at(seconds: float) -> datetime:
    return BEGIN + timedelta(seconds=seconds)


def _lane(sent: int) -> LaneProgress:
    none = dict.fromkeys(("invalid", "refused", "quarantined", "failed", "opted_out", "entrants"), 0)
    return LaneProgress(
        found=sent, sent=sent, accepted=sent, rate_per_s=sent / 3, eta=None, units=1, units_done=1, rings={}, **none
    )


def _progress(reminded: int, **sent: int) -> AlertProgress:
    return AlertProgress(
        alert=UUID(int=1),
        authority="sz",
        countersigned=[],
        case_number="SZ-1",
        status="actual",
        subject_kind="child",
        state="sent",
        received_at=BEGIN,
        deadline=_at(1800),
        sent_at=_at(60),
        version=1,
        lanes={lane: _lane(people) for lane, people in sent.items()},
        notices=[],
        reminders=[ReminderProgress(due_at=_at(36_000), people=reminded, lanes={})],
        last_request_at=_at(30) if sum(sent.values()) else None,
        decisions=0,
    )


@pytest.mark.parametrize(("sent", "is_shown"), [(0, False), (1, False), (99, False), (100, True)])
def test_the_last_request_and_the_reminder_of_few_are_not_shown(sent: int, *, is_shown: bool) -> None:
    """An alert that reached 99 people looks like one that reached nobody, also where two lanes reached them."""
    for lanes in ({"tpns": sent}, {"tpns": sent // 2, "apns": sent - sent // 2}):
        one = shown_progress(_progress(sent, **lanes), RULE)
        assert (one.last_request_at is not None, len(one.reminders)) == (is_shown, int(is_shown))


def test_the_feed_says_nothing_where_nothing_moves_that_is_shown() -> None:
    """While the first 99 are notified it stays silent: a message like the one before would say that somebody was."""
    last = LastShown()
    moved = [last.moved(shown_progress(_progress(0, tpns=sent), RULE), 0) for sent in (0, 1, 99, 100, 100)]
    assert moved == [Moved.DECISION, Moved.NOTHING, Moved.NOTHING, Moved.NUMBERS, Moved.NOTHING]
    assert last.moved(shown_progress(_progress(0, tpns=100), RULE), 1) is Moved.DECISION


def test_the_history_of_few_is_that_of_nobody() -> None:
    """Whenever one to 99 were notified in a lane, no sample is there; one row more of few moves none of the others."""
    nobody = [RateRow("tpns", _at(1), 0)]
    few = [*nobody, RateRow("tpns", _at(7), 1), RateRow("tpns", _at(13), 99)]
    assert shown_rows(nobody, RULE) == shown_rows(few, RULE) == []
    many = [RateRow("apns", _at(0), 0), RateRow("apns", _at(5), 150), RateRow("apns", _at(605), 290)]
    rows = shown_rows([*many, *few, RateRow("apns", _at(900), 291)], RULE)
    samples = shown(samples_of(rows, BEGIN, _at(910), ("apns", "tpns")), RULE)
    assert [(one.at, one.sent, one.lanes) for one in samples] == [
        (_at(0), None, {"apns": None, "tpns": None}),
        (_at(5), 100, {"apns": 100, "tpns": None}),
        (_at(605) - SPAN, 100, {"apns": 100, "tpns": None}),
        (_at(605), 200, {"apns": 200, "tpns": None}),
    ]


def test_a_view_of_a_page_by_few_is_no_point_of_its_time() -> None:
    """Points are there when a hundred more opened or shared the page, and at no other moment."""
    found = [Point(_at(60), 1, 0), Point(_at(120), 130, 99), Point(_at(180), 131, 99), Point(_at(240), 140, 100)]
    points = [(one.at, one.opened, one.shared) for one in shown_points(found, RULE)]
    assert points == [(_at(120), 100, None), (_at(240), 100, 100)]
    assert shown_points(found[:1], RULE) == []


def test_a_message_for_some_has_no_number_of_its_own_and_is_not_lost_to_them() -> None:
    """To others no number is missing; who may read it and goes on from the number that it has gets it again."""
    history = FeedHistory()
    first = history.add("alert", {"of": "1"}, lambda _: True).seq
    apart = history.add("sightings", {"of": "2"}, lambda scope: scope.reads_sightings, is_numbered=False)
    last = history.add("alert", {"of": "3"}, lambda _: True)
    assert (apart.seq, last.seq) == (first, first + 1)
    assert history.since(first, WORKER) == [apart.text, last.text]
    assert history.since(first, READER) == [last.text]
    assert history.since(last.seq, WORKER) == []


@pytest.mark.parametrize("apart", [False, True])
def test_who_missed_what_is_forgotten_gets_a_snapshot(*, apart: bool) -> None:
    """Also where only a message for some is forgotten, of several with one number."""
    history = FeedHistory()
    began = history.seq
    history.add("alert", {}, lambda _: True, is_numbered=not apart)
    for _ in range(HISTORY - 1):
        history.add("alert", {}, lambda _: True)
    assert len(history.since(began, WORKER) or ()) == HISTORY
    history.add("alert", {}, lambda _: True)
    assert history.since(began, WORKER) is None
    assert len(history.since(began + 1, WORKER) or ()) == HISTORY - apart
