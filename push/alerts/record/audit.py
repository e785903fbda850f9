"""Verifies the audit trail: how far the chain of its events holds, and the first fault.

A person who may write to the database can also remove the last events or write all of them anew, and the chain that is
left holds. So the head is written down elsewhere from time to time, as an anchor, and looked for again.
Bounded: a page of the trail (`sql.audit.PAGE`) at a time, however long it is, and an entry for each alert whose reasons
are missing before the trail explains it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import msgspec

import sql.audit
from push.alerts.lifecycle import Action
from runtime.decoding import DECODE_ERRORS
from sql.audit import FIRST, Link, reason_digest

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sql.audit import Row
    from sql.database import Connection, Pool


CHILD: Final = "child"
"""What an event that closes an alert lists as deleted."""


class Anchor(msgspec.Struct, frozen=True, kw_only=True):
    """What was written down of the trail: the digest (hexadecimal) of an event, how many there were, or both.

    `heads`: the digests that were written down by the number of their event; of two for one number one is not true.
    """

    head: str | None = None
    seq: int | None = None
    heads: Mapping[int, frozenset[str]] = {}


class Fault(msgspec.Struct, frozen=True):
    """The first event at which the chain does not hold, and what is wrong there."""

    seq: int
    what: str


class Trail(msgspec.Struct, frozen=True):
    """How far the chain holds: so many events, the digest (hexadecimal) of the last, and what is wrong after it."""

    events: int
    head: str
    fault: Fault | None


class PartOfTrail(Trail, frozen=True):
    """How far a part of the chain holds; `is_complete`: it goes to the newest event."""

    is_complete: bool


class Chain:
    """Follows the chain, row by row, from its beginning or after an event whose digest (hexadecimal) is known."""

    def __init__(self, anchor: Anchor | None = None, seq: int = 0, head: str = FIRST.hex()) -> None:
        self._anchor = anchor or Anchor()
        self._at: datetime | None = None
        self.seq = seq
        self.head = head
        self._met = self._anchor.head == self.head and not self._anchor.seq
        self._unexplained: dict[UUID | None, int] = {}

    def take(self, row: Row) -> Fault | None:
        """Follow the chain to the next row; a fault, and the chain ends before it."""
        expected = self.seq + 1
        if row.seq != expected:
            return Fault(expected, f"is missing: event {row.seq} follows event {self.seq}")
        if hashlib.sha256(row.content.encode()).digest() != row.digest:
            return Fault(expected, "its digest is not that of its content")
        try:
            link = msgspec.json.decode(row.content, type=Link)
        except DECODE_ERRORS:
            return Fault(expected, "its content is not an event")
        return self._misplaced(row, link) or self._explain(row, link) or self._follow(row, link)

    def _misplaced(self, row: Row, link: Link) -> Fault | None:
        if link.seq != row.seq:
            return Fault(row.seq, f"its content is that of event {link.seq}")
        if link.previous != self.head:
            return Fault(row.seq, "it does not follow the event before it: one of both is not what was written")
        if link.event.alert != row.alert_id:
            return Fault(row.seq, "it stands with another alert than its content says")
        if self._at is not None and link.at < self._at:
            return Fault(row.seq, "its time is before that of the event before it")
        return None

    def _explain(self, row: Row, link: Link) -> Fault | None:
        """Note a missing reason, until the trail itself has its deletion; another reason than written is a fault."""
        event, written = link.event, link.event.reason_digest
        if event.action == Action.CLOSE and event.details.get("deleted") == CHILD:
            self._unexplained.pop(event.alert, None)
        if row.reason is None or row.salt is None:
            if written is not None:
                self._unexplained.setdefault(event.alert, row.seq)
            return None
        is_written = reason_digest(row.salt, row.reason) == written
        return None if is_written else Fault(row.seq, "its reason is not what was written")

    def _follow(self, row: Row, link: Link) -> Fault | None:
        head = row.digest.hex()
        anchor = self._anchor
        if anchor.seq == row.seq and anchor.head not in {None, head}:
            return Fault(row.seq, "its digest is not the one that was written down")
        if anchor.heads.get(row.seq, frozenset({head})) != {head}:
            return Fault(row.seq, "its digest is not the one of an anchor")
        self._met = self._met or (anchor.head == head and anchor.seq in {None, row.seq})
        self.seq, self.head, self._at = row.seq, head, link.at
        return None

    def end(self) -> Fault | None:
        """End the chain: a fault when what was written down is not in it."""
        anchor = self._anchor
        if anchor.seq is not None and anchor.seq > self.seq:
            return Fault(self.seq + 1, f"is missing: there were {anchor.seq} events when the anchor was written down")
        if (newest := max(anchor.heads, default=0)) > self.seq:
            return Fault(self.seq + 1, f"is missing: an anchor has event {newest}")
        if anchor.head is not None and not self._met:
            return Fault(self.seq + 1, "is missing, or all was written anew: no event has the digest written down")
        if self._unexplained:
            return Fault(
                min(self._unexplained.values()), "its reason is missing, and no event says that it was deleted"
            )
        return None


async def verify(pool: Pool | Connection, anchor: Anchor | None = None) -> Trail:
    """Verify the whole trail, and that what was written down of it is still there."""
    chain = Chain(anchor)
    async for row in sql.audit.read(pool):
        fault = chain.take(row)
        if fault is not None:
            return Trail(chain.seq, chain.head, fault)
    return Trail(chain.seq, chain.head, chain.end())


async def verify_since(connection: Connection, first: int, limit: int) -> PartOfTrail:
    """Verify the trail from an event on to the newest, or `limit` events at most."""
    before = FIRST if first <= 1 else await sql.audit.digest_of(connection, first - 1)
    if before is None:
        return PartOfTrail(first - 1, "", Fault(first - 1, "is missing"), is_complete=True)
    chain = Chain(None, first - 1, before.hex())
    async for row in sql.audit.read(connection, after=first - 1):
        if chain.seq - first + 1 >= limit:
            return PartOfTrail(chain.seq, chain.head, None, is_complete=False)
        if (fault := chain.take(row)) is not None:
            return PartOfTrail(chain.seq, chain.head, fault, is_complete=True)
    return PartOfTrail(chain.seq, chain.head, chain.end(), is_complete=True)
