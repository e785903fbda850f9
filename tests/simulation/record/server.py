"""The record's double as a server: sessions, transactions one after another, notifications, and how it fails.

A call travels to it, is answered there whatever became of the caller meanwhile, and its answer travels back: a process
that freezes or dies with a statement on its way finds it done. Bounded: a transaction whose client says nothing ends
after `sql.database.IDLE_IN_TRANSACTION_S`.
"""

from __future__ import annotations

import asyncio
import pickle
from collections import deque
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import asyncpg

from sql.database import DEAD_PEER_S, IDLE_IN_TRANSACTION_S
from tests.simulation.clock import START_S
from tests.simulation.record import answers, queries
from tests.simulation.record.tables import Moment, Tables

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from tests.simulation.clock import Running, SimulatedLoop
    from tests.simulation.record.queries import Row
    from tests.simulation.record.tables import Notification, RefusedRows

    Answered = asyncio.Future[list[Row]]

EPOCH: Final = datetime(2026, 11, 28, 12, tzinfo=UTC)
BEGIN: Final = "begin"
COMMIT: Final = "commit"
ROLLBACK: Final = "rollback"
ORPHANS: Final = 0.5
"""The share of statements that are done although their client has gone meanwhile."""

assert answers.ALL


class Session:
    """One connection, as the server has it. `began`: the time of its transaction, None outside of one."""

    def __init__(self, owner: Running | None) -> None:
        self.owner = owner
        self.closed = False
        self.began: datetime | None = None
        self.heard_s = 0.0
        self.undo: list[Callable[[], None]] = []
        self.notified: list[Notification] = []
        self.listeners: dict[str, Callable[[str], None]] = {}
        self.used_transactions = False


class RecordFaults:
    """How the record fails now. Shares of calls from 0 to 1; `away`: processes that cannot reach it."""

    def __init__(self) -> None:
        self.down = False
        self.away: set[Running] = set()
        self.hanging: set[Running] = set()
        self.refused = 0.0
        self.ambiguous = 0.0
        self.slow = 0.0
        self.full = False
        self.odd = False
        self.rows: RefusedRows | None = None
        self.deaf = 0.0

    @property
    def any(self) -> bool:
        """Whether anything is wrong."""
        flags = self.down, self.away, self.hanging, self.refused, self.ambiguous, self.slow, self.full, self.deaf
        return any(bool(one) for one in flags) or self.rows is not None


