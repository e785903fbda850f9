"""The audit trail of a life: an alert and its events flow in, nothing flows out, or the first thing that cannot be.

Bounded by the events of one alert.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

from push.alerts.lifecycle import TRANSITIONS, Action, State
from tests.support.life.model import CHANGES, NEEDED, PEOPLE, TOLD, WAITING

if TYPE_CHECKING:
    from sql.audit import Entry
    from tests.support.life.model import Alert

PERSON_OF: Final = {person.said: person.person for person in PEOPLE}
OFFICERS: Final = {person.person: person.authority for person in PEOPLE}
TABLE: Final = {(one.before.value, one.action.value, one.after.value) for one in TRANSITIONS}


def check_trail(alert: Alert, trail: list[Entry]) -> None:
    """Hold the audit trail of an alert against the table: each event goes on from the state that the last one left."""
    assert (trail[0].action, trail[0].before, trail[0].after) == ("file", None, "received")
    for before, event in itertools.pairwise(trail):
        assert event.before == before.after
        assert (event.before, event.action, event.after) in TABLE
    _check_approvals(alert, trail)


def _check_approvals(alert: Alert, trail: list[Entry]) -> None:
    """Hold each approval against who had a hand in what is approved, and what it does against the policy."""
    authors: set[str] = set()
    approved: list[str] = []
    reviewed = alert.policy in WAITING
    for event in trail:
        person = PERSON_OF.get(event.actor, "")
        reviewed = reviewed or (event.action, event.before) == (Action.VETO, State.SCHEDULED)
        if event.action in CHANGES:
            waits = reviewed and event.before in TOLD
            assert waits == ("proposed" in event.details)
            if event.before not in TOLD or waits:
                authors = {person} if waits else {*authors, person}
                approved = []
        elif event.action == Action.APPROVE:
            assert person not in {*authors, *approved}
            assert OFFICERS[person] != alert.policy
            approved.append(person)
            is_last = len(approved) >= NEEDED[alert.policy]
            assert is_last == ("does" in event.details or (event.before, event.after) == ("in_review", "sending"))
