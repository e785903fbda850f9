"""Changes one alert within the caller's transaction: its state, texts, expiry, approvals and proposals.

Bounded: one alert at a time; `lock_alert` keeps others from changing it until the transaction ends.
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
_RAISE_REVIEW = query("alert_raise_review")
_REVIEW = query("authority_review")
_REVIEW_SET = query("authority_review_set")
_HOLD_REVIEW = query("authority_hold")
_HOLD_FREE = query("authority_hold_free")
_OF_FILER = query("alert_of_filer")
_OF_TOKEN = query("alert_of_token")
_DISTRUST = query("alert_distrust")
_PROPOSAL_DISTRUST = query("proposal_distrust")


class LockedAlert(msgspec.Struct, frozen=True):
    """A locked alert. Degrees; polygons as WKB; `content` and `estimate` are JSON text.

    `notified`: sending has begun, or ended without any recipient. `proposed`: a change waits for approval.
    `held`: at least one of its rings is held or, once it ended, the notice of that. `verified`: its signature was, when
    it was filed. `countersigned`: by which other authorities.
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
    verified: bool
    countersigned: list[str] = []

    @property
    def authorities(self) -> tuple[str, ...]:
        """Whose case it is: the authority that filed it, and those that countersigned it."""
        return (self.authority, *self.countersigned)


class ProposalRow(msgspec.Struct, frozen=True):
    """A change that waits for approval; `change_request` is JSON text, `person` the name as it compares.

    `person_id` and `token_id`: None for an authority. `is_valid`: whoever requested it could do so now.
    """

    revision: int
    action: str
    change_request: str
    person: str
    person_id: int | None = None
    token_id: int | None = None
    is_valid: bool = True


class ApprovalRow(msgspec.Struct, frozen=True):
    """An approval that counts: by a person, None where a server without persons stored it, under a name."""

    person_id: int | None
    person: str


async def lock_alert(connection: Connection, alert_id: UUID) -> LockedAlert | None:
    """Lock an alert until the transaction ends; None when there is none."""
    await connection.execute(_LOCK, alert_id)
    # Read only with the lock: rows of other tables may have changed while this transaction waited for it.
    row = await connection.fetchrow(_READ_LOCKED, alert_id)
    return None if row is None else LockedAlert(*row)


async def content_of_alert(connection: Connection, alert_id: UUID) -> tuple[str, str, datetime] | None:
    """Return an alert's content (JSON text), status and expiry, and lock it against changes; None without an alert."""
    row = await connection.fetchrow(_CONTENT, alert_id)
    return None if row is None else (row[0], row[1], row[2])


async def move(connection: Connection, alert_id: UUID, state: str, *, through_alert: bool | None = None) -> None:
    """Put an alert into a state; `through_alert`: whether the child was found because of it, None when unknown."""
    await connection.execute(_MOVE, alert_id, state, through_alert)


async def append_notice(
    connection: Connection, alert_id: UUID, version: int, notice: str, content: str, *, reopens: bool = False
) -> None:
    """Add a notice to an alert; `content` (JSON text) replaces its message content.

    `reopens`: it says that the alert goes on, to those who were notified of its end.
    """
    await connection.execute(_APPEND_NOTICE, alert_id, version, notice, content, reopens)


async def reword(connection: Connection, alert_id: UUID, content: str) -> None:
    """Replace the content (JSON text) of an alert of which no one has been notified."""
    await connection.execute(_REWORD, alert_id, content)


async def extend(connection: Connection, alert_id: UUID, expires: datetime) -> None:
    """Let an alert expire later."""
    await connection.execute(_EXTEND, alert_id, expires)


async def release(connection: Connection, alert_id: UUID, people_max: int, rings: list[int]) -> None:
    """Release held rings, up to `people_max` people."""
    await connection.execute(_RELEASE, alert_id, people_max, rings)


async def held_rings(connection: Connection, alert_id: UUID) -> list[int]:
    """Return the numbers of the held rings."""
    return [row[0] for row in await connection.fetch(_HELD, alert_id)]


async def review_as(connection: Connection, alert_id: UUID, review: str) -> None:
    """Change the review policy of an alert; it is then not sent without approval."""
    await connection.execute(_REVIEW_AS, alert_id, review)


async def raise_review(connection: Connection, alert_id: UUID, review: str, held_for: list[str]) -> None:
    """Have an alert need more approval, because of what its case rests on; it is then not sent by itself."""
    await connection.execute(_RAISE_REVIEW, alert_id, review, held_for)


async def add_author(connection: Connection, alert_id: UUID, name: str, person: int | None) -> None:
    """Record a person as author of an alert: one who worded or changed it; None: an authority."""
    await connection.execute(_AUTHOR_ADD, alert_id, name, person)


async def is_author(connection: Connection, alert_id: UUID, name: str, person: int | None) -> bool:
    """Return whether a person is an author of an alert."""
    found: bool = await connection.fetchval(_AUTHOR_IS, alert_id, person, name)
    return found


