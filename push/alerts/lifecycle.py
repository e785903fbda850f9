"""The life of an alert: which action leads from which state to which.

The one table of what may follow what; the diagram in ARCHITECTURE.md is drawn from it. Bounded by the table.
"""

from __future__ import annotations

import enum
from typing import Final, NamedTuple


class State(enum.StrEnum):
    """Where an alert is in its life."""

    RECEIVED = "received"
    IN_REVIEW = "in_review"
    SCHEDULED = "scheduled"
    SENDING = "sending"
    SENT = "sent"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    FOUND = "found"
    EXPIRED = "expired"
    CLOSED = "closed"


class Action(enum.StrEnum):
    """What is done to an alert: first what the system does by itself, then what people ask for, under these names."""

    REVIEW = "review"
    SCHEDULE = "schedule"
    SEND = "send"
    COMPLETE = "complete"
    GO_ON = "go on"
    EXPIRE = "expire"
    CLOSE = "close"
    HOLD = "hold notice"
    APPROVE = "approval"
    VETO = "veto"
    PAUSE = "pause"
    RESUME = "resume"
    UPDATE = "update"
    WIDEN = "rings"
    EXTEND = "extension"
    RELEASE = "release"
    CANCEL = "cancel"
    FIND = "found"
    REOPEN = "reopen"


class Transition(NamedTuple):
    """From which state an action leads to which."""

    before: State
    action: Action
    after: State


_RUNNING: Final = (State.SENDING, State.SENT)
_ENDED: Final = (State.CANCELLED, State.FOUND, State.EXPIRED)
_REVIEWED: Final = (State.IN_REVIEW, State.SCHEDULED, State.SENDING)
HELD_NOTICE: Final = (State.CANCELLED, State.FOUND)
"""States whose follow-up notice is held when the record has gone back, until somebody resumes it."""

_ALIVE: Final = (State.IN_REVIEW, State.SCHEDULED, *_RUNNING, State.PAUSED)

TRANSITIONS: Final = (
    Transition(State.RECEIVED, Action.REVIEW, State.IN_REVIEW),
    Transition(State.RECEIVED, Action.SCHEDULE, State.SCHEDULED),
    Transition(State.RECEIVED, Action.SEND, State.SENDING),
    Transition(State.IN_REVIEW, Action.APPROVE, State.IN_REVIEW),
    Transition(State.IN_REVIEW, Action.APPROVE, State.SENDING),
    Transition(State.SCHEDULED, Action.SEND, State.SENDING),
    Transition(State.SCHEDULED, Action.VETO, State.IN_REVIEW),
    Transition(State.SENDING, Action.COMPLETE, State.SENT),
    Transition(State.SENT, Action.GO_ON, State.SENDING),
    *(Transition(state, Action.PAUSE, State.PAUSED) for state in _RUNNING),
    Transition(State.PAUSED, Action.RESUME, State.SENDING),
    *(Transition(state, Action.UPDATE, state) for state in _ALIVE),
    Transition(State.SCHEDULED, Action.UPDATE, State.IN_REVIEW),
    *(Transition(state, Action.WIDEN, state) for state in _RUNNING),
    *(Transition(state, Action.RELEASE, state) for state in (*_RUNNING, State.PAUSED)),
    *(Transition(state, Action.EXTEND, state) for state in (*_RUNNING, State.PAUSED)),
    *(Transition(state, Action.APPROVE, state) for state in (*_RUNNING, State.PAUSED)),
    *(Transition(state, Action.VETO, state) for state in (*_RUNNING, State.PAUSED)),
    *(Transition(state, Action.CANCEL, State.CANCELLED) for state in _ALIVE),
    *(Transition(state, Action.FIND, State.FOUND) for state in (*_ALIVE, State.CANCELLED, State.EXPIRED, State.FOUND)),
    *(Transition(state, Action.EXPIRE, State.EXPIRED) for state in _ALIVE),
    *(Transition(state, Action.REOPEN, after) for state in _ENDED for after in _REVIEWED),
    *(Transition(state, Action.CLOSE, State.CLOSED) for state in _ENDED),
    *(Transition(state, action, state) for state in HELD_NOTICE for action in (Action.HOLD, Action.RESUME)),
)
"""Every transition that there is. A child may be found after the alert has ended: those notified get that notice, too;
how may be known later. Ended by mistake, an alert is reopened, and reviewed like a new one. Once people were notified,
approval and veto are about proposals."""

BY_ITSELF: Final = frozenset(
    {
        Action.REVIEW,
        Action.SCHEDULE,
        Action.SEND,
        Action.COMPLETE,
        Action.GO_ON,
        Action.EXPIRE,
        Action.CLOSE,
        Action.HOLD,
    }
)
"""Actions of the system itself."""

NOT_NOTIFIED: Final = frozenset({State.RECEIVED, State.IN_REVIEW, State.SCHEDULED})
"""States in which no one has been notified."""

LIVE: Final = frozenset({State.SENDING, State.SENT, State.PAUSED})
"""States in which whoever comes into the area is noted."""

OVER: Final = frozenset({State.CANCELLED, State.FOUND, State.EXPIRED, State.CLOSED})


def leads_to(before: State, action: Action) -> frozenset[State]:
    """Return the states that an action may lead to, none when it is impossible."""
    return frozenset(one.after for one in TRANSITIONS if (one.before, one.action) == (before, action))


def between(before: State, after: State) -> Action:
    """Return what the system does by itself between two states; LookupError when it never does that."""
    for one in TRANSITIONS:
        if (one.before, one.after) == (before, after) and one.action in BY_ITSELF:
            return one.action
    raise LookupError(f"nothing leads by itself from {before} to {after}")


def possible(state: State, *, proposed: bool, held: bool) -> list[Action]:
    """Return what people can do in a state, in the order of the table; whether a change is proposed, or something held.

    What is held is a ring or, once it ended, the notice of that. Neither is offered where there is none; while
    something is proposed, no other change is. `found` is possible once more, to add how it ended.
    """
    idle = set(BY_ITSELF)
    if not held:
        idle.add(Action.RELEASE)
        idle |= {Action.RESUME} if state in HELD_NOTICE else set()
    if proposed:
        idle |= {Action.UPDATE, Action.WIDEN, Action.EXTEND}
    elif state not in NOT_NOTIFIED:
        idle |= {Action.APPROVE, Action.VETO}
    return list(dict.fromkeys(one.action for one in TRANSITIONS if one.before is state and one.action not in idle))


def diagram() -> str:
    """Return the table as a Mermaid state diagram; what leaves the state as it is stands beside it in words."""
    lines = ["stateDiagram-v2", "    [*] --> received"]
    for before in State:
        for after in State:
            actions = [one.action for one in TRANSITIONS if (one.before, one.after) == (before, after)]
            if actions and before is not after:
                lines.append(f"    {before} --> {after}: {', '.join(actions)}")
    lines.append("    closed --> [*]")
    return "\n".join(lines)
