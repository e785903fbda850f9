"""How many sightings nobody has decided, as this process heard last: for the header of every page.

Bounded by `sql.sightings.ALERTS_MAX` alerts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers.operators.scope import scope_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from handlers.http.bearer import Bearer


class Undecided:
    """The numbers by alert, with whose they are."""

    def __init__(self) -> None:
        self._by_alert: dict[UUID, tuple[tuple[str, ...], int]] = {}

    def note(self, alert: UUID, authorities: Sequence[str], undecided: int) -> None:
        """Note how many of an alert are undecided."""
        self._by_alert.pop(alert, None)
        if undecided:
            self._by_alert[alert] = (tuple(authorities), undecided)

    def of(self, bearer: Bearer) -> int:
        """Return how many wait for a decision that somebody may make."""
        scope = scope_of(bearer)
        if not scope.reads_sightings:
            return 0
        return sum(undecided for authorities, undecided in self._by_alert.values() if scope.has(*authorities))
