"""A group of calls that share a head: what is known of each, until all of them have their reply.

Bounded by the caller's batch; a call is sent anew `REPLAYS_MAX` times when it surely was not processed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from push.transport.http2.reply import OK, Reply

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterator, Sequence

    from push.transport.http2.headers import Head

REPLAYS_MAX: Final = 8
"""A provider that keeps refusing streams is no provider: its calls end without an answer."""


class Group:
    """Calls (path and body) that share a head, with their replies; None: not begun."""

    def __init__(
        self,
        head: Head,
        calls: Sequence[tuple[bytes, bytes]],
        may_send: Callable[[], bool],
        stops: Callable[[Reply], bool],
        answered: asyncio.Future[None],
    ) -> None:
        self.head = head
        self.calls = calls
        self.replies: list[Reply | None] = [None] * len(calls)
        self.head_bytes_max = sum(map(_length, head.headers)) + max(len(path) for path, _ in calls)
        self.body_bytes_max = max(1, *(len(body) for _, body in calls))
        self._may_send = may_send
        self._stops = stops
        self.answered = answered
        self._left = len(calls)
        self._next = 0
        self._again: list[int] = []
        self._replays: dict[int, int] = {}
        self._stopped = False

    @property
    def waiting(self) -> int:
        """How many calls are not begun."""
        return 0 if self.answered.done() else len(self.calls) - self._next + len(self._again)

    def apply(self) -> None:
        """Begin nothing more once `may_send` says so; asked right before calls are begun."""
        if not self._stopped and not self._may_send():
            self.stop()

    def begin(self, count: int) -> Iterator[int]:
        """Yield the next `count` calls to be begun, those that were given back first."""
        while self._again and count:
            count -= 1
            yield self._again.pop()
        first, self._next = self._next, min(self._next + count, len(self.calls))
        yield from range(first, self._next)

    def reply(self, row: int, reply: Reply) -> None:
        """Note the reply to a call; one that `stops` everything ends what is not begun."""
        self.replies[row] = reply
        self._left -= 1
        if reply.status != OK and self._stops(reply):
            self.stop()
        self._end_if_over()

    def give_back(self, row: int) -> None:
        """Take back a call that was not processed; one that had its last chance ends without an answer."""
        if self._stopped:
            self._left -= 1
            self._end_if_over()
            return
        self._replays[row] = self._replays.get(row, 0) + 1
        if self._replays[row] > REPLAYS_MAX:
            self.reply(row, Reply(0, error="refused again and again", begun=False))
        else:
            self._again.append(row)

    def fail(self, error: str) -> None:
        """End what is not begun without an answer; what may not be sent has no reply all the same."""
        self.apply()
        for row in [*self.begin(len(self.calls))]:
            self.reply(row, Reply(0, error=error, begun=False))

    def stop(self) -> None:
        """Begin nothing more; what is not begun, or is given back later, has no reply."""
        self._stopped = True
        self._left -= self.waiting
        self._next = len(self.calls)
        self._again.clear()
        self._end_if_over()

    def raise_in_caller(self, error: Exception) -> None:
        """Hand a bug to the caller."""
        if not self.answered.done():
            self.answered.set_exception(error)

    def _end_if_over(self) -> None:
        if not self._left and not self.answered.done():
            self.answered.set_result(None)


def _length(header: tuple[str, str]) -> int:
    return len(header[0]) + len(header[1])
