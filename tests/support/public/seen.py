"""Sightings of an alert for tests of what operators see: put straight into the record, as the collector does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from public.sightings.adding import KeptPhoto
from sql.database import open_pool
from tests.support.public.reports import report_of, sealing_of, take

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.support.processes.deployment import Deployment

TAKEN: Final = KeptPhoto(
    number=1,
    size_bytes=2_000_000,
    hash=0x0F0F_1234_5678_9ABC,
    taken_at=datetime.now(UTC) - timedelta(hours=3),
    longitude=114.07,
    latitude=22.55,
    width=1200,
    height=900,
)
"""A photo whose camera wrote when and where."""


async def seen(deployment: Deployment, alert: str, *reports: dict[str, Any]) -> list[str]:
    """Have an alert have these sightings, the first of them the oldest; returns their ids. `photos`: of a report."""
    pool = await open_pool(deployment.database_url)
    now, found = datetime.now(UTC), []
    try:
        for number, told in enumerate(reports):
            known: dict[str, Any] = {"received_at": now - timedelta(minutes=len(reports) - number)} | told
            photos: Sequence[KeptPhoto] = known.pop("photos", ())
            report = report_of(alert, known.pop("what"), **known)
            assert await take(pool, sealing_of(deployment), report, photos) is not None
            found.append(str(report.id))
    finally:
        await pool.close()
    return found
