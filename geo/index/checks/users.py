"""Read user ids out of Redis: one that is none, or that stands in the shard of others, is left out.

Each user has one form, decimal without leading zeros, and one shard; so nobody is found twice, however often somebody
wrote them. Bounded: `USER_DIGITS` digits.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from geo.index.shards import shard_of, shards_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

USER_DIGITS: Final = 19
USER_MAX: Final = (1 << 63) - 1
_DIGITS: Final = b"0123456789"


class Checked(NamedTuple):
    """The members of some shards that are users of these, by shard, and how many others there were.

    `ids`: all of them as numbers, in the same order.
    """

    members: list[list[bytes]]
    ids: NDArray[np.int64]
    skipped: int


def user_ids(recipients: Sequence[bytes]) -> NDArray[np.int64]:
    """Read user ids from decimal bytes; ValueError when one is none: the ledger names all or none."""
    if not recipients:
        return np.empty(0, dtype=np.int64)
    text = b" ".join(recipients)
    # As many blanks as there are gaps: none lies within a member, and no member is empty.
    if text.translate(None, _DIGITS) != b" " * (len(recipients) - 1):
        raise ValueError("not user ids")
    if (text.startswith(b"0") or b" 0" in text) and not all(map(is_user, recipients)):
        raise ValueError("not user ids")
    users = np.fromstring(text, dtype=np.int64, sep=" ")
    if users.size != len(recipients):
        raise ValueError("not user ids")
    if users.max() == USER_MAX and len(readable_users(recipients)) < len(recipients):
        # What is too large for an id is read as the largest one.
        raise ValueError("not user ids")
    return users


def is_user(member: bytes) -> bool:
    """Tell whether this is a user id in its one form."""
    is_number = 0 < len(member) <= USER_DIGITS and member.isdigit() and int(member) <= USER_MAX
    return is_number and (not member.startswith(b"0") or member == b"0")


def readable_users(members: Iterable[bytes]) -> list[bytes]:
    """Return those that are user ids."""
    return [one for one in members if is_user(one)]


def checked(shards: Sequence[int], found: Sequence[list[bytes]]) -> Checked:
    """Return the members found in these shards without those that are no users, or users of another shard."""
    try:
        users = user_ids([*chain.from_iterable(found)])
    except ValueError:
        pass
    else:
        if (shards_of(users) == np.repeat(np.array(shards, dtype=np.int64), [len(some) for some in found])).all():
            return Checked([*found], users, 0)
    kept = [
        [one for one in readable_users(some) if shard_of(int(one)) == shard]
        for shard, some in zip(shards, found, strict=True)
    ]
    users = user_ids([*chain.from_iterable(kept)])
    return Checked(kept, users, sum(map(len, found)) - users.size)
