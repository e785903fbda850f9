"""Offers: actions flow in, what to ask for flows out: the last part of the path of each.

Bounded by the actions that there are.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final

from push.life.lifecycle import Action

if TYPE_CHECKING:
    from collections.abc import Iterable


class Offer(enum.StrEnum):
    """What can be asked for: `POST /v1/alerts/{id}/` and this."""

    APPROVAL = "approval"
    VETO = "veto"
    PAUSE = "pause"
    RESUME = "resume"
    UPDATE = "update"
    RINGS = "rings"
    EXTENSION = "extension"
    RELEASE = "release"
    CANCEL = "cancel"
    FOUND = "found"


OFFERS: Final = {
    Action.APPROVE: Offer.APPROVAL,
    Action.VETO: Offer.VETO,
    Action.PAUSE: Offer.PAUSE,
    Action.RESUME: Offer.RESUME,
    Action.UPDATE: Offer.UPDATE,
    Action.WIDEN: Offer.RINGS,
    Action.EXTEND: Offer.EXTENSION,
    Action.RELEASE: Offer.RELEASE,
    Action.CANCEL: Offer.CANCEL,
    Action.FIND: Offer.FOUND,
}


def offered(actions: Iterable[Action]) -> list[Offer]:
    """Return how actions are asked for."""
    return [OFFERS[action] for action in actions]
