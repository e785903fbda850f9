"""Outcomes: addresses a batch, and splits a send result into settled outcomes and recipients to retry.

Bounded by the batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geo.index.devices import DeadToken
from push.results import Outcome, RecipientStatus, SendResult, merge

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from push.delivery.recording.rows import Settled
    from push.fanout.claims.languages import Languages

OPTED_OUT = "opted_out"
"""Beside the outcomes: nothing was sent, and the ledger knows nothing of it, so that a later pass looks again."""

_BAD = frozenset({RecipientStatus.INVALID, RecipientStatus.QUARANTINED})
_OPEN = frozenset({RecipientStatus.RETRY, RecipientStatus.INDETERMINATE})
_NOT_ANSWERED = _OPEN | {RecipientStatus.MALFORMED}


class Addressed:
    """The recipients of a batch as its provider knows them, and in which language each reads.

    `names`: what the provider is given of each recipient of the batch, in order: their tokens if `by_token`, else their
    accounts. `numbers`: in which of the unit's languages each reads it. `silent`: the places of those who want no sound
    now; `opted_out`: how many were left out because they want no such message. `read_ms`: when the names were read,
    by the record's clock, by which the index keeps reports.
    """

    def __init__(
        self,
        names: Sequence[bytes],
        numbers: NDArray[np.int16],
        languages: Languages,
        *,
        by_token: bool,
        read_ms: int,
        silent: frozenset[int] = frozenset(),
        opted_out: int = 0,
    ) -> None:
        self._silent = silent
        self.opted_out = opted_out
        self._names = names
        self._numbers = numbers
        self._languages = languages
        self._by_token = by_token
        self._read_ms = read_ms

    def by_locale(self, recipients_max: int) -> Iterator[tuple[str, Sequence[int]]]:
        """Yield the places in the batch of those who read one language, up to `recipients_max` in all."""
        count = min(recipients_max, len(self._names))
        if not count:
            return
        numbers = self._numbers[:count]
        if (numbers == numbers[0]).all():
            yield self._languages.name(int(numbers[0])), range(count)
            return
        rows: dict[int, list[int]] = {}
        for row, number in enumerate(numbers.tolist()):
            rows.setdefault(number, []).append(row)
        for number, some in rows.items():
            yield self._languages.name(number), some

    def by_message(self, recipients_max: int) -> Iterator[tuple[str, bool, Sequence[int]]]:
        """Yield the places in the batch of those who get one message, with its language and whether it is silent."""
        for locale, rows in self.by_locale(recipients_max):
            if self._silent.isdisjoint(rows):
                yield locale, False, rows
                continue
            for silent in (False, True):
                if chosen := [row for row in rows if (row in self._silent) is silent]:
                    yield locale, silent, chosen

    def chosen(self, rows: Sequence[int]) -> Sequence[bytes]:
        """Return what the provider is given for some places."""
        return self._names if len(rows) == len(self._names) else [self._names[row] for row in rows]

    def judged(self, users: NDArray[np.int64], result: SendResult) -> tuple[int, int, list[DeadToken]]:
        """Return how many tokens were answered, how many of these are bad here, and whom to remove.

        Where the provider does not say since when, a token is dead since it was read for this request.
        """
        if result.statuses is None or not self._by_token:
            return len(self._names), 0, []
        answered = sum(recipient_status not in _NOT_ANSWERED for recipient_status in result.statuses)
        bad = sum(recipient_status in _BAD for recipient_status in result.statuses)
        dead = [
            DeadToken(int(users[row]), self._names[row], result.dead_since_ms.get(row, self._read_ms))
            for row, recipient_status in enumerate(result.statuses)
            if recipient_status is RecipientStatus.INVALID
        ]
        return answered, bad, dead


def merge_results(parts: list[tuple[Sequence[int], SendResult]], recipients: int) -> SendResult:
    """Return the results of a batch's requests, one a message, as one; recipients in no request are to be retried.

    The request status is that of the last request that was sent.
    """
    rows, last = parts[-1]
    if len(parts) == 1 and len(rows) == recipients:
        return last
    return merge(parts, recipients, decisive=next((one for _, one in reversed(parts) if one.asked), last))


def sort_outcomes(result: SendResult) -> tuple[Settled, NDArray[np.bool_] | None]:
    """Split a send result into settled outcomes and recipients to retry; indeterminate ones are in both."""
    if result.statuses is None:
        return {Outcome.ACCEPTED: None}, None
    statuses = set(result.statuses)
    outcomes: dict[Outcome, NDArray[np.bool_]] = {}
    again: NDArray[np.bool_] | None = None
    for status in statuses:
        mask = np.array([one is status for one in result.statuses])
        if status in _OPEN:
            again = mask if again is None else again | mask
        if (outcome := status.outcome) is not None:
            outcomes[outcome] = outcomes[outcome] | mask if outcome in outcomes else mask
    return {**outcomes}, again
