"""The tables of the record's double, with what is needed to undo changes and to notify listeners.

Bounded by what one seed files.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

import asyncpg

import sql.work
from push.alerts.places import outermost

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from uuid import UUID


INFINITY: Final = datetime.max.replace(tzinfo=UTC)
"""As asyncpg reads it of PostgreSQL."""

Notification: TypeAlias = tuple[str, str]
"""The channel and the payload of a NOTIFY."""


@dataclass(slots=True)
class Case:
    """A row of `child_case`."""

    id: int
    authority_id: str
    case_number: str
    content_digest: bytes


@dataclass(slots=True)
class Ring:
    """A row of `ring`."""

    ring: int
    radius_km: float | None
    city: bool
    due_at: datetime
    deadline: datetime
    decided_by: str
    reason: str
    held: str | None
    longitude: float | None = None
    latitude: float | None = None
    nearness: int | None = None


@dataclass(slots=True)
class Unit:
    """A row of `sweep_unit`, with its sweep."""

    id: int
    sweep: Sweep
    shard_from: int
    shard_to: int
    done: bool = False
    lease_owner: UUID | None = None
    lease_until: datetime | None = None
    worked_by: UUID | None = None
    searched: bool = False
    reopened: bool = False
    message_version: int | None = None
    passes: int = 0
    found: int = 0
    opted_out: int = 0
    accepted: int = 0
    invalid: int = 0
    refused: int = 0
    quarantined: int = 0
    failed: int = 0
    done_at: datetime | None = None
    entrants: bool = False
    interrupted: bool = False


@dataclass(slots=True)
class Sweep:
    """A row of `sweep`, with its alert and units."""

    id: int
    alert: Alert
    notice: str
    ring: int | None
    lane: str
    version: int
    due_at: datetime | None = None
    units: list[Unit] = field(default_factory=list)


@dataclass(slots=True)
class LedgerEntry:
    """A row of `ledger`."""

    notice: str
    shard_from: int
    shard_to: int
    batch_id: int
    outcome: str
    lane: str
    unit_id: int
    recipients: int
    packed: bytes
    message_version: int
    at: datetime
    locale: str | None = None


@dataclass(slots=True)
class Entrant:
    """A row of `entrant`."""

    user: int
    alert_id: UUID
    lane: str
    shard: int
    entry: int
    due_at: datetime


@dataclass(slots=True)
class Proposal:
    """A row of `proposal`."""

    revision: int
    action: str
    change_request: str
    person: str
    by: str
    reason: str
    at: datetime


@dataclass(slots=True)
class Alert:
    """A row of `alert`, with its case, rings, sweeps, notices and ledger."""

    id: UUID
    case: Case
    status: str
    state: str
    received_at: datetime
    deadline: datetime
    expires: datetime
    longitude: float | None
    latitude: float | None
    city: str | None
    city_polygon: bytes | None
    jurisdiction: bytes | None
    policy: str
    content: str
    estimate: str | None
    swept_at: datetime
    review: str
    verified: bool
    send_at: datetime | None
    unverified: str | None
    subject_kind: str = "child"
    sent_at: datetime | None = None
    entered_at: datetime | None = None
    next_sweep_at: datetime | None = None
    version: int = 1
    revision: int = 1
    audience_max: int | None = None
    ended_at: datetime | None = None
    through_alert: bool | None = None
    outcome: str | None = None
    after_action: str | None = None
    unverified_messages: tuple[str, ...] = ()
    unverified_seen: tuple[str, ...] = ()
    recipients_deleted_at: datetime | None = None
    proposal: Proposal | None = None
    rings: dict[int, Ring] = field(default_factory=dict)
    sweeps: list[Sweep] = field(default_factory=list)
    notices: dict[int, tuple[str, datetime]] = field(default_factory=dict)
    reopenings: dict[int, None] = field(default_factory=dict)
    ledger: dict[tuple[str, int, int, str], LedgerEntry] = field(default_factory=dict)
    authors: dict[str, None] = field(default_factory=dict)
    approvals: dict[tuple[int, str], datetime] = field(default_factory=dict)

    def units(self, notice: str | None = None) -> Iterator[Unit]:
        """Yield the units of its sweeps, or of those of one notice."""
        for sweep in self.sweeps:
            if notice is None or sweep.notice == notice:
                yield from sweep.units

    @property
    def notice_held(self) -> bool:
        """Whether the notice of its end is held."""
        held = any(one.version == self.version and one.due_at == INFINITY for one in self.sweeps)
        return held and self.state in {"found", "cancelled"}

    def nearness(self, ring: Ring | None) -> int:
        """Return how near a ring is to its centre, 1 the nearest; 0 without one."""
        return 0 if ring is None else ring.nearness or ring.ring

    def outer(self, now: datetime) -> list[Ring]:
        """Return the due rings that lie in no other one around the same centre."""
        return outermost([one for _, one in sorted(self.rings.items()) if one.due_at <= now and one.held is None])

    def sooner(self, at: datetime) -> datetime:
        """Return when the next pass comes if one is wanted at a time; one that has begun already is another one."""
        waiting = self.next_sweep_at is not None and self.next_sweep_at > self.swept_at
        return min(self.next_sweep_at or at, at) if waiting else at

    def ring_of(self, sweep: Sweep) -> Ring | None:
        """Return the ring that a sweep is for."""
        return None if sweep.ring is None else self.rings[sweep.ring]


@dataclass(slots=True)
class Event:
    """A row of `audit_event`."""

    seq: int
    alert_id: UUID | None
    content: str
    digest: bytes


class RefusedRows(NamedTuple):
    """The rows of one alert that cannot be changed: its units, its ledger, or both."""

    alert: UUID
    units: bool
    ledger: bool


class Tables:
    """All tables. Every change goes through `change`, `put`, `remove` or `add`, so that it can be undone."""

    def __init__(self) -> None:
        self.authorities: dict[str, tuple[str, int]] = {}
        self.cases: dict[int, Case] = {}
        self.alerts: dict[UUID, Alert] = {}
        self.units: dict[int, Unit] = {}
        self.events: dict[int, Event] = {}
        self.receipts: dict[tuple[str, str], tuple[bytes, int, bytes]] = {}
        self.enrolled: dict[int, None] = {}
        self.probes: dict[int, None] = {}
        self.epochs: dict[int, tuple[str, datetime | None]] = {}
        self.lost_events: dict[tuple[int, bytes], datetime] = {}
        self.forgotten: dict[int, datetime] = {}
        self.preferences: dict[int, tuple[int, str, datetime]] = {}
        self.entrants: dict[tuple[int, UUID], Entrant] = {}
        self.entry = 0
        self.sequence = 0
        self.refused: RefusedRows | None = None
        self._undo: list[Callable[[], None]] = []
        self._notified: list[Notification] = []

    def __getstate__(self) -> dict[str, Any]:
        """Return what a backup holds."""
        return {name: value for name, value in self.__dict__.items() if not name.startswith("_")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore from a backup."""
        self.__dict__.update(state)
        self._undo, self._notified = [], []

    def next_id(self) -> int:
        """Return a new id; as in PostgreSQL, one that is rolled back is not given again."""
        self.sequence += 1
        return self.sequence

    def change(self, row: object, **values: object) -> None:
        """Change columns of a row."""
        refused = self.refused
        if refused is not None and refused.units and isinstance(row, Unit) and row.sweep.alert.id == refused.alert:
            raise asyncpg.DataCorruptedError("a page cannot be read")
        before = {name: getattr(row, name) for name in values}
        _set(row, values)
        self._undo.append(lambda: _set(row, before))

    def put(self, table: dict[Any, Any], key: object, row: object) -> None:
        """Insert a row, or replace it."""
        refused = self.refused
        if refused is not None and refused.ledger and table is self.alerts[refused.alert].ledger:
            raise asyncpg.DataCorruptedError("a page cannot be read")
        before = table.get(key)
        table[key] = row
        self._undo.append(lambda: table.pop(key, None) if before is None else table.__setitem__(key, before))

    def remove(self, table: dict[Any, Any], key: object) -> None:
        """Delete a row."""
        row = table.pop(key)
        self._undo.append(lambda: table.__setitem__(key, row))

    def add(self, rows: list[Any], row: object) -> None:
        """Add a row to those of another."""
        rows.append(row)
        self._undo.append(lambda: rows.remove(row))

    def move_unit(self, unit: Unit, sweep: Sweep) -> None:
        """Let a unit belong to another sweep."""
        before = unit.sweep
        if before is sweep:
            return

        def move(to: Sweep) -> None:
            unit.sweep.units.remove(unit)
            to.units.append(unit)
            unit.sweep = to

        move(sweep)
        self._undo.append(lambda: move(before))

    def notify(self, payload: str, channel: str = sql.work.CHANNEL) -> None:
        """Notify all listeners at the commit; the same payload once a transaction, as PostgreSQL does."""
        if (channel, payload) not in self._notified:
            self._notified.append((channel, payload))

    def taken(self) -> tuple[list[Callable[[], None]], list[Notification]]:
        """Return what undoes the changes since the last call, and what is to be notified."""
        undo, notified = self._undo, self._notified
        self._undo, self._notified = [], []
        return undo, notified


def _set(row: object, values: dict[str, Any]) -> None:
    for name, value in values.items():
        setattr(row, name, value)


class Moment:
    """The time of a statement: when its transaction began (`now()`), and what the clock says (`clock_timestamp()`)."""

    __slots__ = ("clock", "now")

    def __init__(self, now: datetime, clock: datetime) -> None:
        self.now = now
        self.clock = clock


NO_TIME = timedelta()


def may_send(state: str, version: int, notice: str, message_version: int | None) -> bool:
    """Tell whether a unit may be sent, as the function of that name in the record."""
    if message_version != version:
        return False
    if notice == "found":
        return state == "found"
    if notice == "cancel":
        return state == "cancelled"
    return state in {"sending", "sent"}
