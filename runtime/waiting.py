"""What is asked of a store and not answered yet: by that, and by no other connection, its health is judged.

After a failover some connections of a pool are dead and others live: a question on a connection of its own is answered
while the work waits. Bounded by the callers, who give each question a time limit.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Waiting:
    """The questions to one store that wait for an answer, and whether the last one got it.

    `lost`: the errors that say that no answer came; every other one is an answer.
    """

    def __init__(self, lost: tuple[type[BaseException], ...]) -> None:
        self._lost = lost
        self._since_s: dict[int, float] = {}
        self._numbers = count()
        self._is_lost = False

    @contextmanager
    def answer(self) -> Iterator[None]:
        """Count one question for as long as the context lasts."""
        number = next(self._numbers)
        self._since_s[number] = asyncio.get_running_loop().time()
        try:
            yield
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            self._is_lost = isinstance(error, self._lost)
            raise
        else:
            self._is_lost = False
        finally:
            del self._since_s[number]

    def is_answered(self, within_s: float) -> bool:
        """Tell whether the last question was answered, and none has waited for longer than `within_s`."""
        oldest_s = next(iter(self._since_s.values()), None)
        return not self._is_lost and (oldest_s is None or asyncio.get_running_loop().time() - oldest_s <= within_s)
