"""People of a simulation who turn alerts off, and perhaps on again; and what is judged of that.

Bounded by the people of a seed, and `TRIES` to set one preference.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from geo.connection import UNAVAILABLE_ERRORS
from push.message.preferences import Preferences
from push.users.kept_preferences import KeptPreferences
from sql.database import UNAVAILABLE_ERRORS as RECORD_UNAVAILABLE_ERRORS

if TYPE_CHECKING:
    from tests.simulation.world.people import Person
    from tests.simulation.world.provider import Request
    from tests.simulation.world.world import World

PREFERRED: Final = "nobody is told against a preference"
ON_AGAIN: Final = 0.3
ANSWER_S: Final = 8.0
TRIES: Final = 20
AGAIN_S: Final = 0.5

SEND_S: Final = 13.0
"""A batch that is being sent as the preference is answered goes on: some requests of it, each as long as one takes."""


async def prefer(world: World, person: Person) -> None:
    """Let somebody turn alerts off; now and then on again."""
    if person.gone_s is not None:
        return
    person.chose = True
    if await _set(world, person.user, Preferences(off=True)):
        person.off_s = world.loop.now_s
        world.note(f"user {person.user} turns alerts off")
    if world.random.random() < ON_AGAIN:
        await asyncio.sleep(world.random.uniform(0.1, 3.0))
        person.off_s = None
        if await _set(world, person.user, Preferences()):
            world.note(f"user {person.user} turns alerts on again")


async def _set(world: World, user: int, preferences: Preferences) -> bool:
    """Set what a user prefers at a process that runs, until one answers that it is set; False where none does."""
    for _ in range(TRIES):
        if world.living:
            process = world.random.choice(world.living)
            assert process.engine is not None
            stores = process.engine.stores
            kept = KeptPreferences(stores.requests_pool, stores.index.preferences)
            task = process.spawn(kept.put({user: preferences}), "preference")
            await asyncio.wait({task}, timeout=ANSWER_S)
            error = task.exception() if task.done() and not task.cancelled() else None
            if task.done() and not task.cancelled() and error is None:
                return True
            if error is not None and not isinstance(error, (*UNAVAILABLE_ERRORS, *RECORD_UNAVAILABLE_ERRORS)):
                world.violated("no process ends by itself", f"a preference raised {error!r}")
                return False
            task.cancel()
        await asyncio.sleep(AGAIN_S)
    return False


def judge_preferred(world: World, request: Request) -> None:
    """Nothing starts to who turned alerts off, but what was being sent; a record that went back forgets it."""
    for user in request.users:
        off_s = world.people.all[user].off_s
        if off_s is None or request.own_s - request.process.resumed_s <= SEND_S:
            continue
        if any(rewind.at_s > off_s for rewind in world.rewinds):
            continue
        if request.started_s > off_s + SEND_S:
            world.violated(PREFERRED, f"{request.notice} to {user} {request.started_s - off_s:.1f} s after")
