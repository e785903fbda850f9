"""Serves the requests of strangers at a pace while alerts are being sent, so that no flood of them slows a send.

A turn costs by what is to be read. Who waits is served fairly: peer after peer, first those that have proved who they
are before. A stranger who waits for an answer asks less often, so a flood slows itself down. While nothing is sent,
everybody is served at once.

Bounded: `PER_S` units a second, `BURST` at once; `WAITING_MAX` requests wait, `BODIES_MAX` of them with a body, and
`PEER_SHARE` of either of one peer, each for `WAIT_S` at most.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

PER_S: Final = 100
"""A request of one unit costs the loop about 0.5 ms: strangers have a twentieth of it."""

BURST: Final = 200
"""What a few browsers ask for when they open the console for the first time."""

UNIT_BYTES: Final = 8 * 1024
UNITS_MAX: Final = 6
"""Of a body as large as an unsigned document may be; of a larger one no more is read before it is refused."""

WAITING_MAX: Final = 2000
"""All feeds of a control room that come back at once after a restart, twice."""

BODIES_MAX: Final = 256
"""Each may have 128 KiB in memory before it is asked for: 32 MiB."""

PEER_SHARE: Final = 0.25
WAIT_S: Final = 20.0
"""As long as `WAITING_MAX` requests of one unit take."""


class Ask(NamedTuple):
    """What asks for a turn: of which peer (empty: nobody knows), whether it goes first, how much it costs.

    `is_gone` tells whether the one who asked has left by now.
    """

    peer: str
    is_first: bool
    units: int
    has_body: bool
    is_gone: Callable[[], bool] = lambda: False


class _Queue:
    """Who waits: peer after peer, one of each in turn."""

    def __init__(self) -> None:
        self._peers: dict[str, deque[tuple[Ask, asyncio.Future[bool]]]] = {}

    def __bool__(self) -> bool:
        return bool(self._peers)

    def add(self, ask: Ask, turn: asyncio.Future[bool]) -> None:
        self._peers.setdefault(ask.peer, deque()).append((ask, turn))

    def pop(self) -> tuple[Ask, asyncio.Future[bool]]:
        """Return the next one; its peer goes to the end."""
        peer = next(iter(self._peers))
        waiting = self._peers.pop(peer)
        first = waiting.popleft()
        if waiting:
            self._peers[peer] = waiting
        return first


class Turns:
    """Gives requests of strangers their turns; `is_sending`: whether anything is being sent now."""

    def __init__(self, is_sending: Callable[[], bool], per_s: float = PER_S) -> None:
        self._is_sending = is_sending
        self._unit_s = 1 / per_s
        self._paid_until_s = 0.0
        self._queues = (_Queue(), _Queue())
        self._waiting = _Places(WAITING_MAX)
        self._bodies = _Places(BODIES_MAX)
        self._next: asyncio.TimerHandle | None = None
        self.refused = 0

    async def take(self, ask: Ask) -> bool:
        """Wait for a turn; False: too many wait, it did not come in time, or who asked is gone."""
        if self._next is None and (not self._is_sending() or self._pay(ask.units)):
            return True
        places = [self._waiting, self._bodies] if ask.has_body else [self._waiting]
        if not all(one.has_room(ask.peer) for one in places):
            self.refused += 1
            return False
        turn: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._queues[0 if ask.is_first else 1].add(ask, turn)
        for one in places:
            one.enter(ask.peer)
        self._give_later()
        try:
            async with asyncio.timeout(WAIT_S):
                return await turn
        except TimeoutError:
            self.refused += 1
            return False
        finally:
            for one in places:
                one.leave(ask.peer)

    def _pay(self, units: int) -> bool:
        """Pay for a turn; False: there is none yet. More than what is left may be taken, and is paid back later."""
        now_s = asyncio.get_running_loop().time()
        if self._paid_until_s - now_s > (BURST - 1) * self._unit_s:
            return False
        self._paid_until_s = max(now_s, self._paid_until_s) + units * self._unit_s
        return True

    def _give_later(self) -> None:
        if self._next is None:
            loop = asyncio.get_running_loop()
            at_s = self._paid_until_s - (BURST - 1) * self._unit_s
            self._next = loop.call_at(min(max(at_s, loop.time()), loop.time() + 1.0), self._give)

    def _give(self) -> None:
        """Give a turn to each that may have one, until somebody has to wait again."""
        self._next = None
        for queue in self._queues:
            while queue:
                if self._is_sending() and not self._pay(0):
                    self._give_later()
                    return
                ask, turn = queue.pop()
                if turn.done():
                    continue
                is_there = not ask.is_gone()
                if is_there:
                    self._pay(ask.units)
                turn.set_result(is_there)


class _Places:
    """How many wait, in all and of each peer."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._taken = 0
        self._peers: dict[str, int] = {}

    def has_room(self, peer: str) -> bool:
        """Tell whether one more of a peer may wait; without a name it may be anybody's."""
        is_alone = bool(peer) and self._peers.get(peer, 0) >= self._places * PEER_SHARE
        return self._taken < self._places and not is_alone

    def enter(self, peer: str) -> None:
        """Take a place."""
        self._taken += 1
        self._peers[peer] = self._peers.get(peer, 0) + 1

    def leave(self, peer: str) -> None:
        """Give it back."""
        self._taken -= 1
        self._peers[peer] -= 1
        if not self._peers[peer]:
            del self._peers[peer]
