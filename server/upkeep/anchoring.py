"""Writes the head of the audit trail down outside of the database, so that a trail that was cut is found.

The log event `audit.anchor` leaves the machine with the log, and a file takes the same line where one is set.
Bounded: one line every `every_s` while the trail changes, one at the end, within
`LAST_S`; `WRITE_S` for the file.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import msgspec
import structlog

import sql.audit
import sql.grants
from push.alarm_kinds import AlarmKind
from push.alarms import EVERY_LANE
from runtime.retry import repeat_when_available
from runtime.tasks import run_with_timeout
from server.upkeep.anchor_file import append
from sql.database import UNAVAILABLE_ERRORS

if TYPE_CHECKING:
    from contextlib import AsyncExitStack
    from pathlib import Path

    from push.alarms import AlarmBoard
    from server.settings_sections import AuditSettings
    from sql.audit import Position
    from sql.database import Pool

EVENT: Final = "audit.anchor"
LAST_S: Final = 1.0
"""A server that ends waits no longer for its last anchor: the next one to start writes it."""

WRITE_S: Final = 10.0
"""A disk that does not answer holds up the next anchor, and nothing else."""

_EVERY_LEVEL: Final = structlog.make_filtering_bound_logger(0)


class Anchors:
    """Anchors of the trail that one server writes; every server writes its own, and equal ones are one."""

    def __init__(self, pool: Pool, alarms: AlarmBoard, file: Path | None, every_s: float) -> None:
        self._pool = pool
        self._alarms = alarms
        self._file = file
        self._every_s = every_s
        self._appending: threading.Thread | None = None
        self._logged: Position | None = None
        self._filed: Position | None = None
        # Whatever level the log has: an anchor that is not written protects nothing.
        self._log = structlog.wrap_logger(structlog.PrintLogger(sys.stderr), wrapper_class=_EVERY_LEVEL)

    async def run(self) -> None:
        """Write an anchor now, and again and again until cancelled."""
        await repeat_when_available(self.write, self._every_s, UNAVAILABLE_ERRORS, "postgresql")

    async def warn(self) -> None:
        """Warn, once at the start, where this process could change the trail so that only anchors show it."""
        if found := await sql.grants.weaknesses(self._pool):
            self._log.warning("audit.unprotected", role=found, do="set [database] owner_url: docs/operations.md")

    async def write(self) -> None:
        """Write the head down where that is not done; one of `UNAVAILABLE_ERRORS` when the record does not answer."""
        head = await sql.audit.newest(self._pool)
        if head is None:
            return
        if head != self._logged:
            self._log.info(EVENT, seq=head.seq, digest=head.digest.hex(), at=head.at.isoformat())
            self._logged = head
        if self._file is not None and head != self._filed and await self._append(self._file, head):
            self._filed = head

    async def write_last(self) -> None:
        """Write the head down when the server ends; without an answer of the record it is left."""
        try:
            if await run_with_timeout(self.write(), LAST_S):
                return
            error = "TimeoutError"
        except UNAVAILABLE_ERRORS as away:
            error = type(away).__name__
        self._log.warning("audit.unanchored", error=error)

    async def _append(self, file: Path, head: Position) -> bool:
        line = {"event": EVENT, "seq": head.seq, "digest": head.digest.hex(), "at": head.at}
        try:
            async with asyncio.timeout(WRITE_S):
                await self._in_thread(file, msgspec.json.encode(line))
        except (OSError, TimeoutError) as error:
            detail = f"{file}: {getattr(error, 'strerror', None) or type(error).__name__}"
            self._alarms.raise_alarm(AlarmKind.ANCHOR_REFUSED, EVERY_LANE, None, detail)
            return False
        self._alarms.clear(AlarmKind.ANCHOR_REFUSED, EVERY_LANE, None)
        return True

    async def _in_thread(self, file: Path, line: bytes) -> None:
        """Append in a thread that the end of the process does not wait for; TimeoutError while an earlier one hangs."""
        if self._appending is not None and self._appending.is_alive():
            raise TimeoutError
        loop, done = asyncio.get_running_loop(), asyncio.Event()
        refused: list[OSError] = []

        def work() -> None:
            try:
                append(file, line)
            except OSError as error:
                refused.append(error)
            # A loop that is closed waits for nobody.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(done.set)

        self._appending = threading.Thread(target=work, name="anchor", daemon=True)
        self._appending.start()
        await done.wait()
        if refused:
            raise refused[0]


async def entered(stack: AsyncExitStack, settings: AuditSettings, pool: Pool, alarms: AlarmBoard) -> Anchors:
    """Return what writes anchors; the last one as the stack ends, while the record is still open."""
    anchors = Anchors(pool, alarms, settings.anchor_file, settings.anchor_every_s)
    await anchors.warn()
    stack.push_async_callback(anchors.write_last)
    return anchors
