"""A held unit: a claimed unit flows in, batch by batch it is settled, and it says when nothing is left.

Bounded: the batches pending are bounded by the lane's queue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from push.model import Notice
from push.said import About, Content, Message

if TYPE_CHECKING:
    from push.model import Batch
    from sql.work import UnitRow

TRUSTED_S: Final = 1.0
"""For how long it is believed that a unit may be sent: four looks of `push.stops`, so that one late look is no stop."""

_CONTENT = msgspec.json.Decoder(Content)


class HeldUnit:
    """A unit that this process holds: its batches that are outstanding, and until when the lease stands.

    `seen_s`: when the record last said that it may be sent. `halted`: it may not; what is left of it drains unsent.
    `dropped`: the lease is lost, and what is left is somebody else's.
    """

    def __init__(self, row: UnitRow, seen_s: float, lease_s: float, *, silent: bool = False) -> None:
        self.row = row
        self.seen_s = seen_s
        self.lease_until_s = seen_s + lease_s
        self.content = _CONTENT.decode(row.content)
        self._about = About(alert_id=row.alert_id, notice=row.notice, status=row.status, expires=row.expires)
        self._silent = silent or row.notice != Notice.ALERT
        self._messages: dict[str, Message] = {}
        self.batches: set[Batch] = set()
        self.swept = False
        self.cut = False
        self.found = 0
        self.dropped = False
        self.halted = False

    @property
    def over(self) -> bool:
        """Tell whether nothing more of it is to be sent."""
        return self.dropped or self.halted

    def goes_on(self, now_s: float) -> bool:
        """Tell whether a request may start now: it is held, not halted, and that was seen a moment ago."""
        return not self.over and now_s < self.lease_until_s and now_s - self.seen_s < TRUSTED_S

    def message(self, locale: str) -> Message:
        """Return what is said in the language that is nearest to `locale`: the same object for the same language."""
        known, _ = self.content.text_for(locale, self.row.notice)
        message = self._messages.get(known)
        if message is None:
            message = self._messages[known] = self.content.message(self._about, known, silent=self._silent)
        return message

    @property
    def complete(self) -> bool:
        """Tell whether everybody found in the unit is settled, or drained."""
        return self.swept and not self.batches and not self.dropped
