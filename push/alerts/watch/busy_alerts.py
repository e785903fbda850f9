"""Busy alerts: which of those that are being sent are read at a tick.

Whatever is sent of an alert, some process holds a unit of it meanwhile, and reads it at every tick. Bounded: `READ_MAX`
of all others, those first that were read longest ago, and as many as this process has units of within a tick.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, KeysView
    from collections.abc import Set as AbstractSet
    from uuid import UUID

READ_MAX: Final = 64
"""Others' work is read for those who watch. What is decided or changes its state is read at once anyway."""


class BusyAlerts:
    """Those that are being sent, and those of which something may be read for the last time.

    `take_worked`: returns of which alerts this process has held units since it was called last, and holds some now.
    """

    def __init__(self, take_worked: Callable[[], set[UUID]]) -> None:
        self._take_worked = take_worked
        self._worked: set[UUID] = set()
        # In the order in which they were read.
        self._alerts: dict[UUID, None] = {}

    @property
    def ids(self) -> KeysView[UUID]:
        """All of them."""
        return self._alerts.keys()

    def due(self) -> set[UUID]:
        """Return which to read now."""
        self._worked |= self._take_worked()
        return {*islice(self._alerts, READ_MAX)} | (self._worked & self.ids)

    def note(self, busy: AbstractSet[UUID], read: AbstractSet[UUID], listed: AbstractSet[UUID]) -> None:
        """Note which are busy now, and which were read; who was not keeps the place until then, busy or not."""
        waiting = (self.ids & listed) - read
        self._alerts = {one: None for one in self._alerts if one in waiting} | dict.fromkeys(busy)
        self._worked -= read
