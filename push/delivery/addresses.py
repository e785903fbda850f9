"""Addresses: looks up how each recipient of a batch is reached, right before it is sent.

Recipients forgotten or gone from the lane since they were found are left out, and those who want no such message. A
lane of accounts asks for addresses only where somebody may read another language than the usual one. Who may have been
notified already keeps the language that it was in: a follow-up notice comes in the first one, whatever the index says
now. Bounded by the batch.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import numpy as np

from geo.connection import UNAVAILABLE_ERRORS
from geo.index.checks.unreadable import UnreadableKind
from push.delivery.outcomes import Addressed
from push.message.content import LOCALE_DEFAULT
from push.provider import Addressing
from push.users.preferring import preferring_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from geo.index.forgetting import Forgetting
    from geo.index.locales import NonDefaultLocales
    from geo.index.position_index import PositionIndex
    from push.fanout.claims.unit import Batch
    from push.users.preferring import Preferring


class Addresses:
    """Knows how people are reached in one lane."""

    def __init__(
        self,
        lane: str,
        addressing: Addressing,
        *,
        index: PositionIndex,
        forgetting: Forgetting,
        non_default_locales: NonDefaultLocales,
    ) -> None:
        self._lane = lane
        self._addressing = addressing
        self._index = index
        self._forgetting = forgetting
        self._non_default_locales = non_default_locales

    async def of(self, batch: Batch) -> Addressed | None:
        """Return how each recipient is reached, without those forgotten or gone from the lane; None: Redis is away."""
        # Who is said to be forgotten is looked up: the index forgot them before that, or they never asked for it.
        looks_again = self._forgetting.must_look(batch.found_s) or self._forgetting.are_among(batch.recipients)
        wanted: NDArray[np.bool_] | None = None
        silent: frozenset[int] = frozenset()
        by_token, devices = self._addressing is Addressing.DEVICES, None
        try:
            if by_token:
                devices = await self._index.reached_at(self._lane, batch.users)
                self._index.unreadable.report(UnreadableKind.DEVICE, devices.tokens.count(b""))
                if None in devices.tokens:
                    wanted = np.array([token is not None for token in devices.tokens], dtype=np.bool_)
            elif looks_again:
                wanted = await self._index.present(self._lane, batch.users)
                batch.found_s = asyncio.get_running_loop().time()
            if not by_token and await self._may_read_others(batch):
                devices = await self._index.reached_at(self._lane, batch.users)
            subject, notice = batch.unit.content.subject_kind, batch.unit.row.notice
            preferring = await preferring_of(self._index, batch.users, subject=subject, notice=notice)
        except (*UNAVAILABLE_ERRORS, TimeoutError):
            return None
        opted_out = 0
        if preferring.takers is not None:
            there = preferring.takers if wanted is None else wanted & preferring.takers
            opted_out = (batch.size if wanted is None else int(wanted.sum())) - int(there.sum())
            wanted = there
        batch.reminded = _reminded(batch, preferring)
        if preferring.silent is not None and not batch.unit.silent:
            heard = preferring.silent if wanted is None else preferring.silent[wanted]
            silent = frozenset(np.flatnonzero(heard).tolist())
        if wanted is not None and not wanted.all():
            devices = None if devices is None else devices.kept(wanted.tolist())
            batch.keep(wanted)
        batch.languages = _languages(batch, {} if devices is None else devices.locales)
        names = batch.recipients
        if by_token and devices is not None:
            names = [token for token in devices.tokens if token is not None]
        return Addressed(
            names,
            batch.languages,
            batch.unit.languages,
            by_token=by_token,
            read_ms=self._index.clock_ms(),
            silent=silent,
            opted_out=opted_out,
        )

    async def _may_read_others(self, batch: Batch) -> bool:
        """Tell whether somebody whose language is not settled may read another one than the usual one."""
        open_to = batch.users[~batch.keeps_language()]
        return bool(open_to.size) and await self._non_default_locales.among(open_to)


def _reminded(batch: Batch, preferring: Preferring) -> NDArray[np.bool_] | None:
    """Return who of a batch is to be reminded in the morning; None: nobody, or the policy has no reminders."""
    if batch.unit.morning is None:
        return None
    return preferring.reminded(batch.size, all_silent=batch.unit.silent)


def _languages(batch: Batch, locales: Mapping[int, str]) -> NDArray[np.int16]:
    """Return in which of the unit's languages each of a batch is notified; `locales`: what they read now, by place."""
    languages = batch.unit.languages
    read_now = np.full(batch.size, languages.number(LOCALE_DEFAULT), dtype=np.int16)
    numbers = {locale: languages.number(locale) for locale in {*locales.values()}}
    for place, locale in locales.items():
        read_now[place] = numbers[locale]
    return read_now if batch.languages is None else np.where(batch.keeps_language(), batch.languages, read_now)
