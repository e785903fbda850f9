"""No flood: what a quiet server and a quiet server differ by is what this machine cannot tell apart.

Bounded by its event.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.attack.floods.flood import Flood

if TYPE_CHECKING:
    import asyncio

    from tests.attack.world import Target


class Nothing(Flood):
    """Nobody does anything."""

    name = "nothing, to compare"

    async def run(self, target: Target, stop_event: asyncio.Event) -> None:  # noqa: ARG002 - nothing is attacked
        """Wait for the event."""
        await stop_event.wait()
