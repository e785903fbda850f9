"""The people of a simulation: where they are, in which lane, and what their phones report.

Bounded: `PEOPLE_MAX`; their ids lie in the few shards that a sweep has.
"""

from __future__ import annotations

import asyncio
from math import cos, radians
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec

from geo.connection import UNAVAILABLE_ERRORS
from geo.index.devices import address
from geo.index.forgetting import Forgetting
from geo.index.position_index import PositionIndex
from geo.index.reports import Positions
from geo.index.shards import shard_of
from tests.simulation.index.client import FakeRedis
from tests.simulation.index.keyspace import distance_km
from tests.simulation.world.preferring import prefer
from tests.simulation.world.process import ACCOUNT_LANE, LANES, NEAR_KM, SHARDS, TOKEN_LANE, WIDE_KM

if TYPE_CHECKING:
    from tests.simulation.world.process import SimulatedProcess
    from tests.simulation.world.world import World

LONGITUDE: Final = 114.0
LATITUDE: Final = 22.5
KM_A_DEGREE: Final = 111.2
PEOPLE_MAX: Final = 200
SETTLED_MS: Final = 60_000
REPORT_S: Final = 5.0
REPORT_AGAIN_S: Final = 0.5
CHANGED_S: Final = 60.0
"""Nobody changes lanes more often."""

REPORTS_MAX: Final = 100
"""Longer than any fault lasts: only where no process is left, nobody takes a report."""

LANGUAGES: Final = ("zh-CN", "en")
OTHER_LANGUAGE: Final = 0.5
"""Of those who move: their phones read the other language from now on."""

FIRST: Final = 10_000_000

USERS: Final = [user for user in range(FIRST, FIRST + 40_000) if shard_of(user) < SHARDS][:PEOPLE_MAX]


class Person:
    """Somebody with a phone, which reads `locale`.

    `changed_lanes_s`: when they changed lanes last; `leaves`: they have asked to be forgotten, and have no answer yet;
    `gone_s`: when they were forgotten. `chose`: they said what they
    prefer, or asked in vain to be forgotten; `off_s`: since when it is answered that they want no alerts.
    """

    __slots__ = (
        "changed_lanes_s",
        "chose",
        "gone_s",
        "lane",
        "latitude",
        "leaves",
        "locale",
        "longitude",
        "off_s",
        "user",
    )

    def __init__(self, user: int) -> None:
        self.user = user
        self.lane = ACCOUNT_LANE
        self.locale = LANGUAGES[user % len(LANGUAGES)]
        self.longitude = LONGITUDE
        self.latitude = LATITUDE
        self.changed_lanes_s = float("-inf")
        self.leaves = False
        self.gone_s: float | None = None
        self.chose = False
        self.off_s: float | None = None

    @property
    def reports(self) -> bool:
        """Whether they report where they are: nobody does who has asked to be forgotten."""
        return self.gone_s is None and not self.leaves


