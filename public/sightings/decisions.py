"""What can be decided of a sighting, by whom, and what stands in the way.

Pure. Bounded by its words.
"""

from __future__ import annotations

import enum
from datetime import datetime
from typing import TYPE_CHECKING, Final, TypeAlias
from uuid import UUID

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping


class SightingState(enum.StrEnum):
    """Where a sighting stands."""

    NEW = "new"
    PASSED = "passed"
    DUPLICATE = "duplicate"
    DISMISSED = "dismissed"
    CLOSED = "closed"
    """The search is over, and nobody has decided: it is new again where the alert is reopened."""


class Decision(enum.StrEnum):
    """What an operator decides."""

    PASS_ON = "pass_on"  # noqa: S105 - no password
    DUPLICATE = "duplicate"
    DISMISS = "dismiss"


STATES: Final[Mapping[Decision, SightingState]] = {
    Decision.PASS_ON: SightingState.PASSED,
    Decision.DUPLICATE: SightingState.DUPLICATE,
    Decision.DISMISS: SightingState.DISMISSED,
}
ACTIONS: Final[Mapping[Decision, str]] = {
    Decision.PASS_ON: "pass sighting on",
    Decision.DUPLICATE: "mark sighting as duplicate",
    Decision.DISMISS: "dismiss sighting",
}
"""How the audit trail names them."""


class Decider(msgspec.Struct, frozen=True):
    """Who decides, as the audit trail names them, with the id of their token."""

    label: str
    token_id: int | None = None


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A decision as it is asked for, of the `revision` that was read.

    `with_stack`: of others of its stack that nobody has decided, too, `sql.sightings.DECIDED_MAX` at most: they are
    duplicates of one that is passed on.
    """

    decision: Decision
    revision: int
    reason: str = ""
    duplicate_of: UUID | None = None
    with_stack: bool = False


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """It is decided; `others`: how many of its stack with it."""

    state: SightingState
    revision: int
    others: int = 0


class Already(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody was faster: what stands, by whom, since when."""

    state: SightingState
    revision: int
    by: str
    at: datetime | None


class NotDecided(enum.Enum):
    """Why nothing was decided."""

    UNKNOWN = "no such sighting of this alert"
    REVISION = "not the revision that was read"
    NO_ORIGINAL = "a duplicate of no other sighting of this alert"


Outcome: TypeAlias = Decided | Already | NotDecided
