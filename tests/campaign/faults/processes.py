"""Faults of processes: killed, frozen, started with another clock.

Bounded by the step, and by the start of a server.
"""

from __future__ import annotations

import signal
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from tests.campaign.faults.step import Kind

if TYPE_CHECKING:
    from tests.campaign.faults.step import Healing, Step
    from tests.campaign.world import World


@asynccontextmanager
async def kill(world: World, step: Step) -> Healing:
    """SIGKILL; started again afterwards."""
    async with AsyncExitStack() as stack:
        slots = [world.slots[number] for number in step.slots]
        for slot in slots:
            await stack.enter_async_context(slot.lock)
            stack.enter_context(slot.disturbance(slot.down))
        for slot in slots:
            if slot.process.alive:
                slot.process.send_signal(signal.SIGKILL)
            else:
                slot.deaths.append(f"server {slot.number} had ended by itself")
        yield
        for slot in slots:
            await slot.end(signal.SIGKILL)
            await slot.start()


@asynccontextmanager
async def freeze(world: World, step: Step) -> Healing:
    """SIGSTOP, then SIGCONT."""
    slot = world.slots[step.slots[0]]
    async with slot.lock:
        with slot.disturbance(slot.frozen):
            if slot.process.alive:
                slot.process.send_signal(signal.SIGSTOP)
            try:
                yield
            finally:
                if slot.process.alive:
                    slot.process.send_signal(signal.SIGCONT)


@asynccontextmanager
async def set_clock(world: World, step: Step) -> Healing:
    """SIGTERM, then a start with a clock that is ahead or behind; it stays so until the next start."""
    slot = world.slots[step.slots[0]]
    async with slot.lock:
        with slot.disturbance(slot.down):
            if (code := await slot.end(signal.SIGTERM)) != 0:
                slot.deaths.append(f"server {slot.number} ended with {code} on SIGTERM")
            slot.ahead_s = step.value
            await slot.start()
        yield


KINDS = {
    "server killed": Kind(make=kill, repeats=True),
    "all servers killed": Kind(make=kill, one_server=False, repeats=True),
    "server frozen": Kind(make=freeze, repeats=True),
    "clock set": Kind(make=set_clock),
}
