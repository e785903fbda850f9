"""Remove users who were just forgotten from batches that are about to be sent.

A user may ask to be forgotten between a search and its request. A stream in Redis tells all processes at once. It says
only whom to look up again: anybody may have written it, and the index, which forgot the user before, decides. Members
found longer ago than `TRUSTED_S` are checked against the index again, too. Bounded: `USERS_MAX` users kept for
`KEPT_S`; beyond that, where the stream cannot be read, and where the clock of Redis goes back, every batch is checked
against the index for as long.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypeAlias, cast

import numpy as np
import structlog
from redis.exceptions import ResponseError

from geo.connection import COMMAND_TIMEOUT_S, UNAVAILABLE_ERRORS, asking
from geo.index import keys
from geo.index.checks.denied import denied_of
from geo.index.checks.pipelines import is_wrong_type
from geo.index.checks.unreadable import UnreadableKind, unreadable_of
from geo.index.checks.users import readable_users
from geo.index.loss.clocks import reading_of
from runtime.tasks import raise_if_cancelled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from geo.connection import Client
    from geo.index.loss.clocks import Reading

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
AHEAD_MS: Final = 60_000
"""No entry is newer than the clock of Redis by more: after one that is, no entry could be added or would be read."""

ID_MAX: Final = 2**64 - 1
"""The highest second number of an entry."""

_ENTRY: Final = re.compile(rb"(\d{1,15})-\d{1,19}")

_log = structlog.get_logger("geo.index.forgetting")


class Forgetting:
    """The users forgotten in the last `KEPT_S`, as this process knows them."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._unreadable = unreadable_of(client)
        self._gone: set[bytes] = set()
        self._until: deque[tuple[float, list[bytes]]] = deque()
        self._overflow_until_s = 0.0
        self._read_s = float("-inf")
        self._reading: Reading | None = None

    async def announce(self, users: Sequence[int]) -> None:
        """Tell every process that users were forgotten; this process knows at once."""
        encoded = [b"%d" % user for user in users]
        self._note(encoded)
        for start in range(0, len(encoded), USERS_AN_ENTRY):
            part = b" ".join(encoded[start : start + USERS_AN_ENTRY])
            try:
                await self._add(part)
            except ResponseError as error:
                if not _is_spoiled(error):
                    raise
                await self._begin_anew()
                await self._add(part)

    async def _add(self, users: bytes) -> None:
        async with asking(self._client):
            reading = await reading_of(self._client, keys.FORGETTING)
            oldest = int((reading.there_s - KEPT_S) * 1000)
            await self._client.xadd(keys.FORGETTING, {"users": users}, minid=oldest, approximate=False)
            await self._client.pexpire(keys.FORGETTING, int(KEPT_S * 1000))

    async def _begin_anew(self) -> None:
        """Remove a stream that nobody of us wrote so; what it held is looked up in the index instead."""
        self._unreadable.report(UnreadableKind.STREAM)
        self._look_at_all()
        async with asking(self._client):
            await self._client.unlink(keys.FORGETTING)

    async def run(self) -> None:
        """Read the stream until cancelled; after an interruption continue with the last entry read."""
        last = b""
        while True:
            # A URL may set a socket timeout, with which redis-py hides a cancellation now and then.
            raise_if_cancelled()
            try:
                async with asyncio.timeout(COMMAND_TIMEOUT_S):
                    reading, before = await reading_of(self._client, keys.FORGETTING), self._reading
                    now_ms, self._reading = int(reading.there_s * 1000), reading
                    if last and (reading.is_set_back(before) or await self._is_gone(last, now_ms)):
                        # What is added from now on has a lower id than what was read, and was missed until now.
                        last = b""
                        self._look_at_all()
                    last = last or b"%d-0" % (now_ms - int(KEPT_S * 1000))
                    # The first read does not wait, so that this process knows at once what it missed.
                    block_ms = BLOCK_MS if self._read_s > 0 else None
                    waiting = self._client.xread({keys.FORGETTING: last}, count=ENTRIES_A_READ, block=block_ms)
                    answer = cast("StreamReply", await waiting)
                    self._read_s = asyncio.get_running_loop().time()
                    entries = [entry for _, some in answer or () for entry in some]
                    if not all(_is_entry(entry, now_ms) for entry, _ in entries):
                        last = b""
                        await self._begin_anew()
                        continue
            except (*UNAVAILABLE_ERRORS, ResponseError, TimeoutError) as error:
                # A primary that becomes a replica sends blocked clients an error of its own.
                denied_of(self._client).note(error)
                _log.debug("forgetting.away", error=type(error).__name__)
                with suppress(*UNAVAILABLE_ERRORS, TimeoutError):
                    if _is_spoiled(error):
                        await self._begin_anew()
                await asyncio.sleep(RETRY_S)
                continue
            for entry, fields in entries:
                last = entry
                self._read(fields)

    def _read(self, fields: object) -> None:
        """Note the users of one entry."""
        written = fields.get(b"users", b"") if isinstance(fields, dict) else b""
        users = written.split(maxsplit=USERS_AN_ENTRY) if isinstance(written, bytes) else []
        readable = readable_users(users[:USERS_AN_ENTRY])
        if len(readable) < max(1, len(users)):
            self._unreadable.report(UnreadableKind.STREAM)
        self._note(readable)

    async def _is_gone(self, last: bytes, now_ms: int) -> bool:
        """Tell whether an entry is of a later moment than now, and its stream is not there any more.

        As long as it is, Redis gives what is added a higher id, whatever its clock says.
        """
        moment_ms = int(last.partition(b"-")[0])
        if moment_ms <= now_ms:
            return False
        before = b"%d-%d" % (moment_ms - 1, ID_MAX)
        return not await self._client.xread({keys.FORGETTING: before}, count=1)

    def _look_at_all(self) -> None:
        """Have every batch checked against the index for as long as what was missed matters."""
        self._overflow_until_s = asyncio.get_running_loop().time() + KEPT_S

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
        """Tell for each user whether nobody said that they were forgotten; None when none of them was."""
        if not self.are_among(users):
            return None
        return np.array([user not in self._gone for user in users])

    def are_among(self, users: Sequence[bytes]) -> bool:
        """Tell whether one of these users was said to be forgotten a moment ago."""
        if self._until:
            self._expire(asyncio.get_running_loop().time())
        return bool(self._gone) and not self._gone.isdisjoint(users)


def _is_entry(entry: bytes, now_ms: int) -> bool:
    """Tell whether this is the id of an entry that Redis may have given, by its clock."""
    read = _ENTRY.fullmatch(entry)
    return read is not None and int(read[1]) <= now_ms + AHEAD_MS


def _is_spoiled(error: BaseException) -> bool:
    """Tell whether the key is no stream, or one whose last id is the last that there is."""
    return isinstance(error, ResponseError) and (is_wrong_type(error) or "exhausted" in str(error))
