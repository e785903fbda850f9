"""The audit chain: every change, gap, insertion or move is found, and the event's number is named."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from push.alerts.record.audit import Anchor, Chain, Fault
from sql.audit import FIRST, AuditEvent, Entry, Link, Row, linked

BEGAN = datetime(2026, 11, 23, 8, tzinfo=UTC)
WORDS = st.text("abcdefgh孩子", min_size=1, max_size=8)
EVENTS = st.builds(
    AuditEvent,
    actor=WORDS,
    action=WORDS,
    alert=st.none() | st.integers(1, 3).map(lambda number: UUID(int=number)),
    before=st.none() | WORDS,
    after=st.none() | WORDS,
    reason=st.just("") | WORDS,
    details=st.dictionaries(WORDS, st.integers(), max_size=2),
)
FIELDS_OF_EVENT = ("actor", "action", "before", "after")


def chained(events: list[AuditEvent]) -> list[Row]:
    """Return the rows of events; every other event has the time of the one before it."""
    rows: list[Row] = []
    for seq, event in enumerate(events, 1):
        previous = rows[-1].digest if rows else FIRST
        rows.append(linked(seq, BEGAN + timedelta(seconds=seq // 2), previous, event))
    return rows


CHAINS = st.lists(EVENTS, min_size=2, max_size=8).map(chained)


def fault_of(rows: list[Row], anchor: Anchor | None = None) -> Fault | None:
    chain = Chain(anchor)
    return next((fault for row in rows if (fault := chain.take(row))), None) or chain.end()


def seq_of(fault: Fault | None) -> int | None:
    return None if fault is None else fault.seq


def forged(row: Row, **changes: Any) -> Row:  # noqa: ANN401 - fields of a link or of its event
    """Return a row with its content changed and hashed anew, as by somebody who knows how the chain is made."""
    link = msgspec.json.decode(row.content, type=Link)
    in_event = {name: value for name, value in changes.items() if name in Entry.__struct_fields__}
    others = {name: value for name, value in changes.items() if name not in in_event}
    event = msgspec.structs.replace(link.event, **in_event)
    content = msgspec.json.encode(msgspec.structs.replace(link, event=event, **others), order="deterministic")
    return msgspec.structs.replace(row, content=content.decode(), digest=hashlib.sha256(content).digest())


def head(rows: list[Row]) -> Anchor:
    return Anchor(head=rows[-1].digest.hex(), seq=rows[-1].seq)


@given(CHAINS, st.data())
def test_an_unchanged_chain_verifies_with_every_head_it_ever_had(rows: list[Row], data: st.DataObject) -> None:
    """No false alarm: not for equal times, for an anchor of any age, or for the anchor of the empty trail."""
    assert fault_of(rows) is None
    before = data.draw(st.integers(0, len(rows)))
    digest = rows[before - 1].digest.hex() if before else FIRST.hex()
    for anchor in (Anchor(head=digest), Anchor(seq=before), Anchor(head=digest, seq=before)):
        assert fault_of(rows, anchor) is None


@given(CHAINS, st.data())
def test_any_change_of_a_row_is_found_at_that_row(rows: list[Row], data: st.DataObject) -> None:
    """A character of the content, a bit of the digest, the number or the alert: the seq of the row is named."""
    at = data.draw(st.integers(0, len(rows) - 1))
    row = rows[at]
    place = data.draw(st.integers(0, len(row.content) - 1))
    character = data.draw(st.characters(codec="utf-8").filter(lambda one: one != row.content[place]))
    bit = data.draw(st.integers(0, 255))
    flipped = (int.from_bytes(row.digest) ^ (1 << bit)).to_bytes(32)
    alert = UUID(int=99) if row.alert_id is None else None
    for changed in (
        msgspec.structs.replace(row, content=row.content[:place] + character + row.content[place + 1 :]),
        msgspec.structs.replace(row, digest=flipped),
        msgspec.structs.replace(row, alert_id=alert),
        msgspec.structs.replace(row, seq=data.draw(st.integers().filter(lambda seq: seq != row.seq))),
    ):
        assert seq_of(fault_of([*rows[:at], changed, *rows[at + 1 :]])) == at + 1


@given(CHAINS, st.data())
def test_a_forged_event_is_found_at_itself_or_at_the_next(rows: list[Row], data: st.DataObject) -> None:
    """Even with a new digest the event must fit its place, and the next event still names the old digest."""
    at = data.draw(st.integers(0, len(rows) - 1))
    place: dict[str, Any] = data.draw(
        st.sampled_from(
            [{"seq": at + 2}, {"previous": "ab" * 32}, {"alert": UUID(int=99)}, {"at": BEGAN - timedelta(days=1)}]
        )
    )
    is_free = at == 0 and "at" in place  # No event precedes the first, so only the next one reveals it.
    found = seq_of(fault_of([*rows[:at], forged(rows[at], **place), *rows[at + 1 :]]))
    assert found == (2 if is_free else at + 1)
    field = data.draw(st.sampled_from(FIELDS_OF_EVENT))
    said = forged(rows[at], **{field: "somebody else's word"})
    lied = [*rows[:at], said, *rows[at + 1 :]]
    if at + 1 < len(rows):
        assert seq_of(fault_of(lied)) == at + 2
    else:
        assert fault_of(lied) is None, "only an anchor protects the last event"
    assert fault_of(lied, head(rows)) is not None


@given(CHAINS, st.data())
def test_a_reason_is_what_was_written_or_was_deleted_in_its_time(rows: list[Row], data: st.DataObject) -> None:
    """A reason changed, added, salted anew or deleted early is found; deleted on time, it leaves the chain valid."""
    at = data.draw(st.integers(0, len(rows) - 1))
    row = rows[at]

    def found(**changes: Any) -> int | None:  # noqa: ANN401 - fields of a row
        changed = msgspec.structs.replace(row, **changes)
        return seq_of(fault_of([*rows[:at], changed, *rows[at + 1 :]]))

    assert found(reason="another", salt=row.salt or bytes(16)) == at + 1
    assert found(reason="", salt=bytes(16)) == at + 1
    taken = {"reason": None, "salt": None}
    assert found(**taken) == (None if row.reason is None else at + 1)
    without = [*rows[:at], msgspec.structs.replace(row, **taken), *rows[at + 1 :]]
    for alert, is_told in ((row.alert_id, True), (UUID(int=99), row.reason is None)):
        closes = AuditEvent(actor="system", action="close", alert=alert, details={"deleted": "child"})
        last = linked(len(rows) + 1, BEGAN + timedelta(days=1), rows[-1].digest, closes)
        assert (fault_of([*without, last]) is None) == is_told, "the trail itself records which reasons were deleted"
    if row.reason is not None:
        assert found(salt=bytes(16)) == at + 1
        again = linked(1, BEGAN, FIRST, AuditEvent(actor="a", action="b", reason=row.reason))
        assert hashlib.sha256(row.reason.encode()).hexdigest() not in again.content, "no guess finds the reason"


@given(CHAINS, EVENTS, st.data())
def test_gaps_insertions_and_moves_are_found_where_they_are(
    rows: list[Row], event: AuditEvent, data: st.DataObject
) -> None:
    """A gap is found at its number; with numbers closed up, the first event that does not belong there is named."""
    at = data.draw(st.integers(0, len(rows) - 2))
    other = data.draw(st.integers(at + 1, len(rows) - 1))

    def numbered(moved: list[Row]) -> list[Row]:
        return [msgspec.structs.replace(row, seq=seq) for seq, row in enumerate(moved, 1)]

    left_out = [*rows[:at], *rows[at + 1 :]]
    assert seq_of(fault_of(left_out)) == at + 1
    assert seq_of(fault_of(numbered(left_out))) == at + 1
    swapped = list(rows)
    swapped[at], swapped[other] = rows[other], rows[at]
    assert seq_of(fault_of(swapped)) == at + 1
    assert seq_of(fault_of(numbered(swapped))) == at + 1
    new = linked(at + 1, BEGAN + timedelta(seconds=(at + 1) // 2), rows[at - 1].digest if at else FIRST, event)
    assert seq_of(fault_of([*rows[:at], new, *rows[at:]])) == at + 2
    assert seq_of(fault_of(numbered([*rows[:at], new, *rows[at:]]))) == at + 2


@given(CHAINS, st.lists(EVENTS, min_size=8, max_size=8), st.data())
def test_a_truncated_or_rewritten_trail_is_found_with_an_anchor(
    rows: list[Row], others: list[AuditEvent], data: st.DataObject
) -> None:
    """Both leave a valid chain; a head written down before, or only the number of events, reveals them."""
    left = rows[: data.draw(st.integers(0, len(rows) - 1))]
    anchor = head(rows)
    assert fault_of(left) is None
    for one in (anchor, Anchor(head=anchor.head), Anchor(seq=anchor.seq)):
        assert seq_of(fault_of(left, one)) == len(left) + 1
    anew = chained([msgspec.structs.replace(one, actor="somebody else") for one in others])
    assert fault_of(anew) is None
    assert seq_of(fault_of(anew, anchor)) == anchor.seq
    assert fault_of(anew, Anchor(head=anchor.head)) is not None
