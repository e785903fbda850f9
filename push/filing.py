"""Filing: a checked case flows in, a committed alert with its rings and sweeps flows out, or the answer given before.

Case, alert, rings, sweeps and the webhook's receipt are one transaction: the answer is given after it stands.
Bounded: one alert a case number; radius and audience by the caps of `FilingPlan`.
"""

from __future__ import annotations

import enum
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import msgspec

import sql.filing
import sql.progress
import sql.rings
from geo.shards import SHARDS
from push.alarms import EVERY_LANE
from push.audience import Place
from push.estimate import Estimate, estimate
from push.model import Notice
from push.plan import DEADLINE, EXPIRY, Override, Policy, Ring, rings_of
from push.said import Content, Links
from sql.filing import AlertRow, ReceiptRow
from sql.rings import RingRow, SweepPlan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from geo.index import PositionIndex
    from push.alarms import AlarmBoard
    from sql.database import Connection, Pool
    from sql.progress import ListedAlert

SHARDS_PER_UNIT = 16
"""64 units a sweep: enough for several processes to share, and few requests that are not full."""

HTTP_OK, HTTP_ACCEPTED, HTTP_CONFLICT = 200, 202, 409

AUDIENCE_CAP = "audience cap"


class FilingPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What every alert gets: policies by name, the lanes with their rates (recipients a second), hard caps, links."""

    policies: dict[str, Policy]
    policy: str
    lanes: dict[str, float | None]
    radius_cap_km: float
    audience_cap: int
    links: Links = Links()


class Filing(msgspec.Struct, frozen=True, kw_only=True):
    """A case whose signature, fields and place are checked; `content` is the case as JSON text."""

    authority: str
    webhook_id: str
    body_digest: bytes
    case_number: str
    content_digest: bytes
    content: str
    status: str
    place: Place
    last_seen_at: datetime
    policy: str
    override: Override | None
    said: Content


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
        self.plan = plan
        self._alarms = alarms
        self.ring = ring

    async def file(self, filing: Filing, render: Callable[[Filed, ListedAlert | None], bytes]) -> ReceiptRow:
        """Commit a filing and return its answer; one of `sql.database.AWAY` when PostgreSQL is away, nothing stored."""
        before = await sql.filing.find_receipt(self._pool, filing.authority, filing.webhook_id)
        if before is not None:
            return before
        received_at = datetime.now(UTC)
        rings = self.rings(
            filing.policy, filing.place, received_at, last_seen_at=filing.last_seen_at, override=filing.override
        )
        sampled = await self.estimate(filing.place, rings)
        async with self._pool.acquire() as connection, connection.transaction():
            await sql.filing.lock_case(connection, filing.authority, filing.case_number)
            # A retry of this very webhook may have been waiting for the same lock.
            again = await sql.filing.find_receipt(connection, filing.authority, filing.webhook_id)
            if again is not None:
                return again
            case = await sql.filing.find_case(connection, filing.authority, filing.case_number)
            if case is not None:
                return await self._answer_standing(connection, filing, case, received_at, render)
            alert = _alert(filing, received_at, sampled, self.plan.links)
            case_id = await sql.filing.add_case(
                connection, filing.authority, filing.case_number, filing.content_digest, filing.content, received_at
            )
            await sql.filing.add_alert(connection, case_id, alert)
            held = self.over_cap(rings, sampled)
            await self.add_rings(connection, alert.id, rings, held)
            listed = (await sql.progress.list_alerts(connection, alert.id))[0]
            receipt = ReceiptRow(filing.body_digest, Filed.NEW.value, render(Filed.NEW, listed))
            await sql.filing.add_receipt(connection, filing.authority, filing.webhook_id, receipt, received_at)
        self.ring()
        self.warn(alert.id, sampled, held)
        return receipt

    def rings(
        self,
        policy: str,
        place: Place,
        received_at: datetime,
        *,
        last_seen_at: datetime,
        override: Override | None = None,
    ) -> list[Ring]:
        """Return the rings of a policy around a place."""
        return rings_of(
            self.plan.policies[policy],
            received_at=received_at,
            last_seen_at=last_seen_at,
            has_place=place.longitude is not None,
            has_city=place.boundary is not None,
            override=override,
        )

    async def estimate(self, place: Place, rings: list[Ring]) -> Estimate | None:
        """Sample who is in the rings around a place; None when Redis does not answer in time."""
        areas = [place.area(ring.radius_km, city=ring.city) for ring in rings]
        return await estimate(self._index, rings, areas, self.plan.lanes)

    def over_cap(self, rings: list[Ring], sampled: Estimate | None) -> set[int]:
        """Return the rings that would reach more people than the cap allows."""
        if sampled is None:
            return set()
        return {ring.ring for ring in rings if sampled.up_to(ring.ring) > self.plan.audience_cap}

    async def add_rings(
        self, connection: Connection, alert_id: UUID, rings: list[Ring], held: Iterable[int] = ()
    ) -> None:
        """Add rings with a sweep for each lane, within the caller's transaction."""
        held = set(held)
        for ring in rings:
            fields = msgspec.structs.asdict(ring)
            await sql.rings.add_ring(
                connection, alert_id, RingRow(**fields, held=AUDIENCE_CAP if ring.ring in held else None)
            )
        sweeps = [
            SweepPlan(Notice.ALERT.value, ring.ring, lane, SHARDS, SHARDS_PER_UNIT)
            for ring in rings
            for lane in self.plan.lanes
        ]
        await sql.rings.add_sweeps(connection, alert_id, sweeps)

    def warn(self, alert_id: UUID, sampled: Estimate | None, held: set[int]) -> None:
        """Raise the alarms that are known before anything is sent."""
        if held:
            detail = f"rings {sorted(held)} would reach more than {self.plan.audience_cap} people and are held"
            self._alarms.raise_alarm("audience_cap", EVERY_LANE, str(alert_id), detail)
        for lane, expected in sampled.lanes.items() if sampled is not None else ():
            if expected.margin_s is not None and expected.margin_s < 0:
                detail = f"the estimate needs {expected.finish_s:.0f} s at the configured rate"
                self._alarms.raise_alarm("late", lane, str(alert_id), detail)

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


def _alert(filing: Filing, received_at: datetime, sampled: Estimate | None, links: Links) -> AlertRow:
    place, alert_id = filing.place, uuid4()
    boundary, jurisdiction = place.dumped()
    return AlertRow(
        id=alert_id,
        status=filing.status,
        received_at=received_at,
        deadline=received_at + DEADLINE,
        expires=received_at + EXPIRY,
        longitude=place.longitude,
        latitude=place.latitude,
        city=place.city,
        city_polygon=boundary,
        jurisdiction=jurisdiction,
        policy=filing.policy,
        content=msgspec.json.encode(links.put_in(filing.said, alert_id)).decode(),
        estimate=None if sampled is None else msgspec.json.encode(sampled).decode(),
    )
