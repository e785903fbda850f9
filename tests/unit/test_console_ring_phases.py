"""How far a ring is, in one word, from what is known of it and of its alert."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from handlers.alert_answers import AlertRing
from handlers.console.pages.watching.map import Phase, phase_of
from handlers.console.showing.figures import Figures
from handlers.console.showing.texts import LOCALES, texts_of
from push.alerts.lifecycle import State

AT = datetime(2026, 5, 1, 12, tzinfo=UTC)
CAP = "audience cap"


@pytest.mark.parametrize(
    ("state", "held", "due_in_min", "share", "phase"),
    [
        (State.IN_REVIEW, None, 0, 0, Phase.APPROVAL),
        (State.SCHEDULED, None, 0, 0, Phase.WAITS),
        (State.SENDING, None, 5, 0, Phase.WAITS),
        (State.SENDING, None, -5, 40, Phase.SENDING),
        (State.SENDING, None, -5, 100, Phase.THROUGH),
        (State.SENDING, CAP, -5, 40, Phase.HELD),
        (State.PAUSED, None, -5, 40, Phase.PAUSED),
        (State.PAUSED, None, -5, 100, Phase.THROUGH),
        (State.SENT, None, -5, 0, Phase.THROUGH),
        (State.FOUND, None, -5, 100, Phase.THROUGH),
        (State.FOUND, None, -5, 40, Phase.STOPPED),
        (State.CANCELLED, CAP, 5, 0, Phase.STOPPED),
    ],
)
def test_a_ring_waits_is_held_is_sent_is_through_or_is_stopped(
    state: State, held: str | None, due_in_min: int, share: int, phase: Phase
) -> None:
    """What is through stays through, whatever becomes of the alert; what is over is sent to nobody more."""
    due = AT + timedelta(minutes=due_in_min)
    ring = AlertRing(ring=1, radius_km=5.0, city=False, due_at=due, deadline=due, decided_by="policy", held=held)
    assert phase_of(state, ring, share, AT) is phase


@pytest.mark.parametrize("locale", LOCALES)
def test_every_phase_has_a_word(locale: str) -> None:
    """But held, which says why."""
    assert [one for one in Phase if one is not Phase.HELD and f"ring_phase.{one.value}" not in texts_of(locale)] == []


def test_values_of_the_trail_are_in_the_readers_language() -> None:
    """What the record keeps in English is written in Chinese by the name beside it; what is a name stays."""
    show = Figures(texts_of("zh-CN"), UTC)
    known = {
        ("review", "two-person"): "两人审批",
        ("status", "actual"): "真实",
        ("does", "rings"): "扩大范围",
        ("state", "new"): "待处理",
        ("what", "sightings"): "线索列表",
        ("what", "sighting photo"): "线索照片",
        ("lane", "*"): "所有通道",
        ("verified", True): "是",
        ("approvals", 2): 2,
        ("case_number", "SZ-1"): "SZ-1",
        ("sighting", "0f"): "0f",
    }
    assert {key: show.value(*key) for key in known} == known
    assert show.value("alarm", "paused") == texts_of("zh-CN")("alarm_kind.paused.name")
    assert show.value("parts", ["photo", "texts"]) == "照片, 文字"
