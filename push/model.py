"""The words of the job as types: what an alert says, which recipients a batch holds, what a provider answered.

Nothing flows here; bounded by construction: a batch holds at most its gateway's recipients a request.
"""

from __future__ import annotations

import enum
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NewType, Protocol
from uuid import UUID

import msgspec
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from push.clearance import Clearance
    from push.said import Message
    from push.unit import HeldUnit

AlertId = NewType("AlertId", UUID)
LaneName = NewType("LaneName", str)


class Notice(enum.StrEnum):
    """One thing said about an alert."""

    ALERT = "alert"
    UPDATE = "update"
    FOUND = "found"
    CANCEL = "cancel"


class Status(enum.StrEnum):
    """CAP status: never confused."""

    ACTUAL = "actual"
    EXERCISE = "exercise"
    TEST = "test"


class Outcome(enum.StrEnum):
    """What became of one recipient, as the ledger has it; all but `UNSURE` are final."""

    ACCEPTED = "accepted"
    INVALID = "invalid"
    REFUSED = "refused"
    QUARANTINED = "quarantined"
    FAILED = "failed"
    UNSURE = "unsure"
    """Nobody knows whether they were told: tried again, and told how it ended if they never were for certain."""


FINAL: Final = tuple(outcome for outcome in Outcome if outcome is not Outcome.UNSURE)


class Fate(enum.Enum):
    """What a provider said of one recipient: a final outcome, or to try again."""

    ACCEPTED = Outcome.ACCEPTED
    INVALID = Outcome.INVALID
    REFUSED = Outcome.REFUSED
    QUARANTINED = Outcome.QUARANTINED
    """Their token is not good here, but perhaps elsewhere: another environment, another sender. It is kept."""

    UNSURE = Outcome.UNSURE
    """To be tried again, although they may have been told: there was no answer, or none with a meaning."""

    AGAIN = None


class Verdict(enum.Enum):
    """What a provider said of a whole request."""

    ANSWERED = "answered"
    FAILING = "failing"
    THROTTLED = "throttled"
    MISCONFIGURED = "misconfigured"


class Answer(msgspec.Struct, frozen=True):
    """A provider's answer.

    `fates` is in request order; None means that all were accepted (if `ANSWERED`) or are to be tried again.
    `asked` False: nothing was sent, because nobody's token can be this provider's, which says nothing of it.
    `unsure`: without fates, all may have been told although the provider did not say so.
    `dead_since_ms` by place in the request: since when a token is invalid, where the provider says so.
    """

    verdict: Verdict
    reason: str = ""
    fates: Sequence[Fate] | None = None
    retry_after_s: float | None = None
    dead_since_ms: Mapping[int, int] = {}
    asked: bool = True
    unsure: bool = False

    @property
    def fate(self) -> Fate:
        """What it says of everybody, where it has no fates."""
        if self.verdict is Verdict.ANSWERED:
            return Fate.ACCEPTED
        return Fate.UNSURE if self.unsure else Fate.AGAIN

    def of_nobody(self) -> Answer:
        """Return the answer to what would have reached nobody, such as the question for an access token."""
        return msgspec.structs.replace(self, unsure=False) if self.unsure else self


def unsayable(why: Exception, recipients: int) -> Answer:
    """Return the answer for a message that cannot be cut to what a provider takes: nothing was sent.

    It is this alert's fault and no other's: the lane goes on, and the figures show who was not told.
    """
    return Answer(Verdict.ANSWERED, str(why), [Fate.REFUSED] * recipients, asked=False)


class Gateway(Protocol):
    """A provider: sends one message to at most `recipients_max` recipients, never raises for what it answers.

    DoesNotFitError (`push.said`) from one that does not answer `unsayable` itself.
    """

    recipients_max: int

    async def send(self, message: Message, recipients: Sequence[bytes], clearance: Clearance) -> Answer:
        """Send to recipients: user ids as decimal bytes, or device tokens where the provider addresses devices.

        `clearance` is asked right before every request; what it does not let be sent comes back unsent.
        """

    async def close(self) -> None:
        """Close its connections."""


@dataclass(slots=True, eq=False)
class Batch:
    """The recipients of one request: user ids as decimal bytes, and as numbers in the same order.

    `attempts`: how often it was tried; `found_s`: when its recipients were found, by the event loop's clock.
    `unsure`: of whom the ledger has it that they may have been told; None: of nobody.
    """

    unit: HeldUnit
    recipients: list[bytes]
    users: NDArray[np.int64]
    batch_id: int = field(default_factory=lambda: secrets.randbits(63))
    attempts: int = 0
    found_s: float = 0.0
    unsure: NDArray[np.bool_] | None = None

    @property
    def size(self) -> int:
        """How many recipients there are."""
        return len(self.recipients)

    def is_over(self) -> bool:
        """Tell whether nothing of it may be sent any more."""
        return self.unit.over

    def keep(self, wanted: NDArray[np.bool_]) -> None:
        """Leave all others out."""
        self.recipients = [self.recipients[row] for row in np.flatnonzero(wanted).tolist()]
        self.users = self.users[wanted]
        if self.unsure is not None:
            self.unsure = self.unsure[wanted]

    def newly(self, unsure: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return who of those that may have been told was not known before, and know them all."""
        before = np.zeros(self.size, dtype=np.bool_) if self.unsure is None else self.unsure
        self.unsure = before | unsure
        return unsure & ~before

    def with_others(self, other: Batch) -> Batch:
        """Return a batch of these and others of the same unit, to be tried together."""
        unsure = [np.zeros(one.size, dtype=np.bool_) if one.unsure is None else one.unsure for one in (self, other)]
        return Batch(
            self.unit,
            [*self.recipients, *other.recipients],
            np.concatenate([self.users, other.users]),
            attempts=max(self.attempts, other.attempts),
            found_s=min(self.found_s, other.found_s),
            unsure=np.concatenate(unsure),
        )

    def rest(self, again: NDArray[np.bool_]) -> Batch:
        """Return the batch of those to be tried again."""
        rest = Batch(
            self.unit,
            self.recipients,
            self.users,
            attempts=self.attempts,
            found_s=self.found_s,
            unsure=self.unsure,
        )
        rest.keep(again)
        return rest
