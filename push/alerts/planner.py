"""The planner: plans an alert's rings, estimates their audience, and adds the sweeps that notify it.

A test has sweeps in simulated lanes only; every other status in all lanes.
Bounded: radius and audience by the caps of `FilingPlan`; a unit has at least one shard.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

import msgspec

import sql.lifecycle
import sql.rings
from geo.index.shards import SHARDS
from push.alarm_kinds import AlarmKind
from push.alerts.disclosure.estimates import shown_estimate
from push.alerts.disclosure.people import Disclosure
from push.alerts.estimate import ESTIMATE_WITHIN_S, Estimate, at_most, estimate, seed_of_day
from push.alerts.record.sealing import Sealing
from push.alerts.rings import Override, Policy, Ring, rings_of
from push.fanout.areas import areas_of
from push.message.content import TIME_ZONE_DEFAULT
from push.message.links import AlertLinks
from push.notice import Notice, Status, SubjectKind
from sql.rings import RingRow, SweepPlan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from uuid import UUID

    from geo.index.position_index import PositionIndex
    from push.alarms import AlarmBoard
    from push.fanout.areas import Place
    from sql.database import Connection
    from sql.progress import ListedAlert

UNIT_PEOPLE = 30_000
"""Recipients a unit: some hundredths of a second of work. Processes share an alert, and new ones come between."""

UNKNOWN_SPAN = 32
"""Shards a unit where nobody knows how many people there are: of tens of millions each has a million, of few each costs
as much as one with 30,000."""

AUDIENCE_CAP = "audience cap"

RADIUS_MIN_KM: Final = 5.0
"""In a circle of this radius a city has tens of thousands of people, a county hundreds."""

SECRET_BYTES: Final = 32


class FilingPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What every alert gets: policies by name, the lanes with their rates (recipients a second), hard caps, links.

    `policy`: the default one; `policy_by_kind`: that of some kinds of missing people.

    `time_zone`: in which its texts give times, unless its authority has another.

    `simulated` are the lanes whose provider is known to be simulated. `shards` of a sweep; `unit_people`: recipients of
    each unit of it, about. `estimate_within_s`: how long a case waits for its estimate. `radius_min_km`: the least
    radius that somebody may choose who is not bound by a policy.
    `disclosure`: which numbers of people are shown. `secret`: by which estimates choose what they sample, and digests
    of what is deleted are hashed; the same in all servers, made at random where none is given. `sealing_keys`: the
    first seals the notes of the police, all of them open them.
    """

    policies: dict[str, Policy]
    policy: str
    policy_by_kind: dict[SubjectKind, str] = {}
    lanes: dict[str, float | None]
    radius_cap_km: float
    audience_cap: int
    links: AlertLinks = AlertLinks()
    time_zone: str = TIME_ZONE_DEFAULT
    simulated: frozenset[str] = frozenset()
    shards: int = SHARDS
    unit_people: int = UNIT_PEOPLE
    estimate_within_s: float = ESTIMATE_WITHIN_S
    radius_min_km: float = RADIUS_MIN_KM
    disclosure: Disclosure = Disclosure()
    secret: bytes = b""
    sealing_keys: tuple[bytes, ...] = ()

    def policy_for(self, kind: SubjectKind) -> str:
        """Return the default policy for who is missing."""
        return self.policy_by_kind.get(kind, self.policy)


