"""A held unit: a claimed unit flows in, batch by batch it is settled, and it says when nothing is left.

Bounded: the batches pending are bounded by the lane's queue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from push.said import Content, Message

if TYPE_CHECKING:
    from push.model import Batch
    from sql.work import UnitRow

_CONTENT = msgspec.json.Decoder(Content)


class HeldUnit:
    """A unit that this process holds: its batches that are outstanding, and until when the lease stands."""

    def __init__(self, row: UnitRow, lease_until_s: float, *, silent: bool = False) -> None:
        self.row = row
        self.lease_until_s = lease_until_s
        self.content = _CONTENT.decode(row.content)
        self._silent = silent
        self._messages: dict[str, Message] = {}
        self.batches: set[Batch] = set()
        self.swept = False
        self.found = 0
        self.dropped = False

    def message(self, locale: str) -> Message:
        """Return what is said in the language that is nearest to `locale`: the same object for the same language."""
        known, text = self.content.text_for(locale)
        message = self._messages.get(known)
        if message is None:
            message = self._messages[known] = Message(
                alert_id=self.row.alert_id,
                notice=self.row.notice,
                locale=known,
                text=text,
                expires=self.row.expires,
                photo_url=self.content.photo_url,
                deep_link=self.content.deep_link,
                web_link=self.content.web_link,
                silent=self._silent,
            )
        return message

    @property
    def complete(self) -> bool:
        """Tell whether everybody found in the unit is settled."""
        return self.swept and not self.batches and not self.dropped
