"""Review: who must approve an alert before it is sent, by its authority's policy.

The thirty minutes run from the receipt, whatever the review: one that is about to use them up is an alarm.
Bounded by the approvals that a policy asks for.
"""

from __future__ import annotations

import enum
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from push.alerts.lifecycle import NOT_NOTIFIED, Action, State

if TYPE_CHECKING:
    from collections.abc import Collection

REVIEW_MARGIN: Final = timedelta(minutes=10)
"""A third of the thirty minutes: with less left than this, or than the estimate needs, the review is late."""


class Review(enum.StrEnum):
    """Who reviews a case before anyone is notified: no one; any officer, for a while; one person; two."""

    AUTO = "auto"
    GRACE = "grace"
    APPROVE = "approve"
    TWO_PERSON = "two-person"


APPROVALS: Final = {Review.APPROVE: 1, Review.TWO_PERSON: 2}
"""How many different people approve. A veto of an alert in its grace asks for one, too."""


def approvals_needed(review: Review) -> int:
    """Return how many different people approve an alert under a policy; one, where it came to that without one."""
    return APPROVALS.get(review, 1)


def changes_wait(state: State, review: Review) -> bool:
    """Tell whether a change of an alert needs approval: people were notified, and an approval came before that."""
    return state not in NOT_NOTIFIED and review in APPROVALS


class Asked(enum.StrEnum):
    """What an authority can be asked for, before its cases go out without approval: the checklist, and the consent."""

    IS_MISSING = "is_missing"
    AT_RISK = "at_risk"
    DESCRIBABLE = "describable"
    CUSTODY_DISPUTE = "custody_dispute"
    CONSENT = "consent"


class HeldFor(enum.StrEnum):
    """Why a case is held for approval by what it rests on: an item answered no, one that is asked for and open.

    `custody_dispute` asks for two people, whatever the policy.
    """

    CUSTODY_DISPUTE = "custody_dispute"
    NOT_MISSING = "not_missing"
    NOT_AT_RISK = "not_at_risk"
    NOT_DESCRIBABLE = "not_describable"
    CONSENT_REFUSED = "consent_refused"
    IS_MISSING_OPEN = "is_missing_open"
    AT_RISK_OPEN = "at_risk_open"
    DESCRIBABLE_OPEN = "describable_open"
    CUSTODY_DISPUTE_OPEN = "custody_dispute_open"
    CONSENT_OPEN = "consent_open"


W = TypeVar("W", bound=enum.StrEnum)

_ORDER: Final = tuple(Review)
"""From the policy that asks for least to the one that asks for most."""


def stricter(one: Review, other: Review) -> Review:
    """Return the one of two policies that asks for more."""
    return max(one, other, key=_ORDER.index)


def known(kind: type[W], words: Collection[str]) -> list[W]:
    """Return the words of the record that this version knows; a reason of another one holds an alert all the same."""
    return [kind(one) for one in words if one in [*kind]]


def least_review(held_for: Collection[str]) -> Review:
    """Return the least review of a case that is held for these reasons."""
    if HeldFor.CUSTODY_DISPUTE in held_for:
        return Review.TWO_PERSON
    return Review.APPROVE if held_for else Review.AUTO


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """Where an alert goes when it is received, and what approval it needs; `send_at` where that is later."""

    action: Action
    state: State
    review: Review
    send_at: datetime | None = None


def decide(
    review: Review, grace_s: int, received_at: datetime, *, verified: bool, held_for: Collection[str] = ()
) -> Decision:
    """Return the decision about a case; an unverified one waits for two people, whatever the authority's policy.

    Anyone may have sent it, even the person who approves it first. `held_for`: words of `HeldFor`.
    """
    review = stricter(review, least_review(held_for))
    if not verified:
        review = Review.TWO_PERSON
    if review is Review.AUTO:
        return Decision(action=Action.SEND, state=State.SENDING, review=review)
    if review is Review.GRACE:
        send_at = received_at + timedelta(seconds=grace_s)
        return Decision(action=Action.SCHEDULE, state=State.SCHEDULED, review=review, send_at=send_at)
    return Decision(action=Action.REVIEW, state=State.IN_REVIEW, review=review)


def is_late(deadline: datetime, needs_s: float, now: datetime, send_at: datetime | None = None) -> bool:
    """Tell whether too little of the thirty minutes is left for the `needs_s` seconds that sending takes."""
    begins = now if send_at is None else max(now, send_at)
    return deadline - begins < max(REVIEW_MARGIN, timedelta(seconds=needs_s))
