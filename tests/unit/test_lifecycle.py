"""The life of an alert: the one table of what may follow what holds together, and the diagram is drawn from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from push.alerts.lifecycle import (
    BY_ITSELF,
    NOT_NOTIFIED,
    OVER,
    TRANSITIONS,
    Action,
    State,
    between,
    diagram,
    leads_to,
    possible,
)

FREE = {State.SENDING, State.SENT}
"""Where people are told; everywhere else nobody is."""


def test_every_state_is_reached_and_every_life_can_end() -> None:
    """From `received` there is a way to each state, and from each one to `closed`, which nothing leaves."""

    def behind(state: State) -> set[State]:
        seen, left = {state}, [state]
        while left:
            after = {one.after for one in TRANSITIONS if one.before is left[-1]} - seen
            left.pop()
            seen |= after
            left += after
        return seen

    assert behind(State.RECEIVED) == set(State)
    assert all(State.CLOSED in behind(state) for state in State)
    assert behind(State.CLOSED) == {State.CLOSED}


def test_no_way_leads_back_from_what_is_over() -> None:
    """What is over stays over; all that is still said is that the child is found, or whether because of the alert."""
    leaving = {(one.before, one.action, one.after) for one in TRANSITIONS if one.before in OVER}
    assert {after for _, _, after in leaving} <= OVER
    assert {(before, action) for before, action, _ in leaving if action is not Action.CLOSE} == {
        (State.CANCELLED, Action.FIND),
        (State.EXPIRED, Action.FIND),
        (State.FOUND, Action.FIND),
    }


def test_an_alert_in_review_is_sent_by_an_approval_alone() -> None:
    """No other action, and nothing by itself, leads from review to where people are told."""
    assert {one.action for one in TRANSITIONS if one.before is State.IN_REVIEW and one.after in FREE} == {
        Action.APPROVE
    }


@pytest.mark.parametrize("state", State)
def test_what_happens_by_itself_is_offered_to_nobody(state: State) -> None:
    """What is possible is what people do, all of which the state allows; nobody's action is left out."""
    offered = [*possible(state, proposed=True, held=True)]
    offered += [one for one in possible(state, proposed=False, held=True) if one not in offered]
    assert BY_ITSELF.isdisjoint(offered)
    assert len(offered) == len(set(offered))
    assert set(offered) == {action for action in Action if action not in BY_ITSELF and leads_to(state, action)}


@pytest.mark.parametrize("state", State)
def test_nobody_is_offered_to_decide_what_nobody_asked_for(state: State) -> None:
    """A veto or an approval only where something waits for it, no other change then; a release where a ring is held."""
    people = {action for action in Action if action not in BY_ITSELF and leads_to(state, action)}
    decides = set() if state in NOT_NOTIFIED else {Action.APPROVE, Action.VETO}
    changes = {Action.UPDATE, Action.WIDEN, Action.EXTEND}
    assert set(possible(state, proposed=False, held=False)) == people - decides - {Action.RELEASE}
    assert set(possible(state, proposed=False, held=True)) == people - decides
    assert set(possible(state, proposed=True, held=True)) == people - changes


def test_what_happened_by_itself_between_two_states_has_one_name() -> None:
    """Each step of the system is told apart by the states before and after it; what it never does is an error."""
    own = [one for one in TRANSITIONS if one.action in BY_ITSELF]
    assert len({(one.before, one.after) for one in own}) == len(own)
    assert all(between(one.before, one.after) is one.action for one in own)
    with pytest.raises(LookupError, match="in_review to sending"):
        between(State.IN_REVIEW, State.SENDING)


def test_the_documents_have_the_diagram_of_the_table() -> None:
    """ARCHITECTURE.md shows to the letter what `push.alerts.lifecycle` draws: no diagram is better than a false one."""
    text = (Path(__file__).parents[2] / "ARCHITECTURE.md").read_text(encoding="utf-8")
    assert f"```mermaid\n{diagram()}\n```" in text
