"""The world: everything that one seed has, and the notes of what happened, by which it is judged.

Bounded: `NOTES_MAX` lines of the trace are kept.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any, Final

from push.fanout.packing import unpack
from tests.simulation.clock import START_S, SimulatedLoop
from tests.simulation.index.client import RedisServer
from tests.simulation.record.server import RecordServer
from tests.simulation.record.tables import may_send
from tests.simulation.world.people import People
from tests.simulation.world.process import LANES, SimulatedProcess
from tests.simulation.world.provider import ProviderFaults

if TYPE_CHECKING:
    from uuid import UUID

    from tests.simulation.record.tables import Alert, Entrant, Unit
    from tests.simulation.world.provider import Request

NOTES_MAX: Final = 5000
AUTHORITY: Final = "sz"
CHANGED_S: Final = 300.0
"""Who changed lanes waits for a minute, by wall clocks that are minutes off."""


@dataclass(slots=True)
class Moved:
    """An alert as it was committed: since when, by the clock of the world and by that of each process."""

    at_s: float
    state: str
    version: int
    own_s: dict[SimulatedProcess, float]


@dataclass(slots=True)
class Disruption:
    """What may have kept a process from recording what it sent; `process` None: any of them."""

    process: SimulatedProcess | None
    from_s: float
    to_s: float
    kind: str


@dataclass(slots=True)
class Rewind:
    """What was committed between two moments is lost. `decided`: alerts about which a person decided since."""

    backup_s: float
    at_s: float
    offline: bool
    live: set[UUID]
    decided: set[UUID] = field(default_factory=set)


class World:
    """Everything. `only`: the one fault of the stores that goes wrong in it, None for any."""

    def __init__(self, seed: int, loop: SimulatedLoop, only: str | None = None) -> None:
        self.loop = loop
        self.only = only
        self.random = Random(seed)
        self.notes: deque[str] = deque(maxlen=NOTES_MAX)
        self.violations: list[tuple[str, str]] = []
        self.record = RecordServer(loop, Random(self.random.random()))
        self.record.tables.authorities[AUTHORITY] = "auto", 60
        self.record.on_commit = self._committed
        self.record.on_executed = self._executed
        self.redis = RedisServer(loop, Random(self.random.random()))
        self.providers = {lane: ProviderFaults() for lane in LANES}
        self.processes: list[SimulatedProcess] = []
        self.people = People(self, self.random.randint(30, 120))
        self.requests: list[Request] = []
        self.open: dict[tuple[UUID, str], list[Request]] = defaultdict(list)
        self.history: dict[UUID, list[Moved]] = defaultdict(list)
        self.disruptions: list[Disruption] = []
        self.rewinds: list[Rewind] = []
        self.emptied: list[float] = []
        self.progress = 0

    @property
    def now_s(self) -> float:
        """The seconds since the beginning."""
        return self.loop.now_s - START_S

    @property
    def alerts(self) -> list[Alert]:
        """All alerts, as the record has them."""
        return [*self.record.tables.alerts.values()]

    @property
    def living(self) -> list[SimulatedProcess]:
        """The processes that run now."""
        return [one for one in self.processes if one.alive and one.engine is not None]

    def note(self, what: str) -> None:
        """Write a line of the trace."""
        self.notes.append(f"{self.now_s:14.4f} {what}")

    def violated(self, invariant: str, what: str) -> None:
        """Note that an invariant does not hold."""
        self.note(f"VIOLATION {invariant}: {what}")
        self.violations.append((invariant, what))

    def begin_process(self) -> SimulatedProcess:
        """Start a process."""
        random = self.random
        skew_s = random.choice((0.0, random.uniform(-0.5, 0.5), random.uniform(-5, 5)))
        process = SimulatedProcess(self, len(self.processes) + 1, skew_s)
        self.processes.append(process)
        self.note(f"{process} starts, its clock {skew_s:+.1f} s")
        return process

    def disrupted(self, process: SimulatedProcess | None, kind: str, for_s: float = 0.0) -> None:
        """Note what may cost repeats."""
        self.disruptions.append(Disruption(process, self.loop.now_s, self.loop.now_s + for_s, kind))

    def started(self, request: Request) -> None:
        """Note that a request starts, and judge whether it may."""
        from tests.simulation.invariants import judge_start  # noqa: PLC0415 - invariants judge worlds

        self.requests.append(request)
        self.open[request.alert, request.notice].append(request)
        judge_start(self, request)

    def accepted(self, request: Request, users: list[int]) -> None:
        """Note that a provider accepted a request for users."""
        request.accepted, request.accepted_s = users, self.loop.now_s
        self.progress += 1
        self.note(
            f"{request.lane} accepts {request.notice} {request.version} of ring {request.ring} for "
            f"{', '.join(map(str, users))} from {request.process}, unit {request.unit}"
        )

    def allowed(self, request: Request) -> bool:
        """Tell whether the record allows such a request now."""
        committed = self.history[request.alert][-1]
        return may_send(committed.state, committed.version, request.notice, request.version)

    def due(self) -> list[Unit]:
        """Return the units that somebody should be working on now."""
        now, found = self.record.now, []
        for alert in self.alerts:
            for sweep in alert.sweeps:
                ring = alert.ring_of(sweep)
                if ring is not None and (ring.due_at > now or ring.held is not None or alert.expires <= now):
                    continue
                if ring is None and sweep.due_at is not None and sweep.due_at > now:
                    continue
                version = alert.version if sweep.notice == "alert" else sweep.version
                if may_send(alert.state, alert.version, sweep.notice, version):
                    found += [unit for unit in sweep.units if not unit.done]
        return found

    def unsettled(self) -> bool:
        """Tell whether the record still has something to do: units that are due, or alerts that are through."""
        if self.record.in_transaction:
            # What its transaction changed may still be undone.
            return True
        return (
            bool(self.due())
            or any(alert.state in {"sending", "scheduled"} for alert in self.alerts)
            or any(not self.is_settled(entrant) for entrant in self.record.tables.entrants.values())
        )

    def is_settled(self, entrant: Entrant) -> bool:
        """Tell whether nothing is to be done about an entrant now."""
        alert = self.record.tables.alerts.get(entrant.alert_id)
        if alert is None or alert.state not in {"sending", "sent"} or alert.expires <= self.record.now:
            return True
        if all(ring.due_at > self.record.now or ring.held is not None for ring in alert.rings.values()):
            return True
        person = self.people.all[entrant.user]
        return self.loop.now_s - person.changed_lanes_s < CHANGED_S

    def _committed(self, _: object) -> None:
        """Note how alerts were moved."""
        for alert in self.record.tables.alerts.values():
            before = self.history[alert.id]
            if before and (before[-1].state, before[-1].version) == (alert.state, alert.version):
                continue
            own_s = {one: one.now_s for one in self.processes if not one.over}
            before.append(Moved(self.loop.now_s, alert.state, alert.version, own_s))
            self.note(f"alert {alert.case.case_number} is {alert.state}, version {alert.version}")

    def _executed(self, name: str, arguments: tuple[Any, ...]) -> None:
        """Note which requests are recorded now."""
        if name == "unit_finish":
            self.progress += 1
        if name != "ledger_commit":
            return
        self.progress += 1
        from tests.simulation.invariants import judge_failed  # noqa: PLC0415 - invariants judge worlds

        for alert, notice, outcome, packed in zip(*(arguments[row] for row in (0, 1, 5, 9)), strict=True):
            if outcome == "failed":
                judge_failed(self, self.record.tables.alerts[alert])
            if outcome != "accepted":
                continue
            users, waiting = {*unpack(packed).tolist()}, self.open[alert, notice]
            for request in [*waiting]:
                if request.accepted_s is None or users.isdisjoint(request.accepted):
                    continue
                request.recorded |= users.intersection(request.accepted)
                if len(request.recorded) == len(request.accepted):
                    request.recorded_s = self.loop.now_s
                    waiting.remove(request)
