"""The record's guard: pauses every live alert, and holds notices of an end, when the record has gone back in time.

A record that is restored from a backup, or that lost its last commits in a failover, knows nothing of a cancel that was
told to everybody, and would send the alert again. Redis remembers the newest event of the audit trail; a record without
that event sends nothing until a person resumes each alert. That it lost the event is noted in the record, so that what
a person decides then stands, whoever still remembers the event. What Redis remembers is believed only with a message
authentication code of ours, so that nobody who writes to Redis stops alerts. Bounded: a look every `LOOK_S`, and after
each thing that is done to an alert.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple, cast

import structlog
from redis.exceptions import ResponseError

import sql.audit
import sql.held_notices
import sql.lifecycle
import sql.progress
from geo import connection
from geo.connection import UNAVAILABLE_ERRORS, asking, is_lasting, refusal_name
from geo.index.checks.pipelines import is_wrong_type
from geo.index.checks.unreadable import UnreadableKind, unreadable_of
from push.alarm_kinds import AlarmKind
from push.alarms import EVERY_LANE
from push.alerts.actions.actor import SYSTEM
from push.alerts.actions.transaction import Order
from push.alerts.lifecycle import State
from runtime.retry import retry_until_available
from sql.database import UNAVAILABLE_ERRORS as RECORD_UNAVAILABLE_ERRORS

if TYPE_CHECKING:
    from uuid import UUID

    from geo.connection import Client
    from push.alarms import AlarmBoard
    from push.alerts.actions.decisions import Actions
    from push.fanout.claims.claims import Claims
    from runtime.authentication_codes import AuthenticationCodes
    from sql.audit import Position
    from sql.database import Pool

LOOK_S: Final = 1.0
KEY: Final = "record:position"
LABEL: Final = "qq-alert record position"
"""For what the codes are; with another label they are others."""

_SIGNED: Final = re.compile(rb"(\d{1,19}):([0-9a-f]{64}):([0-9a-f]{64})")
OLD: Final = timedelta(minutes=5)
"""Where Redis has no position, a record whose newest event is older than this may be a backup: nobody can tell."""

REASON: Final = "the record is older than it was: see the alarm record_rewound"
BEFORE: Final = "the record went back, and nobody decided yet"
HELD: Final = "the notice of its end is held until somebody resumes it, says it again, or reopens it"
_RUNNING: Final = frozenset({State.SENDING, State.SENT})
_HELD_BACK: Final = frozenset({State.PAUSED, State.IN_REVIEW})

_log = structlog.get_logger("push.alerts.watch.record_guard")


class _Remembered(NamedTuple):
    """The newest event as Redis remembers it, None for none; whether nothing is there, as in one that lost it."""

    seq: int | None
    digest: str
    is_missing: bool


_NOTHING: Final = _Remembered(None, "", is_missing=False)


class RecordGuard:
    """Compares the record with what Redis remembers of it.

    `anchored`: number and digest of the newest event that a file outside of both stores has; it is compared once, with
    the first look.
    """

    def __init__(
        self,
        pool: Pool,
        client: Client,
        actions: Actions,
        alarms: AlarmBoard,
        claims: Claims,
        codes: AuthenticationCodes,
        anchored: tuple[int, str] | None = None,
    ) -> None:
        self._codes = codes
        self._anchored = anchored
        self._pool = pool
        self._client = client
        self._actions = actions
        self._alarms = alarms
        self._claims = claims
        claims.on_rewound = self.wake
        self._known: Position | None = None
        self._noted = 0
        """How many events were noted as lost right after `_known` was read first."""

        self._read = _NOTHING
        self._held_back: set[UUID] = set()
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await retry_until_available(self._look_or_say, (*RECORD_UNAVAILABLE_ERRORS, *UNAVAILABLE_ERRORS), "a store")
            self._changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._changed.wait()

    async def _look_or_say(self) -> None:
        """Look, and say that nobody looks while a right is missing for that: it is asked for again, and again."""
        try:
            await self.look()
        except UNAVAILABLE_ERRORS as error:
            if is_lasting(error):
                detail = f"{refusal_name(error)}: Redis does not say how far the record was, or does not remember it"
                self._alarms.raise_alarm(AlarmKind.INDEX_REFUSED, EVERY_LANE, None, detail, KEY)
            raise
        self._alarms.clear(AlarmKind.INDEX_REFUSED, EVERY_LANE, None, KEY)

    def wake(self) -> None:
        """Look now: something was done that the record must not forget."""
        self._changed.set()

    async def look_first(self) -> None:
        """Look before anything is sent; while Redis is away nothing is claimed, and it is looked at later.

        One of `sql.database.UNAVAILABLE_ERRORS` when PostgreSQL is away: nothing may be sent before it was looked at.
        """
        try:
            self._read = await self._remembered()
        except (*UNAVAILABLE_ERRORS, TimeoutError) as error:
            connection.raise_if_not_allowed(error)
            _log.warning("store.away", store="redis", error=type(error).__name__)
            self._claims.compared.clear()
            return
        newest = await self._pause_if_rewound(self._read)
        with suppress(*UNAVAILABLE_ERRORS, TimeoutError):
            await self._remember(newest, self._read)

    async def look(self) -> None:
        """Pause what is live when the record has gone back; else let Redis remember how far it is."""
        # Redis first: another process may append and publish an event between the two, and it is in the record by then.
        try:
            self._read = await self._remembered()
        except (*UNAVAILABLE_ERRORS, TimeoutError) as error:
            connection.raise_if_mistake(error)
            if self._known is not None:
                # What this process knows by itself needs no answer of Redis.
                await self._pause_if_rewound(self._read)
            raise
        newest = await self._pause_if_rewound(self._read)
        await self._remember(newest, self._read)
        await self._clear_decided()

    async def _remembered(self) -> _Remembered:
        """Return what Redis remembers; a position without our code is none, and is overwritten."""
        try:
            async with asking(self._client):
                signed, seq = cast("list[bytes | None]", await self._client.hmget(KEY, ["signed", "seq"]))
        except ResponseError as error:
            if not is_wrong_type(error):
                raise
            signed = seq = b""
            async with asking(self._client):
                await self._client.unlink(KEY)
        if signed is None:
            # Whatever else Redis holds, of ours or of others: only the position says how far the record was. One of an
            # earlier version has no code.
            return _Remembered(None, "", is_missing=seq is None)
        read = _SIGNED.fullmatch(signed)
        if read is None or not self._codes.verifies(b"%s:%s" % read.group(1, 2), bytes.fromhex(read[3].decode())):
            unreadable_of(self._client).report(UnreadableKind.POSITION)
            return _Remembered(None, "", is_missing=False)
        return _Remembered(int(read[1]), read[2].decode(), is_missing=False)

    async def _pause_if_rewound(self, remembered: _Remembered) -> Position | None:
        """Pause what is live when the record is older than what Redis remembers; returns its newest position."""
        newest = await sql.audit.newest(self._pool)
        lost = await self._lost(newest, remembered)
        why = next(iter(lost.values()), "")
        if not lost and remembered.is_missing and self._known is None:
            why = await self._is_old(newest)
        if why:
            await self.pause_all(why)
            if lost:
                # What a person decides from now on stands, also where a process or Redis still has these positions.
                await sql.audit.note_lost(self._pool, lost)
            newest = await sql.audit.newest(self._pool)
        elif self._known is None:
            for alert_id, case in await sql.held_notices.notices_held(self._pool, sql.progress.WATCHED_MAX):
                self._raise(alert_id, case, f"{BEFORE}: {HELD}")
        if newest != self._known:
            # In this order: what is noted after this was not there when the event was.
            self._known, self._noted = newest, await sql.audit.count_lost(self._pool)
        self._claims.known_seq = 0 if newest is None else newest.seq
        self._claims.compared.set()
        return newest

    async def _lost(self, newest: Position | None, remembered: _Remembered) -> dict[tuple[int, bytes], str]:
        """Return events that the record had and lost, and why that is known, the newest first.

        By what Redis remembers and what this process knows; without those because of which all was paused already.
        """
        kept_by_redis = set()
        if remembered.seq is not None:
            kept_by_redis.add((remembered.seq, bytes.fromhex(remembered.digest)))
        kept = {*kept_by_redis}
        if self._known is not None:
            # Redis may have forgot, take nothing new, or hold an older position than this process has seen.
            kept.add((self._known.seq, self._known.digest))
        elif self._anchored is not None:
            kept.add((self._anchored[0], bytes.fromhex(self._anchored[1])))
        lost = {one: why for one in sorted(kept, reverse=True) if (why := await self._rewound(newest, *one))}
        if not lost:
            return {}
        noted = await sql.audit.noted_lost(self._pool, lost)
        own = set() if self._known is None else {(self._known.seq, self._known.digest)}
        if own - kept_by_redis and await sql.audit.count_lost(self._pool) > self._noted:
            # Others paused all since this process saw its event. A record that has what they noted then, and not what
            # it had before, had lost that by then.
            noted |= own
        return {one: why for one, why in lost.items() if one not in noted}

    async def _remember(self, newest: Position | None, remembered: _Remembered) -> None:
        """Let Redis remember how far the record is."""
        if newest is None or (newest.seq, newest.digest.hex()) == (remembered.seq, remembered.digest):
            return
        seq, digest = newest.seq, newest.digest.hex()
        code = self._codes.code(f"{seq}:{digest}".encode()).hex()
        # Servers of an earlier version read and write the first two; they are not believed here.
        async with asking(self._client):
            await self._client.hset(
                KEY, mapping={"seq": str(seq), "digest": digest, "signed": f"{seq}:{digest}:{code}"}
            )

    async def _clear_decided(self) -> None:
        """End the alarms about alerts that a person has resumed, approved or ended."""
        if not self._held_back:
            return
        waiting = {
            alert.id
            for alert in await sql.progress.listed(self._pool, [*self._held_back])
            if alert.state in _HELD_BACK or alert.notice_held
        }
        for alert_id in [one for one in self._held_back if one not in waiting]:
            self._held_back.discard(alert_id)
            self._alarms.clear(AlarmKind.RECORD_REWOUND, EVERY_LANE, str(alert_id))

    async def _rewound(self, newest: Position | None, kept_seq: int, kept_digest: bytes) -> str:
        """Return why the record is older than it was when this position was kept, empty where it is not."""
        if newest is None or newest.seq < kept_seq:
            return f"its trail ends with event {0 if newest is None else newest.seq}, and had {kept_seq}"
        there = newest.digest if newest.seq == kept_seq else await sql.audit.digest_of(self._pool, kept_seq)
        return "" if there == kept_digest else f"its event {kept_seq} is another one than before"

    async def _is_old(self, newest: Position | None) -> str:
        """Tell whether nobody remembers a record that may be a backup: Redis has no position, and it is not new."""
        old = newest is not None and await sql.progress.record_time(self._pool) - newest.at > OLD
        return "Redis does not remember it, and its newest event is not new" if old else ""

    async def pause_all(self, why: str) -> None:
        """Pause what is sent, and hold back what would be sent by itself."""
        order = Order(actor=SYSTEM, reason=REASON)
        for alert in await sql.progress.list_alerts(self._pool, limit=sql.progress.WATCHED_MAX):
            if alert.state in _RUNNING:
                await self._actions.pause(alert.id, order)
            elif alert.state == State.SCHEDULED:
                await self._actions.veto(alert.id, order)
            else:
                continue
            detail = f"{why}: paused until somebody resumes it, or cancels what was over already"
            self._raise(alert.id, alert.case, detail)
        await self._hold_notices(why, order)

    async def _hold_notices(self, why: str, order: Order) -> None:
        """Hold what is being said of alerts that ended: one may have been reopened since."""
        limit = sql.progress.WATCHED_MAX
        while rows := await sql.held_notices.notices_to_hold(self._pool, limit):
            held = [row for row in rows if await self._actions.hold_notice(row[0], order) is None]
            for alert_id, case in held:
                self._raise(alert_id, case, f"{why}: {HELD}")
            if not held or len(rows) < limit:
                return

    def _raise(self, alert_id: UUID, case: str, detail: str) -> None:
        _log.error("record.rewound", alert=str(alert_id), reason=detail)
        self._alarms.raise_alarm(AlarmKind.RECORD_REWOUND, EVERY_LANE, str(alert_id), detail, case)
        self._held_back.add(alert_id)
