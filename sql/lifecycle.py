"""Locks, moves, rewords and reviews an alert, within the caller's transaction.

Bounded: one alert at a time, which nobody else changes until the caller's transaction ends.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from sql.query import query

if TYPE_CHECKING:
    from uuid import UUID

    from sql.database import Connection, Pool

_LOCK = query("alert_lock")
_READ_LOCKED = query("alert_read_locked")
_CONTENT = query("alert_content")
_MOVE = query("alert_move")
_APPEND_NOTICE = query("notice_append")
_REWORD = query("alert_reword")
_EXTEND = query("alert_extend")
_RELEASE = query("alert_release")
_HELD = query("held_rings")
_AUTHOR_ADD = query("author_add")
_AUTHOR_IS = query("author_is")
_APPROVAL_ADD = query("approval_add")
_APPROVAL_LIST = query("approval_list")
_APPROVAL_FORGET = query("approval_forget")
_PROPOSAL_PUT = query("proposal_put")
_PROPOSAL_FIND = query("proposal_find")
_PROPOSAL_WITHDRAW = query("proposal_withdraw")
_UNVERIFIED_ADD = query("unverified_add")
_UNVERIFIED_CLEAR = query("unverified_clear")
_UNVERIFIED_SEE = query("unverified_see")
_UNVERIFIED_ACKNOWLEDGE = query("unverified_acknowledge")
_STATUS = query("alert_status")
_REACHED = query("alert_reached")
_REVIEW_AS = query("alert_review_as")
_REVIEW = query("authority_review")
_REVIEW_SET = query("authority_review_set")


class LockedAlert(msgspec.Struct, frozen=True):
    """An alert that nobody else changes; degrees, polygons as WKB, `content` and `estimate` are JSON text.

    `notified`: it was sent, if only to nobody, or begun to be. `proposed`: a change waits for approval; `held`: a ring.
    """

    state: str
    status: str
    authority: str
    case_number: str
    version: int
    review: str
    received_at: datetime
    deadline: datetime
    expires: datetime
    revision: int
    through_alert: bool | None
    notified: bool
    longitude: float | None
    latitude: float | None
    city: str | None
    city_polygon: bytes | None
    jurisdiction: bytes | None
    content: str
    audience_max: int | None
    estimate: str | None
    proposed: bool
    held: bool


class ProposalRow(msgspec.Struct, frozen=True):
    """A change that waits for approval: its revision, the action, the change request as JSON text, and who made it."""

    revision: int
    action: str
    change_request: str
    person: str


async def lock_alert(connection: Connection, alert_id: UUID) -> LockedAlert | None:
    """Lock an alert until the transaction ends; None when there is none."""
    await connection.execute(_LOCK, alert_id)
    # Asked only now: what stands beside the alert may have changed while the lock was waited for.
    row = await connection.fetchrow(_READ_LOCKED, alert_id)
    return None if row is None else LockedAlert(*row)


async def content_of_alert(connection: Connection, alert_id: UUID) -> tuple[str, str, datetime] | None:
    """Return what an alert says (JSON text), its status and its end; None when there is none.

    Nobody changes the alert until the caller's transaction ends.
    """
    row = await connection.fetchrow(_CONTENT, alert_id)
    return None if row is None else (row[0], row[1], row[2])


async def move(connection: Connection, alert_id: UUID, state: str, *, through_alert: bool | None = None) -> None:
    """Put an alert into a state, and note whether the child was found because of it where that is known."""
    await connection.execute(_MOVE, alert_id, state, through_alert)


async def append_notice(connection: Connection, alert_id: UUID, version: int, notice: str, content: str) -> None:
    """Note another word of an alert, and what is said from now on (JSON text)."""
    await connection.execute(_APPEND_NOTICE, alert_id, version, notice, content)


async def reword(connection: Connection, alert_id: UUID, content: str) -> None:
    """Change the content (JSON text) before anybody was notified."""
    await connection.execute(_REWORD, alert_id, content)


async def extend(connection: Connection, alert_id: UUID, expires: datetime) -> None:
    """Let an alert expire later."""
    await connection.execute(_EXTEND, alert_id, expires)


async def release(connection: Connection, alert_id: UUID, people_max: int, rings: list[int]) -> None:
    """Let rings that are held go on, up to so many people."""
    await connection.execute(_RELEASE, alert_id, people_max, rings)


async def held_rings(connection: Connection, alert_id: UUID) -> list[int]:
    """Return which rings are held."""
    return [row[0] for row in await connection.fetch(_HELD, alert_id)]


async def review_as(connection: Connection, alert_id: UUID, review: str) -> None:
    """Have an alert reviewed by another policy, and not sent by itself."""
    await connection.execute(_REVIEW_AS, alert_id, review)


async def add_author(connection: Connection, alert_id: UUID, name: str) -> None:
    """Note who put a hand to an alert."""
    await connection.execute(_AUTHOR_ADD, alert_id, name)


async def is_author(connection: Connection, alert_id: UUID, name: str) -> bool:
    """Tell whether somebody put a hand to an alert."""
    found: bool = await connection.fetchval(_AUTHOR_IS, alert_id, name)
    return found


async def add_approval(connection: Connection, alert_id: UUID, revision: int, name: str) -> None:
    """Note who approved which revision; not twice."""
    await connection.execute(_APPROVAL_ADD, alert_id, revision, name)


async def approvals(connection: Connection, alert_id: UUID, revision: int) -> list[str]:
    """Return who approved a revision, in order."""
    return [row[0] for row in await connection.fetch(_APPROVAL_LIST, alert_id, revision)]


async def forget_approvals(connection: Connection, alert_id: UUID, revision: int) -> None:
    """Take the approvals of a revision back: it is not to be done any more."""
    await connection.execute(_APPROVAL_FORGET, alert_id, revision)


async def propose(connection: Connection, alert_id: UUID, proposal: ProposalRow, by: str, reason: str) -> int:
    """Let a change wait for approval, in the place of what waited before; returns its revision, not that of the row."""
    row = (alert_id, proposal.action, proposal.change_request, proposal.person, by, reason)
    revision: int = await connection.fetchval(_PROPOSAL_PUT, *row)
    return revision


async def proposal_of(connection: Pool | Connection, alert_id: UUID) -> ProposalRow | None:
    """Return what waits for approval; None when nothing does."""
    row = await connection.fetchrow(_PROPOSAL_FIND, alert_id)
    return None if row is None else ProposalRow(*row)


async def withdraw(connection: Connection, alert_id: UUID) -> int | None:
    """Let what waits for approval go; returns its revision, None when nothing waited."""
    revision: int | None = await connection.fetchval(_PROPOSAL_WITHDRAW, alert_id)
    return revision


async def review_of(connection: Connection | Pool, authority: str) -> tuple[str, int]:
    """Return how an authority's cases are reviewed, and the grace in seconds; LookupError without such an authority."""
    row = await connection.fetchrow(_REVIEW, authority)
    if row is None:
        raise LookupError("no such authority")
    return row[0], row[1]


