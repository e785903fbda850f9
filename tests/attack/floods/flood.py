"""What a flood is: a name, what the attacked server needs for it, and the attack itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

    from tests.attack.world import Target, World


class Flood(ABC):
    """What strangers, or a provider, do to a server."""

    name = ""
    """As the table has it."""

    async def settings(self, world: World) -> dict[str, str]:  # noqa: ARG002 - most floods need nothing
        """Prepare what the attacked server needs, in its quiet runs too; returns its settings."""
        return {}

    @abstractmethod
    async def run(self, target: Target, stop_event: asyncio.Event) -> None:
        """Attack the server until the event."""
