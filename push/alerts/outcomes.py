"""Outcomes: how a case ended, in one word, and what is known of it afterwards.

Sealed: no push, page, feed, log, metric or summary has them. The word stays with the record; the rest goes with the
child's data. Bounded by the words that there are.
"""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Final

import msgspec

from push.message.closings import Closing
from runtime.decoding import read_or_none


class CaseOutcome(enum.StrEnum):
    """How a case ended."""

    SAFE = "safe"
    INJURED = "injured"
    DECEASED = "deceased"
    NEVER_MISSING = "never_missing"
    UNFOUNDED = "unfounded"
    OTHER = "other"


class FoundBy(enum.StrEnum):
    """Who found the child."""

    PUBLIC = "public"
    POLICE = "police"
    FAMILY = "family"
    SELF = "self"
    OTHER = "other"


class Evidence(enum.StrEnum):
    """By what it is known that it was because of the alert, or was not."""

    FINDER_SAID = "finder_said"
    POLICE_JUDGED = "police_judged"
    NONE = "none"


CLOSINGS: Final = {
    CaseOutcome.SAFE: Closing.HAPPY,
    CaseOutcome.INJURED: Closing.NEUTRAL,
    CaseOutcome.DECEASED: Closing.NEUTRAL,
    CaseOutcome.NEVER_MISSING: Closing.OVER,
    CaseOutcome.UNFOUNDED: Closing.OVER,
    CaseOutcome.OTHER: Closing.OVER,
}
"""Which text each outcome has. Thanks in joy are for a child who is safe."""


class AfterAction(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of how the child was found: when, how far from the last-seen place (whole km), by whom.

    The place itself is not kept.
    """

    found_at: datetime | None = None
    distance_km: int | None = None
    by: FoundBy | None = None
    evidence: Evidence | None = None


_AFTER_ACTION: Final = msgspec.json.Decoder(AfterAction)


def read_after_action(text: str | None) -> AfterAction | None:
    """Return what was kept, None where nothing was or nobody here can read it: what is said now counts then."""
    return read_or_none(_AFTER_ACTION, text)


class FoundPlace(msgspec.Struct, frozen=True):
    """Where a child was found. Degrees, WGS-84; only the distance is kept."""

    longitude: float
    latitude: float


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """What is said when a child is found, or later; None is not known or not said."""

    through_alert: bool | None = None
    outcome: CaseOutcome | None = None
    after_action: AfterAction | None = None
    place: FoundPlace | None = None