class Planner:
    """Plans whom an alert reaches."""

    def __init__(self, index: PositionIndex, plan: FilingPlan, alarms: AlarmBoard) -> None:
        self._index = index
        self.plan = plan
        self._alarms = alarms
        self.secret = plan.secret or secrets.token_bytes(SECRET_BYTES)
        self.sealing = Sealing(plan.sealing_keys or (secrets.token_bytes(SECRET_BYTES),))

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

    def rings_around(self, policy: str, now: datetime, seen_at: datetime) -> list[Ring]:
        """Return the rings of a policy, or of the usual one where it is gone, around a later place; no city."""
        known = self.plan.policies.get(policy) or self.plan.policies[self.plan.policy]
        return rings_of(known, received_at=now, last_seen_at=seen_at, has_place=True, has_city=False)

    async def estimate(
        self,
        place: Place,
        rings: list[Ring],
        status: str = Status.ACTUAL,
        people_max: int | None = None,
        subject: SubjectKind = SubjectKind.CHILD,
    ) -> Estimate | None:
        """Sample who can be notified in the rings around a place, at most `people_max`; None when Redis is late."""
        areas = await areas_of(place, rings)
        lanes = {lane: self.plan.lanes[lane] for lane in self._lanes(status)}
        seed = seed_of_day(self.secret, self._index.clock_ms())
        sampled = await estimate(self._index, rings, areas, lanes, seed, subject, self.plan.estimate_within_s)
        return sampled if sampled is None or people_max is None else at_most(sampled, people_max)

    def over_cap(self, rings: list[Ring], sampled: Estimate | None) -> set[int]:
        """Return the rings that would reach more people than the cap allows."""
        if sampled is None:
            return set()
        return {ring.ring for ring in rings if sampled.up_to(ring.ring) > self.plan.audience_cap}

    async def add_rings(
        self,
        connection: Connection,
        alert_id: UUID,
        status: str,
        rings: list[Ring],
        people: Callable[[str], int | None],
        held: Iterable[int] = (),
    ) -> None:
        """Add rings with a sweep for each lane, within the caller's transaction; `people`: how many a lane has."""
        held = set(held)
        rows = [
            RingRow(**msgspec.structs.asdict(ring), held=AUDIENCE_CAP if ring.ring in held else None) for ring in rings
        ]
        await sql.rings.add_rings(connection, alert_id, rows)
        sweeps = [
            SweepPlan(Notice.ALERT.value, ring.ring, lane, self.plan.shards, self.span(people(lane)))
            for ring in rings
            for lane in self._lanes(status)
        ]
        await sql.rings.add_sweeps(connection, alert_id, sweeps)

    async def add_follow_up(
        self,
        connection: Connection,
        alert_id: UUID,
        status: str,
        notice: Notice,
        version: int,
        due_at: datetime | None = None,
    ) -> None:
        """Add the sweeps of a follow-up notice to those who were notified, within the caller's transaction.

        It is sent from `due_at` on, None: at once.

        A lane that notified nobody has one, too: people change lanes, and what is in flight is recorded later.
        """
        span = self.span(await sql.lifecycle.reached(connection, alert_id))
        sweeps = [
            SweepPlan(notice.value, None, lane, self.plan.shards, span, version, due_at) for lane in self._lanes(status)
        ]
        await sql.rings.add_sweeps(connection, alert_id, sweeps)

    def span(self, people: int | None) -> int:
        """Return how many shards a unit has: a power of two, so that units of several rings share their borders."""
        if people is None:
            return min(UNKNOWN_SPAN, self.plan.shards)
        wanted = self.plan.unit_people * self.plan.shards // max(people, 1)
        return 1 << (max(1, min(wanted, self.plan.shards)).bit_length() - 1)

    def _lanes(self, status: str) -> list[str]:
        return [lane for lane in self.plan.lanes if status != Status.TEST or lane in self.plan.simulated]

    def warn(self, alert: ListedAlert, sampled: Estimate | None) -> None:
        """Raise the alarms about lanes that are known to be late before anything is sent."""
        if sampled is None:
            return
        for lane, expected in sampled.lanes.items():
            if expected.margin_s is not None and expected.margin_s < 0:
                shown = shown_estimate(sampled, self.plan.disclosure).lanes[lane].finish_s
                needed = "too long" if shown is None else f"{shown:.0f} s"
                detail = f"the estimate needs {needed} at the configured rate"
                self._alarms.raise_alarm(AlarmKind.LATE, lane, str(alert.id), detail, alert.case)
