"""The rows of the ledger that a batch's outcomes make: by outcome, by what reached people, and by where they are.

Bounded by the batch.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from geo.index.shards import shards_of, span_of
from push.fanout.packing import pack
from push.notice import Notice
from push.results import Outcome
from sql.ledger import LedgerRow, Reminding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from push.fanout.claims.unit import Batch

    Settled: TypeAlias = Mapping[Outcome, NDArray[np.bool_] | None]
    """Who of a batch, in order, had an outcome; None: all of them."""

BATCH_ID_MAX: Final = 2**63 - 1
REACHED: Final = frozenset({Outcome.ACCEPTED, Outcome.INDETERMINATE})
"""Who had these gets the follow-up notices."""

ENTRANTS_SPAN: Final = 16
"""Shards in a row of late entrants, who are few and in all shards: more shards cost less to write, and more to read.
Rows of more have an index of their own (`ledger_wide`), which is for few."""


def rows_of(batch: Batch, settled: Settled, lane: str) -> list[LedgerRow]:
    """Return the ledger rows of a batch's outcomes: one an outcome, and one a language of those whom an alert reached.

    Who is to be reminded has rows apart. Of late entrants there is one for each span of shards. Each row has the shards
    of its own recipients, so that who asks for one shard reads those of few others.
    """
    row = batch.unit.row
    parts = [
        (outcome, number, locale, reminding, *span_of(users), users)
        for outcome, mask in settled.items()
        for number, (locale, reminding, same) in enumerate(_by_message(batch, outcome, mask))
        for users in (_by_span(same) if row.entrants else [same])
        if users.size
    ]
    return [
        LedgerRow(
            row.alert_id,
            row.notice,
            shard_from,
            shard_to,
            _row_id(batch, outcome, number, packed, reminding),
            outcome.value,
            lane,
            row.id,
            users.size,
            packed,
            row.message_version,
            locale,
            reminding,
        )
        for outcome, number, locale, reminding, shard_from, shard_to, users in parts
        for packed in [pack(users)]
    ]


def _row_id(batch: Batch, outcome: Outcome, number: int, packed: bytes, reminding: Reminding | None) -> int:
    """Return what tells a row of the same outcome and shard from others.

    Who may have been notified is recorded at each attempt, because the record may have gone back since the last one.
    The same recipients have the same id each time, so that this adds no row. A reminder is taken back by its batch.
    """
    if outcome is Outcome.INDETERMINATE and not batch.unit.is_reminder:
        unit = b"%d:%d:" % (batch.unit.row.id, reminding is not None)
        return int.from_bytes(blake2b(unit + packed, digest_size=8).digest()) & BATCH_ID_MAX
    # Rows that differ by language are told apart by it.
    return (batch.batch_id + number) & BATCH_ID_MAX


def _by_message(
    batch: Batch, outcome: Outcome, mask: NDArray[np.bool_] | None
) -> Iterator[tuple[str | None, Reminding | None, NDArray[np.int64]]]:
    """Split who had an outcome by what reached them: in which language, and whether they are to be reminded of it."""
    if batch.reminded is None or batch.unit.morning is None or outcome not in REACHED:
        for locale, users in _by_language(batch, outcome, mask):
            yield locale, None, users
        return
    everybody = np.ones(batch.size, dtype=np.bool_) if mask is None else mask
    for reminding, some in (
        (None, everybody & ~batch.reminded),
        (Reminding(*batch.unit.morning), everybody & batch.reminded),
    ):
        if some.any():
            for locale, users in _by_language(batch, outcome, some):
                yield locale, reminding, users


def _by_language(
    batch: Batch, outcome: Outcome, mask: NDArray[np.bool_] | None
) -> Iterator[tuple[str | None, NDArray[np.int64]]]:
    """Split who had an outcome by the language of the alert that reached them; no follow-up notice asks for others."""
    users = batch.users if mask is None else batch.users[mask]
    if batch.languages is None or batch.unit.row.notice != Notice.ALERT or outcome not in REACHED or not users.size:
        yield None, users
        return
    languages = batch.languages if mask is None else batch.languages[mask]
    for number in [languages[0]] if (languages == languages[0]).all() else np.unique(languages):
        yield batch.unit.languages.name(int(number)), users[languages == number]


def _by_span(users: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Split users by spans of shards, so that who reads the ledger of some shards does not read all late entrants."""
    spans = shards_of(users) // ENTRANTS_SPAN
    for span in np.unique(spans).tolist():
        yield users[spans == span]
