"""Check an alert's audit trail: an assertion fails at the first event that the rules do not allow.

Bounded by the events of one alert.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

from push.alerts.lifecycle import TRANSITIONS, Action, State
from tests.support.life.model import CHANGES, NEEDED, NOTIFIED_STATES, PEOPLE, WAITING

if TYPE_CHECKING:
    from sql.audit import Entry
    from tests.support.life.model import Alert

PERSON_OF: Final = {person.actor: person.person for person in PEOPLE}
OFFICERS: Final = {person.person: person.authority for person in PEOPLE}
TABLE: Final = {(one.before.value, one.action.value, one.after.value) for one in TRANSITIONS}


def check_trail(alert: Alert, trail: list[Entry]) -> None:
    """Check that each event starts from the state that the last one left, and is in the table of transitions."""
    assert (trail[0].action, trail[0].before, trail[0].after) == ("file", None, "received")
    for before, event in itertools.pairwise(trail):
        assert event.before == before.after
        assert (event.before, event.action, event.after) in TABLE
    _check_approvals(alert, trail)


def _check_approvals(alert: Alert, trail: list[Entry]) -> None:
    """Check that nobody approves their own change, and that the last approval that the policy needs takes effect."""
    authors: set[str] = set()
    approved: list[str] = []
    reviewed = alert.policy in WAITING
    for event in trail:
        person = PERSON_OF.get(event.actor, "")
        reviewed = reviewed or (event.action, event.before) == (Action.VETO, State.SCHEDULED)
        if event.action in CHANGES:
            waits = reviewed and event.before in NOTIFIED_STATES
            assert waits == ("proposed" in event.details)
            if event.before not in NOTIFIED_STATES or waits:
                authors = {person} if waits else {*authors, person}
                approved = []
        elif event.action == Action.APPROVE:
            assert person not in {*authors, *approved}
            assert OFFICERS[person] != alert.policy
            approved.append(person)
            is_last = len(approved) >= NEEDED[alert.policy]
            assert is_last == ("does" in event.details or (event.before, event.after) == ("in_review", "sending"))
