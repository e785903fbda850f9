"""A held unit with its outstanding batches: it is complete when all of them are settled.

Bounded: the batches pending are bounded by the lane's queue.
"""

from __future__ import annotations

import math
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from push.fanout.claims.languages import UNKNOWN, Languages
from push.message.content import About, Content, Message
from push.notice import WITH_SOUND, Notice, SubjectKind
from runtime.clock import OFF_S, now, wall_s

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from numpy.typing import NDArray

    from push.message.sound import Morning
    from sql.work import UnitRow

TRUSTED_S: Final = 1.0
"""For how long a look of `push.fanout.stops` is trusted: four of its intervals, so that one late look is no stop."""

_CONTENT = msgspec.json.Decoder(Content)


class HeldUnit:
    """A unit that this process holds: its batches that are outstanding, and until when the lease stands.

    `seen_s`, `seen_wall_s`: when the record last allowed it to be sent, by the event loop's clock, which stands
    still while a virtual machine is paused, and by the wall clock, which is set afterwards. `halted`: it may not be
    sent, and what is left of it drains. `expires_s`: when what it sends is of no use any more, by the record's
    clock as of the claim, or as of the look after a pause of the machine. `dropped`: the lease is lost, and what is
    left is another process's. `interrupted`: some of it was not sent. `is_last`: a pass for late entrants, an
    exercise or a test. `morning`: when who gets no sound is reminded; None: never. `sounds_until_s`: when a
    reminder is to be put off, by the event loop's clock, because a night begins. `clock`: the present by the
    record's clock.

    MsgspecError where the content cannot be read, has no text to send, or one that cannot be rendered.
    """

    def __init__(
        self,
        row: UnitRow,
        seen_s: float,
        seen_wall_s: float,
        lease_s: float,
        *,
        silent: bool = False,
        morning: Morning | None = None,
        sounds_until_s: float = math.inf,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self.row = row
        self.seen_s = seen_s
        self.seen_wall_s = seen_wall_s
        self.lease_until_s = seen_s + lease_s
        self.expires_s = seen_s + row.left_s
        self.content = _CONTENT.decode(row.content).with_photo_of_page(row.photo_tag)
        if not self.content.of(row.notice):
            raise msgspec.ValidationError(f"no text of {row.notice}")
        self.languages = Languages(self.content, row.notice)
        self._clock = clock
        self._about = _about(row, clock)
        self._silent = silent or row.notice not in WITH_SOUND
        self.morning = morning if row.notice == Notice.ALERT else None
        self._sounds_until_s = sounds_until_s
        self._messages: dict[tuple[str, bool], Message] = {}
        self._batches: set[Batch] = set()
        self.swept = False
        self.interrupted = False
        self.found = self.opted_out = 0
        self.dropped = False
        self.halted = False
        self.is_last = False
        self.requested_s: float | None = None
        for locale in self.content.of(self._about.notice):
            self.message(locale)

    @property
    def batches(self) -> frozenset[Batch]:
        """The batches that are outstanding: queued, parked or being sent."""
        return frozenset(self._batches)

    def add(self, batch: Batch) -> None:
        """Add a batch that is about to be queued."""
        self._batches.add(batch)

    def remove(self, batch: Batch) -> None:
        """Remove a batch of which nothing is left."""
        self._batches.discard(batch)

    def replace(self, old: Iterable[Batch | None], new: Batch) -> None:
        """Put a batch in the place of others."""
        self._batches.difference_update(old)
        self._batches.add(new)

    def seen(self, at_s: float, at_wall_s: float) -> None:
        """Note that the record allowed it to be sent at a moment, by both clocks."""
        if at_s >= self.seen_s:
            self.seen_s, self.seen_wall_s = at_s, at_wall_s

    def follow(self, now: datetime, at_s: float, uncertain_s: float) -> None:
        """Take over the record's present as of `at_s`, give or take `uncertain_s`, after a pause of the machine."""
        later_s = at_s + (self.row.expires - now).total_seconds() - self.expires_s
        if abs(later_s) > OFF_S + uncertain_s:
            self.expires_s += later_s
            self._sounds_until_s += later_s

    def distrust(self) -> None:
        """Have it be looked at anew before more of it is sent."""
        self.seen_s = self.seen_wall_s = float("-inf")

    @property
    def over(self) -> bool:
        """Tell whether nothing more of it is to be sent."""
        return self.dropped or self.halted

    def renew(self, row: UnitRow, asked_s: float, *, silent: bool, morning: Morning | None = None) -> None:
        """Take over the ring and the expiry that the record has now, as of `asked_s`; the content stays what it was."""
        self.morning = morning
        self.row = row
        self.expires_s = asked_s + row.left_s
        self._about = _about(row, self._clock)
        self._silent = silent or row.notice not in WITH_SOUND
        self._messages.clear()

    def may_send(self, now_s: float) -> bool:
        """Tell whether a request may start now: it is held, not halted, and that was seen a moment ago."""
        is_fresh = now_s - self.seen_s < TRUSTED_S and wall_s() - self.seen_wall_s < TRUSTED_S
        return is_fresh and not self.over and now_s < self.lease_until_s and not self.is_put_off(now_s)

    def is_put_off(self, now_s: float) -> bool:
        """Tell whether it is a reminder, and a night has begun: it is sent in another morning."""
        return now_s >= self._sounds_until_s

    @property
    def is_reminder(self) -> bool:
        """Whether it reminds people with a sound of the alert that reached them without one."""
        return self.row.notice == Notice.REMINDER

    @property
    def silent(self) -> bool:
        """Whether its messages make no sound for anybody."""
        return self._silent

    def message(self, locale: str, *, silent: bool = False) -> Message:
        """Return the message in the language nearest to `locale`: the same object for the same language and sound.

        `silent`: without a sound, whatever others get.
        """
        known, _ = self.content.text_for(locale, self._about.notice)
        silent = silent or self._silent
        message = self._messages.get((known, silent))
        if message is None:
            message = self._messages[known, silent] = self.content.message(self._about, known, silent=silent)
        return message

    @property
    def complete(self) -> bool:
        """Tell whether all recipients found in the unit are settled, or drained."""
        return self.swept and not self._batches and not self.dropped


@dataclass(slots=True, eq=False)
class Batch:
    """The recipients of one request: user ids as decimal bytes, and as numbers in the same order.

    `attempts`: how often it was tried; `found_s`: when its recipients were found, by the event loop's clock.
    `indeterminate`: who may have been notified; None: no one. `languages`: in which each of them is notified, by the
    unit's numbers; None: not looked up yet. `reminded`: who gets no sound, and is to be reminded in the morning; None:
    nobody. `is_announced`: the ledger has that they may have been reminded; for certain they were not yet.
    """

    unit: HeldUnit
    recipients: list[bytes]
    users: NDArray[np.int64]
    batch_id: int = field(default_factory=lambda: secrets.randbits(63))
    attempts: int = 0
    found_s: float = 0.0
    indeterminate: NDArray[np.bool_] | None = None
    languages: NDArray[np.int16] | None = None
    reminded: NDArray[np.bool_] | None = None
    is_announced: bool = False

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
        if self.indeterminate is not None:
            self.indeterminate = self.indeterminate[wanted]
        if self.languages is not None:
            self.languages = self.languages[wanted]
        if self.reminded is not None:
            self.reminded = self.reminded[wanted]

    def keeps_language(self) -> NDArray[np.bool_]:
        """Tell whose language stays, whatever they read now: that of who may have been notified in it already."""
        if self.languages is None:
            return np.zeros(self.size, dtype=np.bool_)
        known: NDArray[np.bool_] = self.languages != UNKNOWN
        if self.unit.row.notice != Notice.ALERT:
            return known
        return np.zeros(self.size, dtype=np.bool_) if self.indeterminate is None else known & self.indeterminate

    def add_indeterminate(self, indeterminate: NDArray[np.bool_]) -> None:
        """Add recipients that may have been notified."""
        self.indeterminate = indeterminate if self.indeterminate is None else self.indeterminate | indeterminate

    def with_others(self, other: Batch) -> Batch:
        """Return a batch of these and others of the same unit, to be tried together."""
        indeterminate = [
            np.zeros(one.size, dtype=np.bool_) if one.indeterminate is None else one.indeterminate
            for one in (self, other)
        ]
        languages = [
            np.full(one.size, UNKNOWN, dtype=np.int16) if one.languages is None else one.languages
            for one in (self, other)
        ]
        return Batch(
            self.unit,
            [*self.recipients, *other.recipients],
            np.concatenate([self.users, other.users]),
            attempts=max(self.attempts, other.attempts),
            found_s=min(self.found_s, other.found_s),
            indeterminate=np.concatenate(indeterminate),
            languages=np.concatenate(languages),
        )

    def rest(self, again: NDArray[np.bool_]) -> Batch:
        """Return the batch of those to be tried again."""
        rest = Batch(
            self.unit,
            self.recipients,
            self.users,
            attempts=self.attempts,
            found_s=self.found_s,
            indeterminate=self.indeterminate,
            languages=self.languages,
        )
        rest.keep(again)
        return rest


def _about(row: UnitRow, clock: Callable[[], datetime]) -> About:
    return About(
        alert_id=row.alert_id,
        # A reminder is the alert once more, and phones know it as such.
        notice=Notice.ALERT if row.notice == Notice.REMINDER else row.notice,
        status=row.status,
        expires=row.expires,
        # One that a newer version knows is a MsgspecError, as content is that cannot be read.
        subject_kind=msgspec.convert(row.subject_kind, SubjectKind),
        clock=clock,
    )


def overlap(one: UnitRow, other: UnitRow) -> bool:
    """Tell whether two units of one alert, notice and lane share a shard."""
    same = (one.alert_id, one.notice, one.lane) == (other.alert_id, other.notice, other.lane)
    return same and one.shard_from < other.shard_to and one.shard_to > other.shard_from
