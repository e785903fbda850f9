"""The groups that wait for room on a connection; the oldest group's calls are begun first.

What is given back goes before all others. A group leaves with its last call begun, with its sender, or failed; nothing
of it is kept then.

Bounded: one group a worker.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from push.transport.http2.connection import Connection
    from push.transport.http2.group import Group


class Waiting:
    """The groups of one lane: those whose senders wait, and of these in order those with calls that are not begun."""

    def __init__(self) -> None:
        self._senders: set[Group] = set()
        self._groups: deque[Group] = deque()

    def __bool__(self) -> bool:
        """Tell whether calls wait to be begun."""
        return bool(self._groups)

    @property
    def senders(self) -> int:
        """How many senders wait."""
        return len(self._senders)

    @property
    def calls(self) -> int:
        """How many calls wait to be begun."""
        return sum(group.waiting for group in self._groups)

    def enter(self, group: Group) -> None:
        """Let a group wait, behind all others."""
        self._senders.add(group)
        self._groups.append(group)

    def leave(self, group: Group) -> None:
        """Forget a group; what is not begun of it never is."""
        group.stop()
        self._senders.discard(group)
        if group in self._groups:
            self._groups.remove(group)

    def give_back(self, group: Group, row: int) -> None:
        """Let a call wait again, before all others."""
        waited = group.waiting
        group.give_back(row)
        if group.waiting and not waited:
            self._groups.appendleft(group)

    def fill(self, connection: Connection) -> None:
        """Begin calls where there is room."""
        room = connection.room
        while room > 0 and self._groups:
            group = self._groups[0]
            group.apply()
            begun = connection.begin(group, room) if group.waiting else 0
            if not group.waiting:
                self._groups.popleft()
            elif not begun:
                return
            room -= begun

    def apply(self) -> None:
        """End what may not be begun any more, because there may be no room for it to be asked about."""
        for group in self._groups:
            group.apply()
        self._groups = deque(group for group in self._groups if group.waiting)

    def fail(self, failure: str) -> None:
        """End what is not begun, and so may be waiting for what never comes."""
        groups = [*self._groups]
        self._groups.clear()
        for group in groups:
            group.fail(failure)

    def raise_in_all(self, error: Exception) -> None:
        """Hand a bug to every sender."""
        for group in self._senders:
            group.raise_in_caller(error)
