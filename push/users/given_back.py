"""Gives Redis back what the record keeps of users: what they prefer, and who was forgotten.

A Redis that evicted keys, or is another one than before, may lack both, and an older state that nobody saw coming, too.
Bounded: all of it once each `REPLAY_S`, and once after each change.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from push.users.forgotten_users import MARGIN, ForgottenUsers
from push.users.kept_preferences import KeptPreferences

if TYPE_CHECKING:
    from datetime import timedelta

    from push.stores import EngineStores

REPLAY_S: Final = 3600.0
"""An older state that nobody saw coming brings forgotten users back for an hour at most."""


class GivenBack:
    """What is to be given back; each call may raise the errors of both stores, and is made again."""

    def __init__(self, stores: EngineStores, kept: timedelta) -> None:
        """`kept`: for how long who was forgotten is remembered."""
        self.preferences = KeptPreferences(stores.pool, stores.index.preferences)
        self._forgotten, self._kept = ForgottenUsers(stores, kept), kept + MARGIN
        self._is_other = False
        self._preferred_s = self._forgotten_s = float("-inf")

    def to_another(self) -> None:
        """Note that Redis is another one than before: all is given back at the next call."""
        self._is_other = True
        self._preferred_s = self._forgotten_s = float("-inf")

    async def give_preferences(self) -> None:
        """Give Redis all that users prefer where it is another one, else what changed lately."""
        if _now_s() - self._preferred_s <= REPLAY_S:
            return
        if self._is_other:
            await self.preferences.restore()
        else:
            await self.preferences.replay()
        await self.preferences.tidy(self._kept)
        self._is_other, self._preferred_s = False, _now_s()

    async def forget_again(self) -> None:
        """Forget again who was forgotten."""
        if _now_s() - self._forgotten_s > REPLAY_S:
            await self._forgotten.replay()
            self._forgotten_s = _now_s()


def _now_s() -> float:
    return asyncio.get_running_loop().time()