async def set_review(pool: Pool | Connection, authority: str, review: str, grace_s: int | None) -> bool:
    """Set how an authority's cases are reviewed; False without such an authority."""
    return await pool.fetchval(_REVIEW_SET, authority, review, grace_s) is not None


async def add_unverified(connection: Connection, alert_id: UUID, what: str) -> bool:
    """Note that a message which nobody verifiably signed came for an alert that is not over: which kind, and why.

    False when that is known, or matters no longer.
    """
    return await connection.fetchval(_UNVERIFIED_ADD, alert_id, what) is not None


async def clear_unverified(connection: Connection, alert_id: UUID) -> None:
    """Forget Updates of that kind, as a signed message came since."""
    await connection.execute(_UNVERIFIED_CLEAR, alert_id)


async def see_unverified(connection: Connection, alert_id: UUID) -> None:
    """Note what is known of messages that nobody verifiably signed, as the alert is paused."""
    await connection.execute(_UNVERIFIED_SEE, alert_id)


async def acknowledge_unverified(connection: Connection, alert_id: UUID) -> list[str]:
    """Forget what was known of them when the alert was paused; returns that."""
    return list(await connection.fetchval(_UNVERIFIED_ACKNOWLEDGE, alert_id))


async def status_of(pool: Pool | Connection, alert_id: UUID) -> str | None:
    """Return what an alert is meant as, None when there is none."""
    status: str | None = await pool.fetchval(_STATUS, alert_id)
    return status


async def reached(connection: Connection, alert_id: UUID) -> int:
    """Return how many people the first message of an alert was sent to."""
    people: int = await connection.fetchval(_REACHED, alert_id)
    return people
