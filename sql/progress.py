"""Lists alerts with their counts by lane and ring, and moves them to the states that follow from these.

Bounded: `LIST_LIMIT` alerts a listing, `WATCHED_MAX` for those who watch them all; an alert has lanes x rings x units
to sum.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from runtime.decoding import DECODE_ERRORS
from sql.query import query
from sql.rings import Point, RingRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncpg import Record

    from sql.database import Connection, Pool

LIST_LIMIT: Final = 200
LISTED_AT_ONCE: Final = 50
"""Read and decoded at once: a few milliseconds, after which the event loop has its turn."""
WATCHED_MAX: Final = 1000
"""More than live at once in an exercise of a whole country."""

ENDED_WITH_NOTICE: Final = frozenset({"found", "cancelled"})

RINGS: Final = "rings or proposal"
WORDS: Final = "unverified messages or why it is held"

FIRST: Final = "0"
NEVER: Final = str((1 << 64) - 1)

_IDS = query("alert_ids")
_LIST = query("alert_list")
_CHANGED = query("alert_changed")
_READ = query("progress_read")
_SETTLE = query("alert_settle")
_GOING = query("alert_going_ids")
_PING = query("ping")
_RECORD_TIME = query("record_time")


class ProposedRow(msgspec.Struct, frozen=True, kw_only=True):
    """A change that waits for approval, without its texts; `people`: as estimated when it was requested.

    `parts`: what of the case it changes.

    `is_valid`: the token that requested it is still valid.
    """

    action: str
    by: str
    at: datetime
    reason: str
    radius_km: float | None = None
    city: bool | None = None
    people: int | None = None
    hours: float | None = None
    longitude: float | None = None
    latitude: float | None = None
    expires: datetime | None = None
    parts: list[str] = []
    is_valid: bool = True

    @property
    def centre(self) -> Point | None:
        """Around which place people are to be asked, None for the place of the alert."""
        return None if self.longitude is None or self.latitude is None else Point(self.longitude, self.latitude)


class ListedAlert(msgspec.Struct, frozen=True):
    """An alert as listed; `estimate` is JSON text.

    `busy`: a pass for late entrants or a follow-up notice is being sent. `send_at`: when a scheduled alert is sent.
    `through_alert`: whether the child was found because of it. `approvals`: of the present `revision`.
    `entered_at`: when late entrants were notified last. `unverified`: why a draft's signature was not verified;
    `unverified_messages`: later messages with such a fault. `distrusted_at`: since when it waits for a person
    because who filed it was revoked. `held_for`: words of `push.alerts.review.HeldFor`. `area_version`: how often its
    jurisdiction changed. `invited`, `countersigned`: other authorities, those that have not countersigned it yet apart.
    `changed`: by which transaction it was changed last. `notice_held`: the notice of its end is held back.
    `unreadable`: of `RINGS` and `WORDS`, what is in a form that nobody here reads: it is listed without that.
    """

    id: UUID
    case_number: str
    authority_id: str
    status: str
    state: str
    received_at: datetime
    deadline: datetime
    expires: datetime
    longitude: float | None
    latitude: float | None
    city: str | None
    policy: str
    estimate: str | None
    swept_at: datetime
    entered_at: datetime | None
    sent_at: datetime | None
    verified: bool
    unverified: str | None
    unverified_messages: list[str]
    review: str
    send_at: datetime | None
    version: int
    ended_at: datetime | None
    through_alert: bool | None
    audience_max: int | None
    child_deleted_at: datetime | None
    recipients_deleted_at: datetime | None
    approvals: list[str]
    revision: int
    proposal: ProposedRow | None
    rings: list[RingRow]
    busy: bool
    distrusted_at: datetime | None = None
    subject_kind: str = "child"
    held_for: list[str] = []
    area_version: int = 1
    invited: list[str] = []
    countersigned: list[str] = []
    changed: str = ""
    notice_held: bool = False
    unreadable: frozenset[str] = frozenset()

    @property
    def swept(self) -> tuple[datetime | None, ...]:
        """How far passes for late entrants are: what moves while nobody decides anything."""
        return self.swept_at, self.entered_at

    @property
    def standing(self) -> tuple[object, ...]:
        """What people see of it and decide about, beside its numbers and how far it is swept."""
        return tuple(getattr(self, name) for name in self.__struct_fields__ if name not in _MOVING)

    @property
    def authorities(self) -> tuple[str, ...]:
        """Whose case it is: the authority that filed it, and those that countersigned it."""
        return (self.authority_id, *self.countersigned)

    @property
    def held(self) -> bool:
        """Whether a ring waits to be released or, once it ended, the notice of that to be resumed."""
        if self.state in ENDED_WITH_NOTICE:
            return self.notice_held
        return any(ring.held is not None for ring in self.rings)

    @property
    def case(self) -> str:
        """The case number with its authority, because two authorities may use the same number."""
        return f"{self.authority_id} {self.case_number}"


_MOVING: Final = frozenset({"swept_at", "entered_at", "busy", "changed"})


class Counts(msgspec.Struct, frozen=True):
    """The counts of one sweep: its units, how many of them are searched and done, and the recipients by outcome.

    `settled`: all outcomes together, exact; `opted_out`: those found who want no such message; `entrants`: those
    accepted who came into the area later. The others are rounded, and nothing that is shown may follow from it.
    `requested_at`: when the last request was started, of units that are through or were given back.
    """

    alert_id: UUID
    notice: str
    version: int
    lane: str
    ring: int
    units: int
    units_searched: int
    units_done: int
    found: int
    accepted: int
    invalid: int
    refused: int
    quarantined: int
    failed: int
    settled: int
    opted_out: int = 0
    entrants: int = 0
    requested_at: datetime | None = None


async def list_alerts(
    pool: Pool | Connection,
    alert_id: UUID | None = None,
    limit: int = LIST_LIMIT,
    *,
    case_number: str | None = None,
    authority: str | None = None,
    reader: str | None = None,
    waiting: bool = False,
) -> list[ListedAlert]:
    """Return the alerts that go on and the newest others, or those with the given id, case number or authority.

    `reader`: of this authority only, and, `waiting`, those of others that wait for a decision.
    """
    if alert_id is not None:
        return await listed(pool, [alert_id])
    return await listed(
        pool, [row[0] for row in await pool.fetch(_IDS, limit, case_number, authority, reader, waiting)]
    )


async def listed(pool: Pool | Connection, alert_ids: list[UUID]) -> list[ListedAlert]:
    """Return these alerts in this order, without those that there are not."""
    found: list[ListedAlert] = []
    for start in range(0, len(alert_ids), LISTED_AT_ONCE):
        found += [_listed(row) for row in await pool.fetch(_LIST, alert_ids[start : start + LISTED_AT_ONCE])]
    return found


async def changed(pool: Pool | Connection, since: str) -> tuple[set[UUID], str]:
    """Return the alerts that changed since a point of the record, and the point from which to read the next time."""
    rows = await pool.fetch(_CHANGED, since)
    return {row[0] for row in rows if row[0] is not None}, rows[0][1]


async def point(pool: Pool | Connection) -> str:
    """Return the present point of the record, for `changed`."""
    _, since = await changed(pool, NEVER)
    return since


def _listed(row: Record) -> ListedAlert:
    fields, unreadable = dict(row), set[str]()
    rings, proposal = fields.pop("rings"), fields.pop("proposal")
    # One alert is no reason to list none.
    try:
        found = msgspec.json.decode(rings, type=list[RingRow])
        proposed = None if proposal is None else msgspec.json.decode(proposal, type=ProposedRow)
    except DECODE_ERRORS:
        found, proposed = [], None
        unreadable.add(RINGS)
    for name in ("unverified_messages", "held_for"):
        words = [one for one in fields[name] if isinstance(one, str)]
        if len(words) < len(fields[name]):
            unreadable.add(WORDS)
        fields[name] = words
    return ListedAlert(**fields, rings=found, proposal=proposed, unreadable=frozenset(unreadable))


async def read_counts(pool: Pool, alert_ids: list[UUID], step: int) -> list[Counts]:
    """Return the counts of every sweep of these alerts; late entrants, one by one, are rounded down to `step`."""
    return [Counts(*row) for row in await pool.fetch(_READ, alert_ids, step)]


async def settle(
    connection: Connection, again_after: timedelta, without: Sequence[UUID] = ()
) -> list[tuple[UUID, str, str]]:
    """Move alerts to the states that follow from their units and the time; returns (alert, old state, new state).

    `without`: alerts to leave as they are.
    """
    return [(row[0], row[1], row[2]) for row in await connection.fetch(_SETTLE, again_after, without)]


async def going_on(pool: Pool, limit: int) -> list[UUID]:
    """Return the alerts that go on or wait, and those that ended within a day: whatever moves by itself."""
    return [row[0] for row in await pool.fetch(_GOING, limit)]


async def record_time(pool: Pool | Connection) -> datetime:
    """Return the time by the record's clock, by which everything is due, ends and is late."""
    found: datetime = await pool.fetchval(_RECORD_TIME)
    return found


async def ping(pool: Pool, timeout_s: float) -> bool:
    """Tell whether PostgreSQL takes writes; raises one of `database.UNAVAILABLE_ERRORS` when it does not answer."""
    takes_writes: bool = await pool.fetchval(_PING, timeout=timeout_s)
    return takes_writes