class People:
    """Everybody."""

    def __init__(self, world: World, number: int) -> None:
        self._world = world
        self.all = {user: Person(user) for user in USERS[:number]}
        self._dead: set[int] = set()
        redis = cast("Any", FakeRedis(world.redis, None))
        self._index = PositionIndex(redis, LANES, clock_ms=self._now_ms)
        self._forgetting = Forgetting(redis)
        self._last_ms = 0

    def _now_ms(self) -> int:
        return int(self._world.record.now.timestamp() * 1000)

    def user_of(self, recipient: bytes) -> int:
        """Return the user whom a provider knows by this name."""
        return int(recipient[1:] if recipient.startswith(b"t") else recipient)

    def is_dead(self, user: int, lane: str) -> bool:
        """Tell whether a user's token is dead."""
        return lane == TOKEN_LANE and user in self._dead

    async def arrive(self) -> None:
        """Let everybody report for the first time."""
        random = self._world.random
        for person in self.all.values():
            person.lane = random.choice(LANES)
            if person.lane == TOKEN_LANE and random.random() < 0.03:
                self._dead.add(person.user)
            self._place(person)
        for lane in LANES:
            there = self._positions([one for one in self.all.values() if one.lane == lane])
            # A while ago: no process reads the time to the millisecond, and nobody is at two places within some.
            before = [at - SETTLED_MS for at in there.ats_ms]
            await self._index.record(msgspec.structs.replace(there, ats_ms=before))

    def _place(self, person: Person, part: float | None = None) -> None:
        """Put somebody near, in the wider ring, or far away; never within a kilometre of an edge."""
        random = self._world.random
        part = random.random() if part is None else part
        if part < 0.45:
            distance = random.uniform(0.1, NEAR_KM - 1)
        elif part < 0.85:
            distance = random.uniform(NEAR_KM + 1, WIDE_KM - 1)
        else:
            distance = random.uniform(WIDE_KM + 1, 3 * WIDE_KM)
        east = random.uniform(-1, 1)
        north = (1 - east * east) ** 0.5 * random.choice((-1, 1))
        person.latitude = LATITUDE + north * distance / KM_A_DEGREE
        person.longitude = LONGITUDE + east * distance / KM_A_DEGREE / cos(radians(LATITUDE))

    def _positions(self, some: list[Person]) -> Positions:
        self._last_ms = max(self._now_ms(), self._last_ms + 1)
        addresses = [address(one.locale, f"t{one.user}" if one.lane == TOKEN_LANE else None) for one in some]
        columns = [one.longitude for one in some], [one.latitude for one in some], [self._last_ms] * len(some)
        return Positions(some[0].lane, [one.user for one in some], *columns, addresses)

    async def _report(self, some: list[Person], at: SimulatedProcess | None = None) -> None:
        """Report where people of one lane are, to a process that runs, until one says that it has taken them."""
        if not some:
            return
        world, positions = self._world, self._positions(some)
        for _ in range(REPORTS_MAX):
            if world.living:
                process = at if at in world.living else world.random.choice(world.living)
                assert process.engine is not None
                task = process.spawn(process.engine.entrants.record(positions), "report")
                await asyncio.wait({task}, timeout=REPORT_S)
                if task.done() and not task.cancelled():
                    error = task.exception()
                    if error is None:
                        return
                    if not isinstance(error, UNAVAILABLE_ERRORS):
                        world.violated("no process ends by itself", f"a report raised {error!r}")
                        return
                task.cancel()
            await asyncio.sleep(REPORT_AGAIN_S)

    async def move(self) -> None:
        """Let somebody move, change lanes, or both."""
        random = self._world.random
        person = random.choice([*self.all.values()])
        if not person.reports:
            return
        kind = random.random()
        if kind < 0.6:
            self._place(person)
        if kind > 0.4:
            person.lane = TOKEN_LANE if person.lane == ACCOUNT_LANE else ACCOUNT_LANE
            person.changed_lanes_s = self._world.loop.now_s
        if kind < OTHER_LANGUAGE:
            person.locale = next(one for one in LANGUAGES if one != person.locale)
        await self._report([person])
        self._world.note(f"user {person.user} is in {person.lane}, at {distance(person):.0f} km")

    async def change_lanes(self, user: int, at: SimulatedProcess) -> None:
        """Let somebody change lanes where they are, and report it to one process."""
        person = self.all[user]
        if person.reports and self._world.loop.now_s - person.changed_lanes_s > CHANGED_S:
            person.lane = TOKEN_LANE if person.lane == ACCOUNT_LANE else ACCOUNT_LANE
            person.changed_lanes_s = self._world.loop.now_s
            await self._report([person], at)
            self._world.note(f"user {user} changes to {person.lane}")

    async def enter(self) -> Person | None:
        """Let somebody who is far away come near, in the same lane; None when nobody is."""
        random = self._world.random
        away = [one for one in self.all.values() if one.reports and distance(one) > WIDE_KM]
        if not away:
            return None
        person = random.choice(away)
        self._place(person, random.uniform(0.0, 0.85))
        await self._report([person])
        self._world.note(f"user {person.user} enters in {person.lane}, at {distance(person):.0f} km")
        return person

    def damage(self) -> None:
        """Put members into the index that are no users."""
        for held in self._world.redis.space.places.values():
            held[b"not a user"] = LONGITUDE, LATITUDE

    async def report_all(self) -> None:
        """Let everybody report again from where they are, until that is taken."""
        for lane in LANES:
            some = [one for one in self.all.values() if one.lane == lane and one.reports]
            await self._report(some)

    async def prefer(self) -> None:
        """Let somebody turn alerts off."""
        await prefer(self._world, self._world.random.choice([*self.all.values()]))

    async def forget(self) -> None:
        """Forget somebody."""
        person = self._world.random.choice([*self.all.values()])
        if not person.reports:
            return
        person.leaves = True
        try:
            await self._index.forget([person.user])
            await self._forgetting.announce([person.user])
        except UNAVAILABLE_ERRORS:
            # Nobody was promised anything, and Redis may have done a part of it: nothing is expected of them.
            person.chose = True
            return
        finally:
            person.leaves = False
        person.gone_s = self._world.loop.now_s
        self._world.note(f"user {person.user} is forgotten")


def distance(person: Person) -> float:
    """Return how far somebody is from the place of the alerts, in kilometres."""
    return distance_km(LONGITUDE, LATITUDE, person.longitude, person.latitude)
