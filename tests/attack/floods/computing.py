"""Only computes, as much as the clients of a flood did: what they take from the processors by themselves.

No word of it reaches the server. Bounded by its event.
"""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING, Final

from tests.attack.clients import run_clients
from tests.attack.floods.flood import Flood

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.attack.world import Target

PERIOD_S: Final = 0.01
"""Shorter than the clients' own turns: neither they nor this one computes for long at once."""


class Computing(Flood):
    """Somebody else on this machine."""

    name = "computing"

    def __init__(self, share: float) -> None:
        self._share = min(max(share, 0.0), 1.0)

    async def run(self, target: Target, stop_event: asyncio.Event) -> None:
        """Compute for a share of the time of one processor until the event."""
        await run_clients(partial(compute, share=self._share), target.address, stop_event)


async def compute(_: str, __: int, is_over: Callable[[], bool], *, share: float) -> None:
    """Compute until it is over: a share of each period."""
    while not is_over():
        began_s = time.perf_counter()
        computed_s = time.process_time()
        while time.process_time() - computed_s < share * PERIOD_S:
            pass
        await asyncio.sleep(max(0.0, PERIOD_S - (time.perf_counter() - began_s)))