async def add_approval(
    connection: Connection, alert_id: UUID, revision: int, name: str, person: int | None, token_id: int | None
) -> None:
    """Record who approved a revision, and with which token."""
    await connection.execute(_APPROVAL_ADD, alert_id, revision, name, person, token_id)


async def approvals(connection: Connection, alert_id: UUID, revision: int) -> list[ApprovalRow]:
    """Return the approvals of a revision that count, earliest first: those whose token is valid."""
    return [ApprovalRow(*row) for row in await connection.fetch(_APPROVAL_LIST, alert_id, revision)]


async def forget_approvals(connection: Connection, alert_id: UUID, revision: int) -> None:
    """Delete the approvals of a revision that is withdrawn."""
    await connection.execute(_APPROVAL_FORGET, alert_id, revision)


async def propose(connection: Connection, alert_id: UUID, proposal: ProposalRow, by: str, reason: str) -> int:
    """Store a change that waits for approval, replacing an earlier one; returns its new revision."""
    row = (alert_id, proposal.action, proposal.change_request, proposal.person, by, reason)
    revision: int = await connection.fetchval(_PROPOSAL_PUT, *row, proposal.person_id, proposal.token_id)
    return revision


async def proposal_of(connection: Pool | Connection, alert_id: UUID) -> ProposalRow | None:
    """Return the change that waits for approval, None when there is none."""
    row = await connection.fetchrow(_PROPOSAL_FIND, alert_id)
    return None if row is None else ProposalRow(*row)


async def withdraw(connection: Connection, alert_id: UUID) -> int | None:
    """Withdraw the change that waits for approval; returns its revision, None when there was none."""
    revision: int | None = await connection.fetchval(_PROPOSAL_WITHDRAW, alert_id)
    return revision


async def review_of(connection: Connection | Pool, authority: str) -> tuple[str, int]:
    """Return the review policy of an authority, and its grace in seconds; LookupError when the authority is unknown."""
    row = await connection.fetchrow(_REVIEW, authority)
    if row is None:
        raise LookupError("no such authority")
    return row[0], row[1]


async def hold_review(connection: Connection, authority: str) -> tuple[str, int] | None:
    """Return the review policy of an authority, and its grace in seconds; None for one that is unknown or revoked.

    The authority is not revoked before the caller's transaction ends.
    """
    row = await connection.fetchrow(_HOLD_REVIEW, authority)
    return None if row is None else (row[0], row[1])


async def hold_free(connection: Connection, authority: str) -> tuple[str, int] | None:
    """Return the same where no one is changing the authority, else None too: for whoever has locked an alert."""
    row = await connection.fetchrow(_HOLD_FREE, authority)
    return None if row is None else (row[0], row[1])


async def of_filer(connection: Connection, authority: str, certificate: str | None) -> list[UUID]:
    """Lock and return the alerts that wait or go on and were filed by an authority, or with one of its certificates."""
    return [row[0] for row in await connection.fetch(_OF_FILER, authority, certificate)]


async def of_token(connection: Connection, token: int) -> list[UUID]:
    """Lock and return the alerts that are sent because of what a token did, and that nobody else has resumed since."""
    return [row[0] for row in await connection.fetch(_OF_TOKEN, token)]


async def distrust(connection: Connection, alert_id: UUID) -> None:
    """Record that an alert waits for a person because who filed it may not be believed; approvals begin anew."""
    await connection.execute(_DISTRUST, alert_id)
    await connection.execute(_PROPOSAL_DISTRUST, alert_id)


async def set_review(pool: Pool | Connection, authority: str, review: str, grace_s: int | None) -> bool:
    """Set the review policy of an authority; False when the authority is unknown."""
    return await pool.fetchval(_REVIEW_SET, authority, review, grace_s) is not None


async def add_unverified(connection: Connection, alert_id: UUID, what: str) -> bool:
    """Record that an unverified message came for an alert; `what` is its kind, and why it is unverified.

    False when the same is recorded already, or the alert has ended.
    """
    return await connection.fetchval(_UNVERIFIED_ADD, alert_id, what) is not None


async def clear_unverified(connection: Connection, alert_id: UUID) -> None:
    """Remove unverified Updates from an alert, because a signed message has come since."""
    await connection.execute(_UNVERIFIED_CLEAR, alert_id)


async def see_unverified(connection: Connection, alert_id: UUID) -> None:
    """Record which unverified messages are known as the alert is paused."""
    await connection.execute(_UNVERIFIED_SEE, alert_id)


async def acknowledge_unverified(connection: Connection, alert_id: UUID) -> list[str]:
    """Remove the unverified messages that were known when the alert was paused; returns them."""
    return list(await connection.fetchval(_UNVERIFIED_ACKNOWLEDGE, alert_id))


async def status_of(pool: Pool | Connection, alert_id: UUID) -> str | None:
    """Return the CAP status of an alert, None when there is none."""
    status: str | None = await pool.fetchval(_STATUS, alert_id)
    return status


async def reached(connection: Connection, alert_id: UUID) -> int:
    """Return how many people the first message of an alert was sent to."""
    people: int = await connection.fetchval(_REACHED, alert_id)
    return people
