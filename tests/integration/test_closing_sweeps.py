"""What hundreds of alerts leave open is closed soon, and not a part of it each minute."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import sql.work
from push.fanout import tidying
from push.fanout.tidying import Tidying
from runtime.tasks import cancel_and_wait
from tests.integration.test_claims import add_alert, add_authority
from tests.support.processes.processes import until

if TYPE_CHECKING:
    import pytest

    from sql.database import Pool

SWEEPS: Final = 7
LONG_S: Final = 3600.0


async def test_closing_goes_on_while_sweeps_come_to_their_end(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few at a time, without waiting for the next minute; then nothing is looked at until that."""
    await add_authority(pool)
    await add_alert(pool, "A", due_in_min=30, rings=tuple(range(1, SWEEPS + 1)), units=1)
    await pool.execute("update sweep_unit set done = true")
    close, closed = sql.work.close_sweeps, list[int]()

    async def closing(closing_pool: Pool, sweeps_max: int) -> int:
        # The next look would be in an hour.
        monkeypatch.setattr(tidying, "EVERY_S", LONG_S)
        closed.append(await close(closing_pool, sweeps_max))
        return closed[-1]

    monkeypatch.setattr(sql.work, "close_sweeps", closing)
    for name, value in (("EVERY_S", 0.01), ("CLOSING_EVERY_S", 0.01), ("SWEEPS_MAX", 2)):
        monkeypatch.setattr(tidying, name, value)
    running = asyncio.create_task(Tidying(pool).run(), name="tidying")

    async def is_through() -> bool:
        return bool(closed) and closed[-1] == 0

    await until(is_through)
    await cancel_and_wait([running])
    assert closed == [2, 2, 2, 1, 0]
    assert await pool.fetchval("select count(*) from sweep where open") == 0
