"""Languages of a unit: numbers those of its texts, and says in which one a recipient was first notified.

Bounded: as many languages as the alert has texts; the recipients notified before are those of one unit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from push.message.content import LOCALE_DEFAULT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from push.message.content import Content

UNKNOWN: Final = -1
"""The number of no language: nobody was notified yet, or an earlier version did not record in which one."""


class Languages:
    """The languages in which one unit's notice is written, by number."""

    def __init__(self, content: Content, notice: str) -> None:
        self._content = content
        self._notice = notice
        self._names: list[str] = []
        self._usual: int | None = None
        self._users: NDArray[np.int64] | None = None
        self._firsts: NDArray[np.int16] | int = UNKNOWN

    def number(self, locale: str) -> int:
        """Return the number of the text that a reader of `locale` gets."""
        if locale == LOCALE_DEFAULT and self._usual is not None:
            return self._usual
        known, _ = self._content.text_for(locale, self._notice)
        if known not in self._names:
            self._names.append(known)
        number = self._names.index(known)
        if locale == LOCALE_DEFAULT:
            self._usual = number
        return number

    def name(self, number: int) -> str:
        """Return the locale of a text."""
        return self._names[number]

    def note_first(self, parts: Sequence[tuple[str | None, NDArray[np.int64]]]) -> NDArray[np.int64]:
        """Take users by the locale in which they were notified, the first time first; returns each once, sorted."""
        numbers = [UNKNOWN if locale is None else self.number(locale) for locale, _ in parts]
        users = np.concatenate([users for _, users in parts]) if parts else np.empty(0, dtype=np.int64)
        # Each part is sorted, which the stable sort makes use of; it keeps those of one user in the order of time.
        order = np.argsort(users, kind="stable") if len({*numbers}) > 1 else None
        users = np.sort(users, kind="stable") if order is None else users[order]
        is_first = np.ones(users.size, dtype=np.bool_)
        np.not_equal(users[1:], users[:-1], out=is_first[1:])
        self._users, self._firsts = users[is_first], numbers[0] if numbers else UNKNOWN
        if order is not None:
            each = np.repeat(np.array(numbers, dtype=np.int16), [users.size for _, users in parts])
            self._firsts = each[order][is_first]
        return self._users

    def first_of(self, users: NDArray[np.int64]) -> NDArray[np.int16] | None:
        """Return in which language each user was first notified, or `UNKNOWN`; None: nobody was."""
        if self._users is None or not self._users.size:
            return None
        if isinstance(self._firsts, int):
            return np.full(users.size, self._firsts, dtype=np.int16)
        rows = np.minimum(np.searchsorted(self._users, users), self._users.size - 1)
        return np.where(self._users[rows] == users, self._firsts[rows], np.int16(UNKNOWN))
