"""Serves requests of which nobody knows yet who sends them at a pace, while alerts are being sent.

So no flood of them slows a send. Who only claims to be somebody and who does not are two lines, who reads what is
published another, and documents that are read as drafts two more, each with a pace and places of its own: none keeps
out another. Within a line peers have turns
one after the other, and where all places are taken, another peer takes the newest one of the peer that has most.
While nothing is sent, nobody waits.

Bounded: the pace of each `Line`, `BURST` units at once; `WAITING_MAX` requests wait in it, `BODIES_MAX` of them with a
body, each for `WAIT_S` at most; `AT_ONCE` turns are given before anything else of the loop has its own.
"""

from __future__ import annotations

import asyncio
import enum
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

BURST: Final = 200
"""What a few browsers ask for when they open the console for the first time."""

UNIT_BYTES: Final = 8 * 1024
UNITS_MAX: Final = 6
"""Of a body as large as an unsigned document may be; of a larger one no more is read before it is refused."""

WAITING_MAX: Final = 2000
"""All feeds of a control room that come back at once after a restart, twice."""

BODIES_MAX: Final = 256
"""Each may have 128 KiB in memory before it is asked for: 32 MiB."""

WAIT_S: Final = 20.0
"""As long as `WAITING_MAX` requests of one unit take in the fastest line; in the others the last ones are refused."""

AT_ONCE: Final = 16
ENDING_S: Final = 2.0
"""So long after the last unit alerts still count as being sent: between two units nothing is held for a moment."""


class Line(enum.Enum):
    """Where a request waits; the value is how many units a second are served: one costs the loop 0.5 to 1 ms."""

    CLAIM = 100.0
    """It has a token, a cookie or a signature that nobody has looked at, or comes from where something verified."""

    STRANGER = 40.0
    """It claims nothing."""

    READER = 25.0
    """It reads what is published, whoever sends it: partners put a cache in front of that."""

    KNOWN_DRAFT = 30.0
    """A document whose signature is worth nothing, from where something verified: it costs much."""

    DRAFT = 20.0
    """The same from elsewhere: one in three seconds."""


class Ask(NamedTuple):
    """What asks for a turn: in which line, of which peer (empty: nobody knows), and how many units it costs."""

    line: Line
    peer: str
    units: int
    has_body: bool


class Turns:
    """Gives requests their turns; `is_sending`: whether anything is being sent now."""

    def __init__(self, is_sending: Callable[[], bool], pace: float = 1.0) -> None:
        """`pace`: so many times as fast as the lines say."""
        self._is_sending = is_sending
        self._sent_until_s = 0.0
        self._lines = {line: _Line(line.value * pace, self._sends) for line in Line}
        self.refused = 0

    async def take(self, ask: Ask, watch: Callable[[Callable[[], None]], None] = lambda _: None) -> bool:
        """Wait for a turn; False: too many wait, it did not come in time, or who asked has left.

        `watch` gets what is to be called when who asked leaves.
        """
        line = self._lines[ask.line]
        if line.is_free(ask.units):
            return True
        waiting = line.enter(ask)
        if waiting is None:
            self.refused += 1
            return False
        watch(waiting.give_up)
        had_turn = False
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(WAIT_S):
                    had_turn = await waiting.turn
        finally:
            line.leave(waiting)
        self.refused += not had_turn
        return had_turn

    @property
    def waiting(self) -> int:
        """How many wait, in all lines."""
        return sum(line.waiting for line in self._lines.values())

    def _sends(self) -> bool:
        now_s = asyncio.get_running_loop().time()
        if self._is_sending():
            self._sent_until_s = now_s + ENDING_S
        return now_s < self._sent_until_s


class _Waiting:
    """One that waits."""

    __slots__ = ("ask", "turn")

    def __init__(self, ask: Ask) -> None:
        self.ask = ask
        self.turn: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def give_up(self) -> None:
        """Wait no more."""
        if not self.turn.done():
            self.turn.set_result(False)


class _Line:
    """A line: who waits in it, peer after peer, and until when what was served is paid for."""

    def __init__(self, per_s: float, sends: Callable[[], bool]) -> None:
        self._unit_s = 1 / per_s
        self._sends = sends
        self._paid_until_s = 0.0
        self._peers: dict[str, dict[_Waiting, None]] = {}
        self.waiting = 0
        self._bodies = 0
        self._next: asyncio.Handle | None = None

    def is_free(self, units: int) -> bool:
        """Tell whether nobody has to wait now; then so many units are paid for."""
        if self.waiting or (self._sends() and not self._has_turn()):
            return False
        if self._sends():
            self._pay(units)
        return True

    def enter(self, ask: Ask) -> _Waiting | None:
        """Wait in the line; None: it is full, and no other peer has more places in it."""
        if ask.has_body and self._bodies >= BODIES_MAX and not self._evict(ask.peer, bodies=True):
            return None
        if self.waiting >= WAITING_MAX and not self._evict(ask.peer, bodies=False):
            return None
        waiting = _Waiting(ask)
        self._peers.setdefault(ask.peer, {})[waiting] = None
        self.waiting += 1
        self._bodies += ask.has_body
        self._give_later()
        return waiting

    def leave(self, waiting: _Waiting) -> None:
        """Leave the line; again: nothing."""
        of_peer = self._peers.get(waiting.ask.peer, {})
        if waiting not in of_peer:
            return
        del of_peer[waiting]
        self.waiting -= 1
        self._bodies -= waiting.ask.has_body
        if not of_peer:
            del self._peers[waiting.ask.peer]

    def _evict(self, peer: str, *, bodies: bool) -> bool:
        """Take the newest place of the peer that has most; False: `peer` itself has as many."""
        if self.waiting == len(self._peers):
            return False

        def places(one: str) -> int:
            return sum(waiting.ask.has_body for waiting in self._peers[one]) if bodies else len(self._peers[one])

        most = max(self._peers, key=places)
        own = places(peer) if peer in self._peers else 0
        if places(most) - own <= 1:
            return False
        newest = next(one for one in reversed(self._peers[most]) if one.ask.has_body or not bodies)
        self.leave(newest)
        newest.give_up()
        return True

    def _has_turn(self) -> bool:
        return self._paid_until_s - asyncio.get_running_loop().time() <= (BURST - 1) * self._unit_s

    def _pay(self, units: int) -> None:
        """Pay for a turn; more than what is left may be taken, and is paid back later."""
        self._paid_until_s = max(asyncio.get_running_loop().time(), self._paid_until_s) + units * self._unit_s

    def _give_later(self) -> None:
        if self._next is None and self.waiting:
            loop = asyncio.get_running_loop()
            wait_s = self._paid_until_s - (BURST - 1) * self._unit_s - loop.time() if self._sends() else 0.0
            self._next = loop.call_later(min(max(wait_s, 0.0), ENDING_S / 2), self._give)

    def _give(self) -> None:
        """Give a turn to each that may have one; each peer goes to the end of the line."""
        self._next = None
        for _ in range(AT_ONCE):
            if not self.waiting or (self._sends() and not self._has_turn()):
                break
            peer = next(iter(self._peers))
            of_peer = self._peers[peer]
            waiting = next(iter(of_peer))
            self.leave(waiting)
            if of_peer:
                del self._peers[peer]
                self._peers[peer] = of_peer
            if not waiting.turn.done():
                self._pay(waiting.ask.units if self._sends() else 0)
                waiting.turn.set_result(True)
        self._give_later()
