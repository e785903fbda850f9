"""Placing: adds rings around a later place of the child, and says so to those who were notified, once and silently.

Nobody is taken away, and no one is notified twice: the new rings are swept minus the ledger. Those notified before get
one update for all places that come before it is sent. Bounded: rings by `push.alerts.places`, radii and audience by the
caps of the filing plan: what would reach more people is held, and released like any other ring.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import msgspec

import sql.filing
import sql.lifecycle
import sql.progress
import sql.rings
from push.alerts.actions.refusals import Refusal, Refused
from push.alerts.actions.transaction import Done
from push.alerts.enrolment import reachable
from push.alerts.estimate import people_of, read_estimate
from push.alerts.lifecycle import NOT_NOTIFIED, State
from push.alerts.places import (
    RINGS_OF_ALERT_MAX,
    Centre,
    added,
    around,
    as_rings,
    at,
    begins,
    outermost,
    reach_km,
    reaching,
    with_earlier,
)
from push.alerts.record.contents import read_content
from push.fanout.areas import place_from
from push.message.catalogues.newest_place import with_newest_place
from push.notice import Notice

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from push.alerts.actions.proposals import LaterPlace
    from push.alerts.actions.transaction import Ready
    from push.alerts.planner import Planner
    from push.alerts.rings import Ring
    from sql.database import Connection, Pool
    from sql.lifecycle import LockedAlert
    from sql.progress import ListedAlert
    from sql.rings import RingRow

GATHER: Final = timedelta(seconds=10)
"""For so long an update about a place waits for the next place: the police often write what they saw in several
messages, and a phone that says three times in a minute that something changed is not read the fourth time."""


async def estimated(pool: Pool, planner: Planner, alert_id: UUID, requested: LaterPlace) -> LaterPlace:
    """Return a request with an estimate of the whole area then; unchanged where Redis is away, or there is no alert."""
    listed = await sql.progress.listed(pool, [alert_id])
    if not listed:
        return requested
    alert, now = listed[0], await sql.progress.record_time(pool)
    new = _rings(planner, requested, alert.rings, _centre(alert), alert.policy, now, alert.expires)
    if not new:
        return requested
    standing = outermost([ring for ring in alert.rings if ring.due_at <= now and ring.held is None])
    counted = [*as_rings(standing), *new]
    row, people_max = await sql.rings.place_of(pool, alert_id), await reachable(pool, alert.status)
    sampled = await planner.estimate(place_from(row), counted, alert.status, people_max)
    people = None if sampled is None else sampled.people
    return msgspec.structs.replace(requested, people=people, estimate=sampled)


async def prepare(
    planner: Planner, connection: Connection, alert_id: UUID, alert: LockedAlert, requested: LaterPlace
) -> Ready | Refused:
    """Return how a place is added to an alert, or why it cannot be."""
    now = await sql.progress.record_time(connection)
    if alert.expires <= now:
        return Refused(Refusal.NOT_RUNNING, "its time is over")
    rings = await sql.rings.list_rings(connection, alert_id)
    policy = (await sql.progress.listed(connection, [alert_id]))[0].policy
    now = begins(rings, now)
    new = _rings(planner, requested, rings, _centre(alert), policy, now, alert.expires)
    if len(rings) + len(new) > RINGS_OF_ALERT_MAX:
        return Refused(Refusal.TOO_MANY, f"an alert has at most {RINGS_OF_ALERT_MAX} rings")
    content = read_content(alert.content)
    changed = with_newest_place(content, requested.seen_at, requested.place)
    if changed == content and not new:
        return Refused(Refusal.NOTHING_NEW, "this place is known, and lies within a ring that is due")
    held = _held(planner, alert, rings, new, requested)
    encoded = msgspec.json.encode(changed).decode()

    async def place() -> Done:
        if new:
            await planner.add_rings(connection, alert_id, alert.status, new, people_of(requested.estimate), held)
            await _keep_estimate(connection, alert_id, alert, new, requested)
        state, details = State(alert.state), {"rings": [ring.ring for ring in new], "held": sorted(held)}
        if changed == content:
            return Done(after=state, details=details)
        if state in NOT_NOTIFIED:
            await sql.lifecycle.reword(connection, alert_id, encoded)
            return Done(after=state, details=details | {"version": alert.version})
        version, due_at = alert.version + 1, await sql.rings.update_due(connection, alert_id, GATHER)
        await sql.lifecycle.append_notice(connection, alert_id, version, Notice.UPDATE, encoded)
        await planner.add_follow_up(connection, alert_id, alert.status, Notice.UPDATE, version, due_at)
        return Done(after=state, details=details | {"version": version}, halts=True)

    return place


def _rings(
    planner: Planner,
    requested: LaterPlace,
    known: Sequence[RingRow],
    place: Centre | None,
    policy: str,
    now: datetime,
    expires: datetime,
) -> list[Ring]:
    """Return the new rings: those of the alert's policy around the place, and as far as the child may have come."""
    centre = Centre(requested.longitude, requested.latitude)
    planned = planner.rings_around(policy, now, requested.seen_at)
    wide = reaching(planned, reach_km(requested.mode, requested.seen_at, now), planner.plan.radius_cap_km)
    around_all = with_earlier(at(around(wide, centre), now), centre, requested.earlier)
    new = added([ring for ring in around_all if ring.due_at < expires], known, place)
    return [msgspec.structs.replace(ring, decided_by=requested.by, reason=requested.reason) for ring in new]


def _held(
    planner: Planner, alert: LockedAlert, rings: Sequence[RingRow], new: Sequence[Ring], requested: LaterPlace
) -> set[int]:
    """Return which of the new rings would reach more people than the alert may; all, once it has reached its cap."""
    if rings and all(ring.held is not None for ring in rings):
        return {ring.ring for ring in new}
    cap = alert.audience_max or planner.plan.audience_cap
    sampled = requested.estimate
    return set() if sampled is None else {ring.ring for ring in new if sampled.up_to(ring.ring) > cap}


async def _keep_estimate(
    connection: Connection, alert_id: UUID, alert: LockedAlert, new: Sequence[Ring], requested: LaterPlace
) -> None:
    """Add to the alert's estimate what the new rings add, by which they are released if they are held."""
    before = read_estimate(alert.estimate)
    if before is None or requested.estimate is None:
        return
    numbers = {ring.ring for ring in new}
    more = [ring for ring in requested.estimate.rings if ring.ring in numbers]
    rings = [*(ring for ring in before.rings if ring.ring not in numbers), *more]
    whole = msgspec.structs.replace(requested.estimate, rings=rings)
    await sql.rings.estimated(connection, alert_id, msgspec.json.encode(whole).decode())


def _centre(alert: ListedAlert | LockedAlert) -> Centre | None:
    if alert.longitude is None or alert.latitude is None:
        return None
    return Centre(alert.longitude, alert.latitude)
