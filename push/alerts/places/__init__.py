"""Plans the rings around the places where a child was seen later, wider the farther the child may have come since.

A place never takes anybody away: an area is the union of the rings around all places. Bounded: `RINGS_OF_ALERT_MAX`
rings an alert, `EARLIER_MAX` earlier places of a case; radii by the caller's cap.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, Protocol, TypeAlias, TypeVar

import msgspec

from geo.area import distance_km
from push.alerts.rings import Ring
from push.fanout.areas import Shape
from push.notice import DEADLINE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sql.rings import RingRow


Mode: TypeAlias = Literal["foot", "car", "rail"]

SPEEDS_KMH: Final[dict[Mode, float]] = {"foot": 5.0, "car": 90.0, "rail": 250.0}
"""As the crow flies. On foot: an adult's walking pace. By car: the legal maximum of 120 km/h (article 78 of China's
Regulation for the Implementation of the Road Traffic Safety Law) over roads a third longer than the straight line. By
rail: trains of up to 350 km/h, with their stops."""

FOOT_MAX_KM: Final = 20.0
"""Lost children are found nearer: 93% of those aged 6 to 12 within two miles (search and rescue statistics); but a town
has buses, and somebody may take a child along."""

EARLIER_MAX: Final = 4
"""Earlier places around which people are asked, too, beside the first one: the newest of them."""

RINGS_OF_ALERT_MAX: Final = 96
"""Twenty places (as a case may have) with a policy's usual four rings, and some that operators add."""

SOON: Final = timedelta(minutes=1)
"""Longer than a transaction that changes rings lasts."""

TICK: Final = timedelta(microseconds=1)


class Centre(NamedTuple):
    """Degrees in WGS-84."""

    longitude: float
    latitude: float


def reach_km(mode: Mode | None, seen_at: datetime, now: datetime) -> float:
    """Return how far a child may have come since, 0 where nobody knows how it moves."""
    if mode is None:
        return 0.0
    hours = max(0.0, (now - seen_at).total_seconds() / 3600)
    far_km = SPEEDS_KMH[mode] * hours
    return round(min(far_km, FOOT_MAX_KM) if mode == "foot" else far_km)


def reaching(rings: Sequence[Ring], radius_km: float, radius_cap_km: float) -> list[Ring]:
    """Return rings around one place with one of this radius among them, due at once with all that lie in it."""
    radius_km = min(radius_km, radius_cap_km)
    first = rings[0]
    within = [ring for ring in rings if (ring.radius_km or 0) <= radius_km]
    beyond = [ring for ring in rings if (ring.radius_km or 0) > radius_km]
    if not within or (not beyond and within[-1].radius_km == radius_km):
        return [*rings]
    at_once = [msgspec.structs.replace(ring, due_at=first.due_at, deadline=first.deadline) for ring in within]
    if at_once[-1].radius_km != radius_km:
        at_once.append(msgspec.structs.replace(at_once[-1], radius_km=radius_km))
    return [msgspec.structs.replace(ring, ring=number) for number, ring in enumerate([*at_once, *beyond], 1)]


def with_earlier(rings: Sequence[Ring], place: Centre, earlier: Iterable[Centre]) -> list[Ring]:
    """Return the rings around the newest `place` with the nearest one around each earlier place, after the first."""
    first, *wider = rings
    if first.radius_km is None:
        return [*rings]
    covered = [(place, first.radius_km)]
    near: list[Ring] = []
    for centre in earlier:
        if not any(_covers(one, radius_km, centre, first.radius_km) for one, radius_km in covered):
            near.append(around([first], centre)[0])
            covered.append((centre, first.radius_km))
    return numbered([first, *near, *wider], 1)


def with_city(rings: Sequence[Ring]) -> list[Ring]:
    """Return rings of which the widest that is due at once, and all that hold it, have the city, too."""
    last = max(number for number, ring in enumerate(rings) if ring.due_at <= rings[0].due_at)
    return [msgspec.structs.replace(ring, city=ring.city or number >= last) for number, ring in enumerate(rings)]


def around(rings: Iterable[Ring], centre: Centre) -> list[Ring]:
    """Return rings with a centre of their own, as circles."""
    return [
        msgspec.structs.replace(ring, longitude=centre.longitude, latitude=centre.latitude, city=False)
        for ring in rings
    ]


def numbered(rings: Iterable[Ring], first: int) -> list[Ring]:
    """Return rings with these numbers, in their order; each still says how near it is to its own centre."""
    return [
        msgspec.structs.replace(ring, ring=number, nearness=None if number == near else near)
        for number, ring in enumerate(rings, first)
        for near in [ring.nearness or ring.ring]
    ]


def added(rings: Iterable[Ring], known: Sequence[RingRow], place: Centre | None) -> list[Ring]:
    """Return those of `rings` that reach anybody beyond the `known` ones, numbered after them; `place`: of the alert.

    A ring within one that is due by then, and not held, is left out.
    """
    circles = [
        (row.due_at, centre, row.radius_km)
        for row in known
        if row.radius_km is not None and row.held is None and (centre := _centre(row) or place) is not None
    ]
    new = [
        ring
        for ring in rings
        if (centre := _centre(ring)) is not None
        and not any(
            due_at <= ring.due_at and _covers(one, radius_km, centre, ring.radius_km or 0)
            for due_at, one, radius_km in circles
        )
    ]
    return numbered(new, known[-1].ring + 1 if known else 1)


def _centre(ring: Ring | RingRow) -> Centre | None:
    return None if ring.longitude is None or ring.latitude is None else Centre(ring.longitude, ring.latitude)


def _covers(one: Centre, one_km: float, other: Centre, other_km: float) -> bool:
    """Tell whether a circle certainly holds another one."""
    return one_km >= other_km if one == other else distance_km(*one, *other) + other_km < one_km


def begins(rings: Iterable[RingRow], now: datetime) -> datetime:
    """Return from when rings are due that are added or made due now: after all that may be claimed before they stand.

    A unit waits for rings that are due earlier. So nothing that is claimed may be due after what does not know of it.
    """
    return max([now, *(ring.due_at + TICK for ring in rings if ring.due_at <= now + SOON)])


def at(rings: Iterable[Ring], due_at: datetime) -> list[Ring]:
    """Return rings that are due no earlier than that."""
    return [
        ring if ring.due_at >= due_at else msgspec.structs.replace(ring, due_at=due_at, deadline=due_at + DEADLINE)
        for ring in rings
    ]


def as_rings(rows: Iterable[RingRow]) -> list[Ring]:
    """Return rings of the record as planned ones, to be counted with others."""
    return [Ring(**{name: getattr(row, name) for name in Ring.__struct_fields__}) for row in rows]


class Numbered(Shape, Protocol):
    """What of a ring tells its area, and its number."""

    @property
    def ring(self) -> int:
        """Its number in the alert."""


Circled = TypeVar("Circled", bound=Numbered)


def outermost(rings: Sequence[Circled]) -> list[Circled]:
    """Return those rings that lie in no other one around the same centre: together they are the whole area."""

    def lies_in(one: Circled, other: Circled) -> bool:
        sizes = [(ring.radius_km or 0.0, ring.city, ring.ring) for ring in (one, other)]
        same = (one.longitude, one.latitude) == (other.longitude, other.latitude)
        return same and sizes[0][0] <= sizes[1][0] and one.city <= other.city and sizes[0] < sizes[1]

    return [ring for ring in rings if not any(lies_in(ring, other) for other in rings)]
