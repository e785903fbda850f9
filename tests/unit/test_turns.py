"""Strangers take turns while alerts are being sent: fairly, at a pace, and in bounded numbers."""

from __future__ import annotations

import asyncio
from itertools import count

from handlers.http.serving.turns import BODIES_MAX, BURST, PEER_SHARE, UNITS_MAX, WAITING_MAX, Ask, Turns

PER_S = 20.0
"""A turn comes soon, but not while a test asks for the next."""

NEVER_PER_S = 0.001


def _ask(peer: str, *, is_first: bool = False, units: int = 1, has_body: bool = False) -> Ask:
    return Ask(peer, is_first=is_first, units=units, has_body=has_body)


async def _spent(turns: Turns) -> None:
    """Take what may be taken at once."""
    for number in range(BURST):
        assert await turns.take(_ask(f"spent {number}"))


async def _waiting(turns: Turns, asks: list[Ask], done: list[Ask]) -> list[asyncio.Task[bool]]:
    """Ask in this order; each that had its turn is added to `done`."""

    async def take(ask: Ask) -> bool:
        had_turn = await turns.take(ask)
        done.append(ask)
        return had_turn

    tasks = [asyncio.create_task(take(ask)) for ask in asks]
    # Each task runs up to where it waits.
    await asyncio.sleep(0)
    return tasks


class _Sending:
    """Whether alerts are being sent; once they are not, all who wait have their turn, in their order."""

    def __init__(self) -> None:
        self.goes_on = True

    def __call__(self) -> bool:
        return self.goes_on


async def _end(tasks: list[asyncio.Task[bool]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def test_everybody_is_served_at_once_while_nothing_is_sent() -> None:
    """Ten times the burst, at a pace that would never give them a turn."""
    turns = Turns(lambda: False, NEVER_PER_S)
    async with asyncio.timeout(10):
        for number in range(10 * BURST):
            assert await turns.take(_ask(f"{number}"))


async def test_beyond_the_burst_strangers_wait_and_all_come_through() -> None:
    """What may be taken at once is taken at once; of twenty more some wait, and have their turns at the pace."""
    turns = Turns(lambda: True, PER_S)
    done: list[Ask] = []
    tasks = await _waiting(turns, [_ask(f"{number}") for number in range(BURST + 20)], done)
    assert BURST <= len(done) < BURST + 20
    assert all(await asyncio.gather(*tasks))


async def test_a_turn_costs_as_much_as_there_is_to_read() -> None:
    """As many bodies as fit into the burst have their turn at once, and not one for each unit of it."""
    turns = Turns(lambda: True, NEVER_PER_S)
    done: list[Ask] = []
    asks = [_ask(f"{number}", units=UNITS_MAX, has_body=True) for number in range(BURST)]
    tasks = await _waiting(turns, asks, done)
    await asyncio.sleep(0)
    assert len(done) == -(-BURST // UNITS_MAX)
    await _end(tasks)


async def test_a_peer_that_asks_often_keeps_no_other_waiting() -> None:
    """One asks fifty times, another once after it: the other is the second to have a turn."""
    sending = _Sending()
    turns = Turns(sending, NEVER_PER_S)
    await _spent(turns)
    done: list[Ask] = []
    tasks = await _waiting(turns, [_ask("loud")] * 50 + [_ask("quiet")], done)
    assert not done
    sending.goes_on = False
    await asyncio.gather(*tasks)
    assert [ask.peer for ask in done].index("quiet") == 1


async def test_who_has_proved_who_they_are_goes_before_all_strangers() -> None:
    """A hundred strangers wait; an address where something verified before comes last and goes first."""
    sending = _Sending()
    turns = Turns(sending, NEVER_PER_S)
    await _spent(turns)
    done: list[Ask] = []
    asks = [_ask(f"stranger {number}") for number in range(100)]
    tasks = await _waiting(turns, [*asks, _ask("police", is_first=True)], done)
    assert not done
    sending.goes_on = False
    await asyncio.gather(*tasks)
    assert done[0].peer == "police"


async def test_one_peer_has_a_part_of_the_places_alone_and_what_finds_none_is_refused_at_once() -> None:
    """Of one peer a part may wait, of all together as many as there are places: counted for both kinds of places."""
    for has_body, places in ((False, WAITING_MAX), (True, BODIES_MAX)):
        turns = Turns(lambda: True, NEVER_PER_S)
        await _spent(turns)
        a_peer = int(places * PEER_SHARE)
        done: list[Ask] = []
        tasks = await _waiting(turns, [_ask("loud", has_body=has_body)] * a_peer, done)
        assert not await turns.take(_ask("loud", has_body=has_body))
        others = (_ask(f"{number}", has_body=has_body) for number in count())
        tasks += await _waiting(turns, [next(others) for _ in range(places - a_peer)], done)
        assert not done
        assert not await turns.take(next(others))
        assert turns.refused == 2
        await _end(tasks)
        # Who gave up has no place any more.
        tasks = await _waiting(turns, [_ask("loud", has_body=has_body)], done)
        assert len(tasks) == 1
        assert turns.refused == 2
        await _end(tasks)


async def test_where_nobody_knows_the_addresses_one_proxy_may_have_all_places() -> None:
    """Behind a proxy all requests have one address: no part of the places is kept from it."""
    turns = Turns(lambda: True, NEVER_PER_S)
    await _spent(turns)
    done: list[Ask] = []
    tasks = await _waiting(turns, [_ask("")] * WAITING_MAX, done)
    assert not done
    assert turns.refused == 0
    await _end(tasks)


async def test_who_has_left_costs_no_turn() -> None:
    """Of many that wait all but the last have left: the last has the turn that the first would have had."""
    turns = Turns(lambda: True, PER_S)
    await _spent(turns)
    done: list[Ask] = []
    gone = [_ask(f"gone {number}")._replace(is_gone=lambda: True) for number in range(500)]
    tasks = await _waiting(turns, [*gone, _ask("there")], done)
    assert [await task for task in tasks] == [False] * len(gone) + [True]
    assert turns.refused == 0


async def test_once_nothing_is_sent_any_more_all_who_wait_are_served() -> None:
    """Their pace would take them an hour each; the send ends, and they come through."""
    sending = _Sending()
    turns = Turns(sending, NEVER_PER_S)
    await _spent(turns)
    done: list[Ask] = []
    tasks = await _waiting(turns, [_ask(f"{number}") for number in range(100)], done)
    assert not done
    sending.goes_on = False
    async with asyncio.timeout(30):
        assert all(await asyncio.gather(*tasks))
