"""The floods: a file for each, with a class of it in `FLOODS`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from tests.attack.floods.compressed import Compressed
from tests.attack.floods.idle import Idle

if TYPE_CHECKING:
    import asyncio

    from tests.attack.world import World


class Flood(Protocol):
    """What strangers do to a server, by its name."""

    @property
    def name(self) -> str:
        """The name, as the table has it."""

    async def run(self, world: World, stop_event: asyncio.Event) -> None:
        """Attack the world's server until the event."""


FLOODS: Final[tuple[Flood, ...]] = (Idle(), Compressed())
