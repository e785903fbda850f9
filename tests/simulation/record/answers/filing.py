"""The queries about cases and webhooks, and those about deletion, which nothing here lives long enough for.

Bounded by the tables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.simulation.record.queries import answers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime, timedelta
    from uuid import UUID

    from tests.simulation.record.tables import Moment, Tables

_NOTHING = None, None, None


@answers("filing_lock", "lock")
def filing_lock(tables: Tables, _: Moment, authority: str, number: str) -> None:
    """Lock a case number: transactions run one after another here."""


@answers("case_find", "content_digest alert_id")
def case_find(tables: Tables, _: Moment, authority: str, number: str) -> Iterator[tuple[Any, ...]]:
    """Find a case."""
    yield from _cases(tables, authority, number)


def _cases(tables: Tables, authority: str, number: str) -> list[tuple[bytes, UUID]]:
    return [
        (alert.case.content_digest, alert.id)
        for alert in tables.alerts.values()
        if (alert.case.authority_id, alert.case.case_number) == (authority, number)
    ]


@answers("sealed_read", "case_id ciphertext")
def sealed_read(_: Tables, __: Moment, ___: UUID) -> Iterator[tuple[int, bytes]]:
    """Nothing is sealed of a simulated case."""
    yield from ()


@answers("filing_before", "clock_timestamp body_digest answer_status answer")
def filing_before(tables: Tables, moment: Moment, authority: str, webhook_id: str) -> Iterator[tuple[Any, ...]]:
    """Return the time, and the answer to a webhook."""
    digest, status, answer = tables.receipts.get((authority, webhook_id), _NOTHING)
    yield moment.clock, digest, status, answer


@answers("filing_standing", "body_digest answer_status answer content_digest alert_id")
def filing_standing(
    tables: Tables, _: Moment, authority: str, webhook_id: str, number: str
) -> Iterator[tuple[Any, ...]]:
    """Return the answer to a webhook, and the case of a number."""
    digest, status, answer = tables.receipts.get((authority, webhook_id), _NOTHING)
    content_digest, alert_id = next(iter(_cases(tables, authority, number)), (None, None))
    yield digest, status, answer, content_digest, alert_id


@answers("receipt_find", "body_digest answer_status answer")
def receipt_find(tables: Tables, _: Moment, authority: str, webhook_id: str) -> Iterator[tuple[Any, ...]]:
    """Find the answer to a webhook."""
    found = tables.receipts.get((authority, webhook_id))
    if found is not None:
        yield found


@answers("receipt_add")
def receipt_add(
    tables: Tables, _: Moment, authority: str, webhook_id: str, digest: bytes, status: int, answer: bytes, at: datetime
) -> None:
    """Store the answer to a webhook."""
    tables.put(tables.receipts, (authority, webhook_id), (digest, status, answer))


@answers("authority_review", "review grace_s")
def authority_review(tables: Tables, _: Moment, authority: str) -> Iterator[tuple[Any, ...]]:
    """Return an authority's review policy."""
    if authority in tables.authorities:
        yield tables.authorities[authority]


@answers("authority_hold", "review grace_s")
def authority_hold(tables: Tables, _: Moment, authority: str) -> Iterator[tuple[Any, ...]]:
    """Return the same of an authority that is not revoked: none is here."""
    if authority in tables.authorities:
        yield tables.authorities[authority]


@answers("authority_hold_free", "review grace_s")
def authority_hold_free(tables: Tables, _: Moment, authority: str) -> Iterator[tuple[Any, ...]]:
    """Return the same: nobody changes one here."""
    if authority in tables.authorities:
        yield tables.authorities[authority]


@answers("child_due", "id state")
def child_due(
    tables: Tables,
    moment: Moment,
    after_found: timedelta,
    after_end: timedelta,
    alert_id: UUID | None,
    but: Sequence[UUID],
) -> Sequence[tuple[Any, ...]]:
    """Find an alert whose child's data is due for deletion: the periods of a simulation are too long for one."""
    return ()


@answers("recipients_due", "id")
def recipients_due(
    tables: Tables, moment: Moment, after_end: timedelta, but: Sequence[UUID]
) -> Sequence[tuple[Any, ...]]:
    """Find an alert whose recipients are due for deletion, as above."""
    return ()
