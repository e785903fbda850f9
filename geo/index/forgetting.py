"""Remove users who were just forgotten from batches that are about to be sent.

A user may ask to be forgotten between a search and its request. A stream in Redis tells all processes at once. Members
found longer ago than `TRUSTED_S` are checked against the index again. Bounded: `USERS_MAX` users kept for `KEPT_S`;
beyond that, every batch is checked against the index for as long.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final, TypeAlias, cast

import numpy as np
import structlog
from redis.exceptions import ResponseError

from geo.connection import COMMAND_TIMEOUT_S, UNAVAILABLE_ERRORS, asking
from geo.index import keys
from runtime.tasks import raise_if_cancelled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from geo.connection import Client

    StreamReply: TypeAlias = list[tuple[bytes, list[tuple[bytes, dict[bytes, bytes]]]]] | None

TRUSTED_S: Final = 30.0
KEPT_S: Final = 2 * TRUSTED_S
USERS_MAX: Final = 1_000_000
USERS_AN_ENTRY: Final = 1000
ENTRIES_A_READ: Final = 100
BLOCK_MS: Final = 2000
STALE_S: Final = 2 * BLOCK_MS / 1000
"""After so long without a reply, this process may have missed forgotten users whom other processes know of."""

RETRY_S: Final = 0.5

_log = structlog.get_logger("geo.index.forgetting")


class Forgetting:
    """The users forgotten in the last `KEPT_S`, as this process knows them."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._gone: set[bytes] = set()
        self._until: deque[tuple[float, list[bytes]]] = deque()
        self._overflow_until_s = 0.0
        self._read_s = float("-inf")

    async def announce(self, users: Sequence[int]) -> None:
        """Tell every process that users were forgotten; this process knows at once."""
        encoded = [b"%d" % user for user in users]
        self._note(encoded)
        for start in range(0, len(encoded), USERS_AN_ENTRY):
            part = b" ".join(encoded[start : start + USERS_AN_ENTRY])
            async with asking(self._client):
                oldest = await self._time_ms() - int(KEPT_S * 1000)
                await self._client.xadd(keys.FORGETTING, {"users": part}, minid=oldest, approximate=False)
                await self._client.pexpire(keys.FORGETTING, int(KEPT_S * 1000))

    async def run(self) -> None:
        """Read the stream until cancelled; after an interruption continue with the last entry read."""
        last = b""
        while True:
            # A URL may set a socket timeout, with which redis-py hides a cancellation now and then.
            raise_if_cancelled()
            try:
                async with asyncio.timeout(COMMAND_TIMEOUT_S):
                    last = last or b"%d-0" % (await self._time_ms() - int(KEPT_S * 1000))
                    # The first read does not wait, so that this process knows at once what it missed.
                    block_ms = BLOCK_MS if self._read_s > 0 else None
                    waiting = self._client.xread({keys.FORGETTING: last}, count=ENTRIES_A_READ, block=block_ms)
                    answer = cast("StreamReply", await waiting)
                self._read_s = asyncio.get_running_loop().time()
            except (*UNAVAILABLE_ERRORS, ResponseError, TimeoutError) as error:
                # A primary that becomes a replica sends blocked clients an error of its own.
                _log.debug("forgetting.away", error=type(error).__name__)
                await asyncio.sleep(RETRY_S)
                continue
            for _, entries in answer or ():
                for entry, fields in entries:
                    last = entry
                    self._note(fields[b"users"].split())

    async def _time_ms(self) -> int:
        """Return the time by the clock of Redis, which gives the entries of the stream their ids."""
        seconds, microseconds = await self._client.time()
        return int(seconds) * 1000 + int(microseconds) // 1000

    def _note(self, users: list[bytes]) -> None:
        now_s = asyncio.get_running_loop().time()
        self._expire(now_s)
        if len(self._gone) + len(users) > USERS_MAX:
            self._overflow_until_s = now_s + KEPT_S
            return
        self._gone.update(users)
        self._until.append((now_s + KEPT_S, users))

    def _expire(self, now_s: float) -> None:
        while self._until and self._until[0][0] <= now_s:
            self._gone.difference_update(self._until.popleft()[1])

    def must_look(self, found_s: float) -> bool:
        """Tell whether members found at `found_s` (the loop's clock) must be checked against the index again."""
        now_s = asyncio.get_running_loop().time()
        is_stale = now_s - self._read_s > STALE_S
        return is_stale or now_s - found_s > TRUSTED_S or now_s < self._overflow_until_s

    def remaining(self, users: Sequence[bytes]) -> NDArray[np.bool_] | None:
        """Tell for each user whether they may still be sent to; None when none of them was forgotten."""
        if self._until:
            self._expire(asyncio.get_running_loop().time())
        if not self._gone or self._gone.isdisjoint(users):
            return None
        return np.array([user not in self._gone for user in users])
