"""A held unit: a claimed unit flows in, batch by batch it is settled, and it says when nothing is left.

Bounded: the batches pending are bounded by the lane's queue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from push.model import Message

if TYPE_CHECKING:
    from push.model import Batch
    from sql.work import UnitRow


class HeldUnit:
    """A unit that this process holds: its batches that are outstanding, and until when the lease stands."""

    def __init__(self, row: UnitRow, lease_until_s: float) -> None:
        self.row = row
        self.lease_until_s = lease_until_s
        self.message = Message(row.alert_id, row.notice, row.title, row.body, row.expires)
        self.batches: set[Batch] = set()
        self.swept = False
        self.found = 0
        self.dropped = False

    @property
    def complete(self) -> bool:
        """Tell whether everybody found in the unit is settled."""
        return self.swept and not self.batches and not self.dropped
