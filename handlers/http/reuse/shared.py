"""Answers that are read anew for whoever asks, once at a time: who asks while one is read shares the next one.

So none is older than its request, and readers cost no more than one who reads on and on. Bounded by who waits.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable

T = TypeVar("T")
K = TypeVar("K", bound="Hashable")


class _Turn(Generic[T]):
    """What is read under one key: the one that is being read holds `reading`, the next one waits for it."""

    def __init__(self) -> None:
        self.reading = asyncio.Lock()
        self.next: asyncio.Task[T] | None = None


class Shared(Generic[K, T]):
    """Answers by key."""

    def __init__(self) -> None:
        self._turns: dict[K, _Turn[T]] = {}

    async def get(self, key: K, make: Callable[[], Awaitable[T]]) -> T:
        """Return an answer that was begun after this call; what `make` raises is raised in all who wait for it.

        `make`: how this key's answer is made, the same for all who ask for it.
        """
        turn = self._turns.setdefault(key, _Turn())
        if turn.next is None:
            turn.next = asyncio.create_task(self._made(turn, make), name="shared answer")
            turn.next.add_done_callback(lambda made: self._end(key, turn, made))
        return await asyncio.shield(turn.next)

    @staticmethod
    async def _made(turn: _Turn[T], make: Callable[[], Awaitable[T]]) -> T:
        async with turn.reading:
            turn.next = None
            return await make()

    def _end(self, key: K, turn: _Turn[T], made: asyncio.Task[T]) -> None:
        if turn.next is None and not turn.reading.locked():
            self._turns.pop(key, None)
        if not made.cancelled():
            # All who wait for it may have left.
            made.exception()
