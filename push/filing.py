"""Filing: a checked case flows in, a committed alert with its sweeps flows out, or the answer given before.

Case, alert, sweeps and the webhook's receipt are one transaction: the answer is given after it stands.
Bounded: one alert a case number; the area's radius by `FilingPlan.radius_max_km`.
"""

from __future__ import annotations

import enum
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import msgspec

import sql.filing
import sql.progress
from geo.area import Circle
from geo.shards import SHARDS
from push.estimate import estimate
from push.model import Notice
from sql.filing import AlertRow, ReceiptRow, SweepPlan

if TYPE_CHECKING:
    from collections.abc import Callable

    from geo.index import PositionIndex
    from push.alarms import AlarmBoard
    from sql.database import Connection, Pool
    from sql.progress import ListedAlert

SHARDS_PER_UNIT = 16
"""64 units a sweep: enough for several processes to share, and few requests that are not full."""

DEADLINE = timedelta(minutes=30)
EXPIRY = timedelta(hours=72)

HTTP_OK, HTTP_ACCEPTED, HTTP_CONFLICT = 200, 202, 409


class FilingPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What every alert gets: its radius, and the lanes with their rates (recipients a second)."""

    radius_km: float
    lanes: dict[str, float | None]


class Filing(msgspec.Struct, frozen=True, kw_only=True):
    """A case whose signature and fields are checked. Degrees in WGS-84; `content` is the case as JSON text."""

    authority: str
    webhook_id: str
    body_digest: bytes
    case_number: str
    content_digest: bytes
    content: str
    status: str
    longitude: float
    latitude: float
    title: str
    body: str


class Filed(enum.Enum):
    """What became of a filing."""

    NEW = HTTP_ACCEPTED
    SAME_CASE = HTTP_OK
    OTHER_CONTENT = HTTP_CONFLICT


class Desk:
    """Takes filings."""

    def __init__(
        self,
        pool: Pool,
        index: PositionIndex,
        plan: FilingPlan,
        *,
        alarms: AlarmBoard,
        ring: Callable[[], None],
    ) -> None:
        self._pool = pool
        self._index = index
        self._plan = plan
        self._alarms = alarms
        self._ring = ring

    async def file(self, filing: Filing, render: Callable[[Filed, ListedAlert | None], bytes]) -> ReceiptRow:
        """Commit a filing and return its answer; one of `sql.database.AWAY` when PostgreSQL is away, nothing stored."""
        before = await sql.filing.find_receipt(self._pool, filing.authority, filing.webhook_id)
        if before is not None:
            return before
        received_at = datetime.now(UTC)
        area = Circle(filing.longitude, filing.latitude, self._plan.radius_km)
        sampled = await estimate(self._index, area, self._plan.lanes)
        async with self._pool.acquire() as connection, connection.transaction():
            await sql.filing.lock_case(connection, filing.authority, filing.case_number)
            # A retry of this very webhook may have been waiting for the same lock.
            again = await sql.filing.find_receipt(connection, filing.authority, filing.webhook_id)
            if again is not None:
                return again
            case = await sql.filing.find_case(connection, filing.authority, filing.case_number)
            if case is not None:
                return await self._answer_standing(connection, filing, case, received_at, render)
            alert = AlertRow(
                id=uuid4(),
                status=filing.status,
                received_at=received_at,
                deadline=received_at + DEADLINE,
                expires=received_at + EXPIRY,
                longitude=area.longitude,
                latitude=area.latitude,
                radius_km=area.radius_km,
                title=filing.title,
                body=filing.body,
                estimate=None if sampled is None else msgspec.json.encode(sampled).decode(),
            )
            case_id = await sql.filing.add_case(
                connection, filing.authority, filing.case_number, filing.content_digest, filing.content, received_at
            )
            await sql.filing.add_alert(connection, case_id, alert, self._sweeps())
            listed = (await sql.progress.list_alerts(connection, alert.id))[0]
            receipt = ReceiptRow(filing.body_digest, Filed.NEW.value, render(Filed.NEW, listed))
            await sql.filing.add_receipt(connection, filing.authority, filing.webhook_id, receipt, received_at)
        self._ring()
        if sampled is not None:
            for lane, expected in sampled.lanes.items():
                if expected.finish_s is not None and expected.finish_s > DEADLINE.total_seconds():
                    detail = f"the estimate needs {expected.finish_s:.0f} s at the configured rate"
                    self._alarms.raise_alarm("late", lane, str(alert.id), detail)
        return receipt

    async def _answer_standing(
        self,
        connection: Connection,
        filing: Filing,
        case: sql.filing.CaseRow,
        received_at: datetime,
        render: Callable[[Filed, ListedAlert | None], bytes],
    ) -> ReceiptRow:
        if case.content_digest != filing.content_digest:
            return ReceiptRow(filing.body_digest, Filed.OTHER_CONTENT.value, render(Filed.OTHER_CONTENT, None))
        listed = (await sql.progress.list_alerts(connection, case.alert_id))[0]
        receipt = ReceiptRow(filing.body_digest, Filed.SAME_CASE.value, render(Filed.SAME_CASE, listed))
        await sql.filing.add_receipt(connection, filing.authority, filing.webhook_id, receipt, received_at)
        return receipt

    def _sweeps(self) -> list[SweepPlan]:
        return [
            SweepPlan(Notice.ALERT.value, 1, lane, self._plan.radius_km, SHARDS, SHARDS_PER_UNIT)
            for lane in self._plan.lanes
        ]