class RecordServer:
    """PostgreSQL, as far as `push` sees it."""

    def __init__(self, loop: SimulatedLoop, random: Random) -> None:
        self.loop = loop
        self.random = random
        self.tables = Tables()
        self.faults = RecordFaults()
        self.sessions: dict[Session, None] = {}
        self.on_commit: Callable[[list[Notification]], None] = lambda _: None
        self.on_executed: Callable[[str, tuple[Any, ...]], None] = lambda _name, _arguments: None
        self.calls = 0
        self._locked_by: Session | None = None
        self._waiting: deque[tuple[Session, str, tuple[Any, ...], Answered]] = deque()
        self._soft: list[list[Callable[[], None]]] = []

    @property
    def now(self) -> datetime:
        """The time by the record's clock, which never steps: others are compared with it."""
        return EPOCH + timedelta(seconds=self.loop.now_s - START_S)

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction goes on, whose changes are not committed."""
        return self._locked_by is not None

    @property
    def undurable(self) -> bool:
        """Whether a crash now would lose something: it did not wait for the disk, and nothing after it did."""
        return bool(self._soft)

    def submit(self, session: Session, text: str, arguments: tuple[Any, ...], answered: Answered) -> None:
        """Let a statement travel to the server."""
        self.calls += 1
        faults, owner = self.faults, session.owner
        if session.closed:
            _set(answered, asyncpg.ConnectionDoesNotExistError("connection was closed"))
            return
        if owner in faults.hanging:
            self.loop.later_outside(DEAD_PEER_S, self._lost, session, answered)
            return
        if faults.down or owner in faults.away or (faults.refused and self.random.random() < faults.refused):
            self.loop.later_outside(self._latency_s(), self._lost, session, answered)
            return
        self.loop.later_outside(self._latency_s(), self._arrive, session, text, arguments, answered)

    def close(self, session: Session) -> None:
        """Forget a connection; what its transaction did is undone."""
        session.closed = True
        self.sessions.pop(session, None)
        if session.began is not None:
            self._rollback(session)

    def cut(self, owner: Running | None = None) -> None:
        """Close all connections, or those of one process."""
        for session in [*self.sessions]:
            if owner is None or session.owner is owner:
                self.close(session)

    def crash(self) -> None:
        """Crash and recover: what did not wait for the disk, and came after the last commit that did, is lost."""
        self.cut()
        for undo in reversed(self._soft):
            for one in reversed(undo):
                one()
        self._soft.clear()

    def backup(self) -> bytes:
        """Return what a backup holds."""
        return pickle.dumps(self.tables)

    def restore(self, backup: bytes) -> None:
        """Go back to a backup."""
        self.cut()
        self._soft.clear()
        sequence, entry = self.tables.sequence, self.tables.entry
        self.tables = pickle.loads(backup)  # noqa: S301 - our own
        # Ids that are given twice would hide what the restored record lost.
        self.tables.sequence, self.tables.entry = sequence, entry

    def _latency_s(self) -> float:
        random = self.random.random()
        if self.faults.slow and random < self.faults.slow:
            return 0.2 + 2.5 * self.random.random()
        return 0.0002 + 0.004 * random * random

    def _lost(self, session: Session, answered: Answered) -> None:
        self.close(session)
        _set(answered, ConnectionRefusedError("the record cannot be reached"))

    def _arrive(self, session: Session, text: str, arguments: tuple[Any, ...], answered: Answered) -> None:
        if self.faults.down:
            self._lost(session, answered)
            return
        if self._locked_by is not None and self._locked_by is not session:
            self._waiting.append((session, text, arguments, answered))
            return
        self._execute(session, text, arguments, answered)

    def _execute(self, session: Session, text: str, arguments: tuple[Any, ...], answered: Answered) -> None:
        if session.closed:
            if (
                not session.used_transactions
                and text not in {BEGIN, COMMIT, ROLLBACK}
                and self.random.random() < ORPHANS
            ):
                with suppress(asyncpg.PostgresError):
                    self._run(session, text, arguments)
            _set(answered, asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"))
            return
        session.heard_s = self.loop.now_s
        try:
            rows = self._run(session, text, arguments)
        except asyncpg.PostgresError as error:
            if session.began is not None:
                self._rollback(session)
            self.loop.later_outside(self._latency_s(), _set, answered, error)
            return
        if self.faults.ambiguous and self.random.random() < self.faults.ambiguous:
            self.close(session)
            lost = asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")
            self.loop.later_outside(self._latency_s(), _set, answered, lost)
            return
        self.loop.later_outside(self._latency_s(), _answer, answered, rows)

    def _run(self, session: Session, text: str, arguments: tuple[Any, ...]) -> list[Row]:
        if text == BEGIN:
            session.began = self.now
            session.used_transactions = True
            self._locked_by = session
            self._watch(session)
            return []
        if text == COMMIT:
            if session.began is None:
                raise asyncpg.InFailedSQLTransactionError("the transaction was rolled back")
            undo, notified = session.undo, session.notified
            session.undo, session.notified, session.began = [], [], None
            self._commit(undo, notified, soft=False)
            self._unlock()
            return []
        if text == ROLLBACK:
            if session.began is not None:
                self._rollback(session)
            return []
        return self._query(session, text, arguments)

    def _query(self, session: Session, text: str, arguments: tuple[Any, ...]) -> list[Row]:
        name, soft = queries.named(text)
        if (self.faults.full or self.faults.odd) and name in {"ledger_commit", "ledger_prove"}:
            if self.faults.odd:
                raise asyncpg.ProgramLimitExceededError("a limit of the table is exceeded")
            raise asyncpg.DiskFullError("could not extend file: no space left on device")
        moment = Moment(session.began or self.now, self.now)
        known = self.faults.rows is not None and self.faults.rows.alert in self.tables.alerts
        self.tables.refused = self.faults.rows if known else None
        try:
            rows = queries.run(text, self.tables, moment, arguments)
        except asyncpg.PostgresError:
            for one in reversed(self.tables.taken()[0]):
                one()
            raise
        undo, notified = self.tables.taken()
        self.on_executed(name, arguments)
        if session.began is not None:
            session.undo += undo
            session.notified += notified
        else:
            self._commit(undo, notified, soft=soft)
        return rows

    def _commit(self, undo: list[Callable[[], None]], notified: list[Notification], *, soft: bool) -> None:
        if soft:
            self._soft.append(undo)
        elif undo:
            self._soft.clear()
        if undo or notified:
            self.on_commit(notified)
        for session in [*self.sessions] if notified else ():
            if not session.listeners or session.owner in self.faults.hanging or session.owner in self.faults.away:
                continue
            if not self.faults.deaf or self.random.random() >= self.faults.deaf:
                for notification in notified:
                    self.loop.later_outside(self._latency_s(), self._notify, session, notification)

    def _notify(self, session: Session, notification: Notification) -> None:
        channel, payload = notification
        if not session.closed and channel in session.listeners:
            session.listeners[channel](payload)

    def _rollback(self, session: Session) -> None:
        for one in reversed(session.undo):
            one()
        session.undo, session.notified, session.began = [], [], None
        self._unlock()

    def _unlock(self) -> None:
        self._locked_by = None
        while self._waiting and self._locked_by is None:
            self._execute(*self._waiting.popleft())

    def _watch(self, session: Session) -> None:
        """End a transaction whose client is silent for too long: it holds up everybody."""

        def look() -> None:
            if session.began is None or self._locked_by is not session:
                return
            left_s = session.heard_s + IDLE_IN_TRANSACTION_S - self.loop.now_s
            if left_s <= 0:
                self.close(session)
            else:
                self.loop.later_outside(left_s + 0.001, look)

        self.loop.later_outside(IDLE_IN_TRANSACTION_S, look)


def _set(answered: Answered, error: Exception) -> None:
    if not answered.done():
        with suppress(asyncio.InvalidStateError):
            answered.set_exception(error)


def _answer(answered: Answered, rows: list[Row]) -> None:
    if not answered.done():
        answered.set_result(rows)
