"""The watch of the index: raises an alarm while Redis does not answer.

Without Redis no recipient is found, and what is to be sent waits. Bounded: a question every `ASK_S`, each within
`ANSWER_S`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from geo.connection import UNAVAILABLE_ERRORS
from push.alarm_kinds import AlarmKind
from push.alarms import EVERY_LANE
from runtime.tasks import raise_if_cancelled

if TYPE_CHECKING:
    from geo.index.position_index import PositionIndex
    from push.alarms import AlarmBoard

ASK_S: Final = 1.0
ANSWER_S: Final = 2.0
"""As long as a server waits before it says that it is not ready."""

STORE: Final = "redis"


class IndexWatch:
    """Raises and clears the alarm about Redis."""

    def __init__(self, index: PositionIndex, alarms: AlarmBoard) -> None:
        self._index = index
        self._alarms = alarms

    async def run(self) -> None:
        """Ask until cancelled."""
        while True:
            if await self._answers():
                self._alarms.clear(AlarmKind.STORE_AWAY, EVERY_LANE, None, STORE)
            else:
                detail = "Redis does not answer: nobody is found, and reports are not taken, until it does"
                self._alarms.raise_alarm(AlarmKind.STORE_AWAY, EVERY_LANE, None, detail, STORE)
            raise_if_cancelled()
            await asyncio.sleep(ASK_S)

    async def _answers(self) -> bool:
        """Tell whether Redis answers this question, and those of everybody else."""
        try:
            await self._index.ping(ANSWER_S)
        except (*UNAVAILABLE_ERRORS, TimeoutError):
            return False
        return self._index.waiting.is_answered(ANSWER_S)
