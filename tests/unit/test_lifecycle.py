"""The life of an alert: the one table of transitions is consistent, and the diagram is drawn from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from push.alerts.lifecycle import (
    BY_ITSELF,
    HELD_NOTICE,
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
"""States in which recipients may be notified; in all others nobody is."""


def test_every_state_can_be_reached_and_every_alert_can_end() -> None:
    """Transitions lead from `received` to each state, and from each state to `closed`, which none leaves."""

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


def test_only_a_reopening_leads_back_from_an_ended_alert() -> None:
    """All else leaves it ended: how is recorded, its notice held and resumed. A reopening leads to where cases go."""
    all_leaving = {(one.before, one.action, one.after) for one in TRANSITIONS if one.before in OVER}
    reviewed = {one.after for one in TRANSITIONS if one.before is State.RECEIVED}
    for state in (State.CANCELLED, State.FOUND, State.EXPIRED):
        assert leads_to(state, Action.REOPEN) == reviewed
    assert not leads_to(State.CLOSED, Action.REOPEN), "the child's data is deleted"
    leaving = {one for one in all_leaving if one[1] is not Action.REOPEN}
    assert {after for _, _, after in leaving} <= OVER
    assert {(before, action) for before, action, _ in leaving if action is not Action.CLOSE} == {
        (State.CANCELLED, Action.FIND),
        (State.EXPIRED, Action.FIND),
        (State.FOUND, Action.FIND),
        *((state, action) for state in HELD_NOTICE for action in (Action.HOLD, Action.RESUME)),
    }


def test_an_alert_in_review_is_sent_by_an_approval_alone() -> None:
    """No other action, and no step of the system, leads from review to a state that notifies recipients."""
    assert {one.action for one in TRANSITIONS if one.before is State.IN_REVIEW and one.after in FREE} == {
        Action.APPROVE
    }


@pytest.mark.parametrize("state", State)
def test_steps_of_the_system_are_not_offered_to_people(state: State) -> None:
    """Possible actions are exactly those of people that the state allows."""
    offered = [*possible(state, proposed=True, held=True)]
    offered += [one for one in possible(state, proposed=False, held=True) if one not in offered]
    assert BY_ITSELF.isdisjoint(offered)
    assert len(offered) == len(set(offered))
    assert set(offered) == {action for action in Action if action not in BY_ITSELF and leads_to(state, action)}


@pytest.mark.parametrize("state", State)
def test_decisions_are_offered_only_where_something_waits_for_one(state: State) -> None:
    """A veto or approval where something waits for it, and then no other change; a release where a ring is held.

    Of an alert that ended, its notice is resumed where that is held.
    """
    people = {action for action in Action if action not in BY_ITSELF and leads_to(state, action)}
    decides = set() if state in NOT_NOTIFIED else {Action.APPROVE, Action.VETO}
    changes = {Action.UPDATE, Action.WIDEN, Action.EXTEND}
    held = {Action.RELEASE} | ({Action.RESUME} if state in HELD_NOTICE else set())
    assert set(possible(state, proposed=False, held=False)) == people - decides - held
    assert set(possible(state, proposed=False, held=True)) == people - decides
    assert set(possible(state, proposed=True, held=True)) == people - changes


def test_each_step_of_the_system_has_one_name() -> None:
    """States before and after identify it; a pair that never occurs is an error."""
    own = [one for one in TRANSITIONS if one.action in BY_ITSELF]
    assert len({(one.before, one.after) for one in own}) == len(own)
    assert all(between(one.before, one.after) is one.action for one in own)
    with pytest.raises(LookupError, match="in_review to sending"):
        between(State.IN_REVIEW, State.SENDING)


def test_the_documents_have_the_diagram_of_the_table() -> None:
    """ARCHITECTURE.md contains exactly the diagram that `push.alerts.lifecycle` draws."""
    text = (Path(__file__).parents[2] / "ARCHITECTURE.md").read_text(encoding="utf-8")
    assert f"```mermaid\n{diagram()}\n```" in text
