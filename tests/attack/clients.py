"""Runs the clients of a flood in processes of their own, so that they share no loop with what is measured.

They have a lower priority, because server, stores and clients share one machine here. Bounded: `CLIENTS_MAX` processes,
`END_S` until they end.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import resource
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from multiprocessing.synchronize import Event

CLIENTS_MAX: Final = 2
NICER: Final = 5
END_S: Final = 10.0

Attack: TypeAlias = "Callable[[str, int, Callable[[], bool]], Awaitable[None]]"
"""Attacks a host and port until it is told that it is over; a function of a module, so that a process can find it."""


def clients_cpu_s() -> float:
    """Return the CPU that all clients have used that have ended so far, in seconds."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


async def run_clients(attack: Attack, address: tuple[str, int], stop: asyncio.Event, count: int = 1) -> None:
    """Attack an address from some processes, until the event."""
    context = multiprocessing.get_context("spawn")
    is_over = context.Event()
    processes = [
        context.Process(target=_become, args=(attack, *address, is_over), daemon=True)
        for _ in range(min(count, CLIENTS_MAX))
    ]
    for process in processes:
        process.start()
    try:
        await stop.wait()
    finally:
        is_over.set()
        for process in processes:
            await asyncio.to_thread(process.join, END_S)
            if process.is_alive():
                process.kill()
            process.join()


def _become(attack: Attack, host: str, port: int, is_over: Event) -> None:
    os.nice(NICER)

    async def run() -> None:
        await attack(host, port, is_over.is_set)

    asyncio.run(run())
