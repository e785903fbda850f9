"""Requests of which nobody knows who sends them take turns while alerts are sent: fairly, at a pace, bounded."""

from __future__ import annotations

import asyncio
from itertools import count, pairwise
from typing import TYPE_CHECKING

import pytest

from handlers.http.serving.turns import AT_ONCE, BODIES_MAX, BURST, UNITS_MAX, WAITING_MAX, Ask, Line, Turns

if TYPE_CHECKING:
    from collections.abc import Callable

NEVER = 1e-6
"""So slow that no turn comes while a test lasts; what is proved are orders and numbers, not times."""


def _ask(peer: str, *, line: Line = Line.STRANGER, units: int = 1, has_body: bool = False) -> Ask:
    return Ask(line, peer, units, has_body)


class _Sending:
    """Whether alerts are being sent; once they are not, all who wait have their turn, in their order."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("handlers.http.serving.turns.ENDING_S", 0.05)
        self.goes_on = True

    def __call__(self) -> bool:
        return self.goes_on


async def _spent(turns: Turns) -> None:
    """Take what may be taken at once, in all lines."""
    for line in Line:
        for number in range(BURST):
            assert await turns.take(_ask(f"spent {number}", line=line))


async def _waiting(turns: Turns, asks: list[Ask], done: list[Ask]) -> list[asyncio.Task[bool]]:
    """Ask in this order; each that had its turn is added to `done`."""

    async def take(ask: Ask) -> bool:
        had_turn = await turns.take(ask)
        if had_turn:
            done.append(ask)
        return had_turn

    tasks = [asyncio.create_task(take(ask)) for ask in asks]
    # Each task runs up to where it waits.
    await asyncio.sleep(0)
    return tasks


async def _end(tasks: list[asyncio.Task[bool]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def test_everybody_is_served_at_once_while_nothing_is_sent() -> None:
    """Ten times the burst, at a pace that would never give them a turn."""
    turns = Turns(lambda: False, NEVER)
    async with asyncio.timeout(10):
        for number in range(10 * BURST):
            assert await turns.take(_ask(f"{number}"))


async def test_beyond_the_burst_requests_wait_and_all_come_through() -> None:
    """What may be taken at once is taken at once; of twenty more some wait, and have their turns at the pace."""
    turns = Turns(lambda: True)
    done: list[Ask] = []
    tasks = await _waiting(turns, [_ask(f"{number}") for number in range(BURST + 20)], done)
    assert BURST <= len(done) < BURST + 20
    assert all(await asyncio.gather(*tasks))


async def test_a_turn_costs_as_much_as_there_is_to_read() -> None:
    """As many bodies as fit into the burst have their turn at once, and not one for each unit of it."""
    turns = Turns(lambda: True, NEVER)
    done: list[Ask] = []
    asks = [_ask(f"{number}", units=UNITS_MAX, has_body=True) for number in range(BURST)]
    tasks = await _waiting(turns, asks, done)
    assert len(done) == -(-BURST // UNITS_MAX)
    await _end(tasks)


async def test_a_peer_that_asks_often_keeps_no_other_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """One asks fifty times, another once after it: the other is the second to have a turn."""
    sending = _Sending(monkeypatch)
    turns = Turns(sending, NEVER)
    await _spent(turns)
    done: list[Ask] = []
    tasks = await _waiting(turns, [_ask("loud")] * 50 + [_ask("quiet")], done)
    assert not done
    sending.goes_on = False
    await asyncio.gather(*tasks)
    assert [ask.peer for ask in done].index("quiet") == 1


async def test_strangers_keep_no_one_waiting_who_claims_to_be_somebody() -> None:
    """The line of strangers is full, and served no more: the other line has its burst and its places."""
    turns = Turns(lambda: True, NEVER)
    for number in range(BURST):
        assert await turns.take(_ask(f"spent {number}"))
    strangers = await _waiting(turns, [_ask(f"{number}") for number in range(WAITING_MAX)], [])
    assert not await turns.take(_ask("one more"))
    async with asyncio.timeout(10):
        for number in range(BURST):
            assert await turns.take(_ask(f"{number}", line=Line.CLAIM))
    await _end(strangers)


@pytest.mark.parametrize(("has_body", "places"), [(False, WAITING_MAX), (True, BODIES_MAX)])
async def test_a_few_peers_that_take_all_places_keep_no_other_out(*, has_body: bool, places: int) -> None:
    """Four peers take all places of a kind: a fifth has one at once, of the newest of theirs, and they get no more."""
    turns = Turns(lambda: True, NEVER)
    await _spent(turns)
    loud = [_ask(f"loud {number % 4}", has_body=has_body) for number in range(places)]
    tasks = await _waiting(turns, loud, [])
    assert turns.refused == 0
    tasks += await _waiting(turns, [_ask("quiet", has_body=has_body)], [])
    assert not await tasks[places - 4], "the newest of the first loud peer had its place"
    assert not await turns.take(_ask("loud 1", has_body=has_body))
    assert turns.refused == 2
    assert not tasks[-1].done()
    await _end(tasks[:-5] + tasks[-1:])


async def test_where_nobody_knows_the_addresses_one_proxy_may_have_all_places() -> None:
    """Behind a proxy all requests have one address: each place is to be had, and no more of them."""
    turns = Turns(lambda: True, NEVER)
    await _spent(turns)
    tasks = await _waiting(turns, [_ask("")] * WAITING_MAX, [])
    assert turns.refused == 0
    assert not await turns.take(_ask(""))
    await _end(tasks)


async def test_who_leaves_has_no_place_and_costs_no_turn() -> None:
    """A hundred times as many as there are places come and leave: none is refused, and the one who stays is served."""
    turns = Turns(lambda: True)
    await _spent(turns)
    leaving = count()
    for _ in range(100):
        leave: list[Callable[[], None]] = []
        tasks = [
            asyncio.create_task(turns.take(_ask(f"{next(leaving)}", has_body=True), leave.append))
            for _ in range(BODIES_MAX)
        ]
        await asyncio.sleep(0)
        for one in leave:
            one()
        assert not any(await asyncio.gather(*tasks[-BODIES_MAX // 2 :]))
        await asyncio.wait(tasks)
    async with asyncio.timeout(60):
        assert await turns.take(_ask("there", has_body=True))


async def test_nothing_is_kept_of_who_waited_in_vain(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line that is never served, and whose requests run out of time: its places are free, and nobody stands in it."""
    monkeypatch.setattr("handlers.http.serving.turns.WAIT_S", 0.01)
    turns = Turns(lambda: True, NEVER)
    await _spent(turns)
    for _ in range(3):
        tasks = await _waiting(turns, [_ask(f"{number}") for number in range(WAITING_MAX)], [])
        assert not any(await asyncio.gather(*tasks))
    assert turns.refused == 3 * WAITING_MAX
    assert not turns.waiting


async def test_once_nothing_is_sent_all_who_wait_are_served_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their pace would take them a year each; the send ends, and they come through with other work between them."""
    sending = _Sending(monkeypatch)
    turns = Turns(sending, NEVER)
    await _spent(turns)
    done: list[Ask] = []
    tasks = await _waiting(turns, [_ask(f"{number}") for number in range(1000)], done)
    assert not done
    sending.goes_on = False
    steps = [0]
    async with asyncio.timeout(60):
        while len(done) < len(tasks):
            await asyncio.sleep(0)
            steps.append(len(done))
    assert max(after - before for before, after in pairwise(steps)) <= AT_ONCE
    assert all(await asyncio.gather(*tasks))
