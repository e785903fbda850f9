"""Faults of the way between a server and a store or its provider: slow, silent, cut, refused.

Bounded by the step.
"""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

from server.simulators.faults import Fault
from tests.campaign.faults.step import Kind

if TYPE_CHECKING:
    from tests.campaign.faults.step import Healing, Step
    from tests.campaign.slots import Slot
    from tests.campaign.world import World
    from tests.support.stores.proxy import Proxy

SINGLE: Final = "valkey"


def _way(slot: Slot, store: str) -> Proxy:
    proxy = slot.postgres if store == "postgresql" else slot.redis
    assert proxy is not None
    return proxy


@asynccontextmanager
async def disturbed(world: World, step: Step, *, store: str, how: str) -> Healing:
    """Disturb the way of some servers to a store."""
    async with AsyncExitStack() as stack:
        slots = [world.slots[number] for number in step.slots]
        for slot in slots:
            proxy = _way(slot, store)
            await stack.enter_async_context(proxy.lock)
            if store == "postgresql":
                stack.enter_context(slot.disturbance(slot.cut_off))
        for slot in slots:
            proxy = _way(slot, store)
            if how == "slow":
                proxy.latency_s = step.value
            elif how == "silent":
                proxy.silence()
            elif how == "refused":
                proxy.refuse()
            else:
                proxy.cut()
        try:
            yield
        finally:
            for slot in slots:
                await _way(slot, store).heal()


@asynccontextmanager
async def failing(world: World, step: Step, *, by: Fault) -> Healing:
    """Let every request of a server to its simulated provider fail."""
    slot = world.slots[step.slots[0]]
    async with slot.provider_lock:
        await slot.fail_provider(by)
        try:
            yield
        finally:
            await slot.fail_provider(None)


def _both(store: str, how: str, *, repeats: bool, on: str) -> dict[str, Kind]:
    make = partial(disturbed, store=store, how=how)
    return {
        f"{store} {how}": Kind(make=make, repeats=repeats, on=on),
        f"{store} {how} to all": Kind(make=make, one_server=False, repeats=repeats, on=on),
    }


KINDS = {
    # Slow enough, a lease ends as it does without an answer.
    **_both("postgresql", "slow", repeats=True, on="valkey or cluster"),
    **_both("postgresql", "silent", repeats=True, on="valkey or cluster"),
    **_both("postgresql", "cut", repeats=True, on="valkey or cluster"),
    **_both("postgresql", "refused", repeats=True, on="valkey or cluster"),
    **_both("redis", "slow", repeats=False, on=SINGLE),
    **_both("redis", "silent", repeats=False, on=SINGLE),
    **_both("redis", "cut", repeats=False, on=SINGLE),
    **_both("redis", "refused", repeats=False, on=SINGLE),
    "provider drops": Kind(make=partial(failing, by=Fault.DROPPED)),
    "provider hangs": Kind(make=partial(failing, by=Fault.HUNG)),
    "provider accepts unanswered": Kind(make=partial(failing, by=Fault.HALF_ANSWERED)),
}
