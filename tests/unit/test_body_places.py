"""Places of bodies: who keeps one, and who loses it to whom."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from handlers.public.serving.sightings.limits.places import Body, Places

WITHIN_S = 30.0


class Sender:
    """Somebody who has a place, and whose body is waited for until it is ended or comes."""

    def __init__(self, places: Places, block: str) -> None:
        self.is_late = False
        self.comes = asyncio.get_running_loop().create_future()
        self.has_place = asyncio.Event()
        self._task = asyncio.create_task(self._send(places, block), name=f"a sender of {block}")

    async def _send(self, places: Places, block: str) -> None:
        try:
            async with places.body(block) as body:
                assert isinstance(body, Body)
                self.has_place.set()
                await body.wait_for(self.comes)
        except TimeoutError:
            self.is_late = True

    async def end(self) -> None:
        """Let it come."""
        if not self.comes.done():
            self.comes.set_result(None)
        await self._task


async def _senders(stack: AsyncExitStack, places: Places, *blocks: str) -> list[Sender]:
    senders = [Sender(places, block) for block in blocks]
    for sender in senders:
        stack.push_async_callback(sender.end)
        await sender.has_place.wait()
    return senders


async def test_a_block_with_most_places_gives_one_up_to_another_block() -> None:
    """Also where each of its senders keeps the pace: one block is not all of the country."""
    places = Places(4, 4, WITHIN_S)
    async with AsyncExitStack() as stack:
        senders = await _senders(stack, places, "town", "town", "town", "village")
        async with places.body("hamlet") as body:
            assert body is not None
            await asyncio.gather(*(one.end() for one in senders))
        assert [one.is_late for one in senders] == [True, False, False, False]


async def test_who_keeps_the_pace_is_not_ended_for_a_block_that_has_as_much() -> None:
    """When all are busy people, the newcomer is told so: else nobody's photo would ever arrive."""
    places = Places(3, 2, WITHIN_S)
    async with AsyncExitStack() as stack:
        senders = await _senders(stack, places, "town", "village", "city")
        for block in ("hamlet", "town"):
            async with places.body(block) as body:
                assert body is None
        await asyncio.gather(*(one.end() for one in senders))
        assert not [one for one in senders if one.is_late]


async def test_a_place_comes_back_when_its_body_is_read() -> None:
    """And after a sender that was ended has gone, too: nothing is lost, however often it goes round."""
    places = Places(2, 2, WITHIN_S)
    async with AsyncExitStack() as stack:
        for _ in range(5):
            senders = await _senders(stack, places, "town", "town")
            async with places.body("village") as body:
                assert body is not None
            await asyncio.gather(*(one.end() for one in senders))


async def test_a_sender_is_late_only_while_its_body_is_waited_for() -> None:
    """What the store takes does not count, and what came counts for it; who lost its place waits no more."""
    deadline = asyncio.timeout(None)
    body = Body("town", deadline, WITHIN_S)
    body.came(64 * 1024)
    assert (body.behind_s, body.is_awaited) == (-2.0, False)

    async def wait() -> None:
        async with deadline:
            body.end()
            await body.wait_for(asyncio.get_running_loop().create_future())

    with pytest.raises(TimeoutError):
        await wait()
