"""The watch of the index: tells people who are gone from data that is gone, and raises alarms about Redis.

Without Redis no recipient is found, and what is to be sent waits. A Redis that lost its data answers that nobody is
there: the marks of its shards say so. What was searched is opened again then, because people report again one by one.
Each look is made whatever becomes of the others. Bounded: a question every `ASK_S`, each within `ANSWER_S`; all marks
in `SHARDS / LOOK_SHARDS` questions, or at once when a search doubts them.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import numpy as np
import structlog
from redis.exceptions import ResponseError

import sql.epochs
import sql.progress
from geo.connection import UNAVAILABLE_ERRORS, is_lasting, raise_if_not_allowed
from geo.index.loss.clocks import readings
from geo.index.loss.condition import Condition, condition
from geo.index.loss.writes import WRITES
from geo.index.shards import SHARDS
from push.alarm_kinds import AlarmKind
from push.alarms import EVERY_LANE
from push.users.given_back import GivenBack
from runtime.clock import COMPARED_EVERY_S, DIFFERS_S
from runtime.retry import retry_until_available
from runtime.tasks import raise_if_cancelled
from sql.database import UNAVAILABLE_ERRORS as RECORD_UNAVAILABLE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from geo.index.checks.unreadable import UnreadableKind
    from push.alarms import AlarmBoard
    from push.fanout.entrants.late_entrants import LateEntrants
    from push.stores import EngineStores

ASK_S: Final = 1.0
ANSWER_S: Final = 2.0
"""As long as a server waits before it says that it is not ready."""

LOOK_SHARDS: Final = 64
"""They lie on every primary, most likely; each search looks at its own shards anyway."""

SLOW_LOOK_S: Final = 30.0
EMPTIED_STANDS: Final = timedelta(days=1)
"""In a day nearly everybody reports again."""

STORE: Final = "redis"

_log = structlog.get_logger("push.index_watch")


class IndexWatch:
    """Raises and clears the alarms about Redis, and keeps the marks of the index's shards."""

    def __init__(
        self, stores: EngineStores, alarms: AlarmBoard, late: LateEntrants, kept: timedelta, wake: Callable[[], None]
    ) -> None:
        self._index, self._epochs = stores.index, stores.epochs
        self._client, self._pool, self._clock = stores.client, stores.pool, stores.clock
        self._alarms = alarms
        self._late = late
        self._is_away = False
        self._wake = wake
        self._shard_next = 0
        self._given_back = GivenBack(stores, kept)
        self._condition: Condition | None = None
        self._is_doubted = False
        self._gone = 0
        """How many shards have lost their marks, and have got no other ones yet."""

        self._is_evicted = False
        self._condition_s = self._emptied_s = self._compared_s = float("-inf")
        self._index.unreadable.publish = self._say_unreadable

    def _say_unreadable(self, kind: UnreadableKind) -> None:
        """Raise the alarm that Redis holds what nobody of us wrote: one for each kind, until the next start."""
        detail = f"Redis held what no server wrote, and it was not believed: {kind.value}"
        self._alarms.raise_alarm(AlarmKind.UNREADABLE_DATA, EVERY_LANE, None, detail, f"{STORE}: {kind.name.lower()}")

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            if await self._answers():
                self._judge_rights()
                for look in (self._check_writes, self._compare_redis, self.look):
                    with suppress(*UNAVAILABLE_ERRORS, *RECORD_UNAVAILABLE_ERRORS):
                        await look()
            else:
                self._take_doubt()
                self._condition_s = self._emptied_s = float("-inf")
                self._is_away = True
                detail = "Redis does not answer: nobody is found, and reports are not taken, until it does"
                self._alarms.restate(AlarmKind.STORE_AWAY, EVERY_LANE, None, detail, STORE)
            self._judge_refusals()
            raise_if_cancelled()
            with suppress(TimeoutError):
                async with asyncio.timeout(ASK_S):
                    await self._epochs.doubted.wait()

    def _judge_rights(self) -> None:
        """Say what Redis refuses its user; when that is over, or Redis is back, reports are looked for."""
        if (right := self._index.denied.right) is not None:
            self._is_away = True
            detail = (
                f"Redis refuses its user {right}: nobody is found, or reports are not taken, until it has that right"
            )
            self._alarms.restate(AlarmKind.STORE_AWAY, EVERY_LANE, None, detail, STORE)
            return
        self._alarms.clear(AlarmKind.STORE_AWAY, EVERY_LANE, None, STORE)
        if self._is_away:
            # Reports may have been taken whose answer was lost.
            self._late.want_pass()
        self._is_away = False

    async def look_first(self) -> None:
        """Look before anything is searched; while a store is away nothing is, and it is looked at later.

        The record's time is waited for: by it reports are taken in their order.
        """
        await retry_until_available(self._compare_clock, RECORD_UNAVAILABLE_ERRORS, "postgresql")
        try:
            await self.look()
            # Where an operator's Redis does not let us read them, nothing could be sent: that is said at the start.
            await self._index.preferences.of(np.array([1], dtype=np.int64))
        except (*UNAVAILABLE_ERRORS, *RECORD_UNAVAILABLE_ERRORS) as error:
            raise_if_not_allowed(error)
            _log.warning("store.away", store="redis or postgresql", error=type(error).__name__)

    async def _compare_clock(self) -> None:
        asked_s = self._now_s()
        record_s = (await sql.progress.record_time(self._pool)).timestamp()
        took_s = self._now_s() - asked_s
        self._clock.compare(record_s + took_s / 2, took_s / 2)

    async def _compare_redis(self) -> None:
        """Raise an alarm while the clock of a primary is another one than the record's."""
        if self._clock.is_off or self._now_s() - self._compared_s < COMPARED_EVERY_S:
            return
        self._compared_s = self._now_s()
        differs_s = 0.0
        for reading in await readings(self._client):
            # The record's time at the moment of the answer.
            record_s = self._clock.now_ms() / 1000 - (self._now_s() - reading.answered_s)
            uncertain_s = reading.took_s / 2 + self._clock.uncertain_s
            apart_s = abs(reading.there_s + reading.took_s / 2 - record_s) - uncertain_s
            differs_s = max(differs_s, apart_s)
        if differs_s > DIFFERS_S:
            detail = f"that of Redis by {differs_s:.1f} s from PostgreSQL's"
            self._alarms.raise_alarm(AlarmKind.CLOCK_DIFFERS, EVERY_LANE, None, detail, STORE)
        else:
            self._alarms.clear(AlarmKind.CLOCK_DIFFERS, EVERY_LANE, None, STORE)

    async def look(self) -> None:
        """Compare marks with what is known, and ask now and then what else Redis may lack.

        Raises a store's error after all looks were made, first one that asking again does not end.
        """
        errors: list[BaseException] = []
        looks = (
            self._look_at_marks,
            self._look_at_condition,
            self._restore_evicted,
            self._given_back.give_preferences,
            self._given_back.forget_again,
            self._say_emptied,
        )
        for look in looks:
            try:
                await look()
            except (*UNAVAILABLE_ERRORS, *RECORD_UNAVAILABLE_ERRORS) as error:
                raise_if_cancelled()
                errors.append(error)
        if errors:
            raise next(filter(is_lasting, errors), errors[0])

    async def _look_at_marks(self) -> None:
        self._take_doubt()
        if not self._epochs.known:
            self._epochs.known = await sql.epochs.epochs(self._pool)
        if self._is_doubted or not self._epochs.known:
            await self._adopt()
            return
        shards = [(self._shard_next + step) % SHARDS for step in range(LOOK_SHARDS)]
        self._shard_next = (self._shard_next + LOOK_SHARDS) % SHARDS
        there = await self._epochs.read(shards)
        if any(there.get(shard) != self._epochs.known.get(shard) for shard in shards):
            await self._adopt()

    async def _check_writes(self) -> None:
        await self._index.check_writes(ANSWER_S)

    def _judge_refusals(self) -> None:
        """Say what Redis has refused for long, although it answers."""
        old = self._index.refusals.oldest()
        if old is None:
            self._alarms.clear(AlarmKind.INDEX_REFUSED, EVERY_LANE, None, STORE)
            return
        if old.asked == WRITES:
            detail = f"{old.error}: Redis takes no writes, and no position that is reported, until it does"
        else:
            detail = f"{old.error}: Redis refuses what is asked of it, which is tried again"
        self._alarms.raise_alarm(AlarmKind.INDEX_REFUSED, EVERY_LANE, None, detail, STORE)

    async def _answers(self) -> bool:
        """Tell whether Redis answers this question, and those of everybody else."""
        try:
            await self._index.ping(ANSWER_S)
        except ResponseError as error:
            # It answers, and refuses even that.
            self._index.denied.note(error)
            return self._index.denied.right is not None
        except (*UNAVAILABLE_ERRORS, TimeoutError):
            return False
        return self._index.waiting.is_answered(ANSWER_S)

    def _take_doubt(self) -> None:
        """Keep a doubt until all marks are read; taken, so that with a store away the next look comes at its time."""
        self._is_doubted = self._is_doubted or self._epochs.doubted.is_set()
        self._epochs.doubted.clear()

    async def _adopt(self) -> None:
        """Mark what has no mark, and open what was searched in shards that had another one."""
        there = await self._epochs.read(range(SHARDS))
        changed = [shard for shard in range(SHARDS) if there.get(shard) != self._epochs.known.get(shard, b"")]
        gone = sum(shard in self._epochs.known for shard in changed)
        if gone:
            # Said now: a Redis that takes no writes gets no marks.
            self._gone, self._is_doubted = gone, True
            self._raise_emptied(gone)
        # Before a mark says that all is there: nobody may be sent to against what they prefer.
        await self._given_back.preferences.restore(changed)
        there = await self._epochs.mark(range(SHARDS))
        async with self._pool.acquire() as connection, connection.transaction():
            lost = await sql.epochs.adopt(connection, there)
            alerts = await sql.epochs.reopen(connection, lost, self._late.plan.gap) if lost else set()
        self._epochs.known, self._is_doubted, self._gone = there, False, 0
        # Another process may have been the one that found them lost.
        self._emptied_s = float("-inf")
        if lost:
            _log.error("index.emptied", shards=len(lost), alerts=len(alerts))
            self._wake()

    async def _say_emptied(self) -> None:
        """Raise the alarm that people are missing, in every process and after every start, for a day."""
        if self._now_s() - self._emptied_s < SLOW_LOOK_S:
            return
        shards = max(self._gone, await sql.epochs.emptied(self._pool, EMPTIED_STANDS))
        if shards:
            self._raise_emptied(shards)
        else:
            self._alarms.clear(AlarmKind.INDEX_EMPTIED, EVERY_LANE, None, STORE)
        self._emptied_s = self._now_s()

    def _raise_emptied(self, shards: int) -> None:
        detail = f"{shards} of {SHARDS} shards lost their people; who reports again is notified then"
        self._alarms.restate(AlarmKind.INDEX_EMPTIED, EVERY_LANE, None, detail, STORE)

    async def _look_at_condition(self) -> None:
        if self._now_s() - self._condition_s < SLOW_LOOK_S:
            return
        before, found = self._condition, await condition(self._client)
        if found.policy or found.evicted:
            detail = f"maxmemory-policy {found.policy or 'noeviction'}, {found.evicted} keys evicted since its start"
            self._alarms.restate(AlarmKind.INDEX_EVICTS, EVERY_LANE, None, detail, STORE)
        else:
            self._alarms.clear(AlarmKind.INDEX_EVICTS, EVERY_LANE, None, STORE)
        if before is not None and found.evicted > before.evicted:
            self._is_evicted = True
        if before is not None and found.runs != before.runs:
            self._given_back.to_another()
        self._condition, self._condition_s = found, self._now_s()

    async def _restore_evicted(self) -> None:
        if self._is_evicted:
            # Nobody knows which keys they were: some of them were people.
            await self._given_back.preferences.restore()
            await self._reopen(range(SHARDS))
            self._is_evicted = False

    def _now_s(self) -> float:
        return asyncio.get_running_loop().time()

    async def _reopen(self, shards: Sequence[int]) -> None:
        async with self._pool.acquire() as connection, connection.transaction():
            await sql.epochs.reopen(connection, [*shards], self._late.plan.gap)
        self._wake()
