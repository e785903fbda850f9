"""The invariants: what holds of every seed, judged from outside by what providers accepted, people, and the record.

Bounded by the requests of one seed. Each is a function with the name under which it is reported.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final

from geo.index.calls import MOVED_KEPT_MS
from push.delivery.recording.ledger import UNITS_REFUSED_MAX
from push.fanout.claims.unit import TRUSTED_S
from push.fanout.packing import unpack
from tests.simulation.clock import START_S
from tests.simulation.index.keyspace import distance_km
from tests.simulation.record.tables import may_send
from tests.simulation.world.people import LANGUAGES, distance
from tests.simulation.world.preferring import judge_preferred
from tests.simulation.world.process import WORKERS
from tests.simulation.world.store_faults import ROWS_REFUSED
from tests.simulation.world.world import CHANGED_S

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from tests.simulation.record.tables import Alert, Ring
    from tests.simulation.world.people import Person
    from tests.simulation.world.process import SimulatedProcess
    from tests.simulation.world.provider import Request
    from tests.simulation.world.world import World

STOPPED: Final = "nothing starts after a stop"
REWOUND: Final = "a record that went back sends nothing"
EVERYBODY: Final = "everybody in the area is accounted for"
ENTRANTS: Final = "who enters is notified within seconds"
ONCE: Final = "nobody is notified twice"
FOLLOW_UPS: Final = "follow-ups go to exactly those notified"
LANGUAGE: Final = "follow-ups come in the language of the alert"
ENDS: Final = "no process ends by itself"
QUIET: Final = "all that is due gets done"
ALARMED: Final = "no silence without an alarm"
CRASH: Final = "a crash repeats at most one batch a worker"
FORGOTTEN: Final = "nothing is sent to who was forgotten"

GUARD_S: Final = 3.0
"""Processes that run while the record goes back look at it once a second, and pause it through its own transactions."""

EXPIRED: Final = "the record's clock decides when an alert ends"
EXPIRED_S: Final = 3.0
"""A batch that is being prepared at the expiry may be sent; the record moves the alert within a second or two."""

SLOW_S: Final = 3.0
"""As long as one call of a slow record takes: from the beginning of a claim its process counts."""

LATENCY_S: Final = 2.0
"""As long as one call takes that waits for two transactions of processes that froze."""

FLAKY_S: Final = 20.0
STILL: Final = frozenset({"frozen", "suspended"})

FORGOTTEN_S: Final = 6.0
MOVED_S: Final = MOVED_KEPT_MS / 1000
MARGIN_S: Final = 0.02
FINAL: Final = frozenset({"accepted", "invalid", "refused", "quarantined", "failed"})


def judge_start(world: World, request: Request) -> None:
    """Judge whether a request may start: after a stop none does, but for what its process cannot have heard yet."""
    for rewind in world.rewinds:
        if request.alert not in rewind.live or request.alert in rewind.decided:
            continue
        if rewind.offline or (request.started_s > rewind.at_s + GUARD_S and not _just_resumed(request)):
            world.violated(REWOUND, f"{request.notice} starts in {request.process}, and nobody decided about the alert")
    for user in request.users:
        gone_s = world.people.all[user].gone_s
        if gone_s is not None and request.started_s > gone_s + FORGOTTEN_S:
            world.violated(FORGOTTEN, f"{request.notice} to {user} {request.started_s - gone_s:.1f} s after")
    judge_preferred(world, request)
    alert = world.record.tables.alerts.get(request.alert)
    if request.notice == "alert" and alert is not None:
        after_s = (world.record.now - alert.expires).total_seconds()
        if after_s > EXPIRED_S and not _just_resumed(request):
            world.violated(EXPIRED, f"it starts in {request.process} {after_s:.1f} s after the expiry")
    _judge_stop(world, request)


def _just_resumed(request: Request) -> bool:
    """Tell whether its machine was suspended a moment ago and does not know it: it sends while a look is trusted."""
    return request.own_s - request.process.resumed_s <= TRUSTED_S + MARGIN_S


def _judge_stop(world: World, request: Request) -> None:
    """Judge whether the record allows a request, or did as its process looked last."""
    if world.allowed(request):
        return
    since = None
    for moved in reversed(world.history[request.alert]):
        if may_send(moved.state, moved.version, request.notice, request.version):
            break
        since = moved
    own_s = None if since is None else since.own_s.get(request.process)
    if own_s is None or request.own_s - own_s > TRUSTED_S + MARGIN_S:
        late = "and it started later" if own_s is None else f"{request.own_s - own_s:.2f} s after it"
        world.violated(STOPPED, f"{request.notice} {request.version} starts in {request.process}, {late}")


def judge_failed(world: World, alert: Alert) -> None:
    """Recipients are given up only when the alert has expired, by the record's clock."""
    left_s = (alert.expires - world.record.now).total_seconds()
    flaky = any(one.kind == "record flaky" and one.to_s > world.loop.now_s - FLAKY_S for one in world.disruptions)
    if left_s > (SLOW_S if flaky else LATENCY_S):
        world.violated(EXPIRED, f"recipients are given up {left_s:.1f} s before the expiry")


def _key(request: Request, user: int) -> tuple[UUID, str, int, int]:
    return request.alert, request.notice, request.version if request.notice == "update" else 0, user


def nobody_twice(world: World) -> None:
    """Nobody gets the same notice twice, but where what was sent could not be recorded, or its answer was lost."""
    first: dict[tuple[UUID, str, int, int], Request] = {}
    for request in world.requests:
        for user in request.accepted:
            before = first.setdefault(_key(request, user), request)
            if before is not request and not _excused(world, before, request):
                world.violated(
                    ONCE,
                    f"{user} gets {request.notice} from {before.process} and, "
                    f"{request.started_s - before.started_s:.2f} s later, from {request.process}",
                )
            first[_key(request, user)] = request


def _excused(world: World, before: Request, again: Request) -> bool:
    """Tell whether a repeat is within the promise."""
    recorded_s = float("inf") if before.recorded_s is None else before.recorded_s
    if before.ambiguous or any(
        again.started_s > one.at_s > before.started_s and recorded_s > one.backup_s for one in world.rewinds
    ):
        return True
    if before.lane != again.lane and any(0 <= again.started_s - at_s <= MOVED_S for at_s in world.emptied):
        # A Redis that lost its data does not know who changed lanes a moment ago.
        return True
    if _just_resumed(again):
        return True
    return _held_up(world, before) or any(
        one.process in {None, before.process} and one.from_s <= recorded_s and one.to_s >= before.started_s
        for one in world.disruptions
    )


def _held_up(world: World, before: Request) -> bool:
    """Tell whether a request began under a claim that a crash lost, while a process that froze held up all looks.

    Usually the next look notices that; else it ends when the last one is trusted no more.
    """
    return any(
        crash.from_s <= before.started_s <= crash.from_s + TRUSTED_S + MARGIN_S
        and any(
            one.kind in STILL and crash.from_s - LATENCY_S <= one.from_s <= before.started_s
            for one in world.disruptions
        )
        for crash in world.disruptions
        if crash.kind == "record crashed"
    )


def everybody_notified(world: World) -> None:
    """Everybody who stands in a due ring of an alert that is sent has a message, or an outcome that says why not."""
    for alert in world.alerts:
        if alert.state != "sent":
            continue
        due = [ring for ring in alert.rings.values() if ring.due_at <= world.record.now]
        reached = _reached(world, alert)
        for person in world.people.all.values():
            if person.chose or world.people.is_dead(person.user, person.lane):
                continue
            if person.gone_s is None and _stands_in(person, due) and person.user not in reached:
                world.violated(EVERYBODY, f"{person.user} in {person.lane} at {distance(person):.0f} km has nothing")


def _stands_in(person: Person, rings: Sequence[Ring]) -> bool:
    """Tell whether somebody stands in one of these rings, each around its own centre or the place."""
    return any(
        (distance(person) if ring.longitude is None or ring.latitude is None else away_km(person, ring))
        <= ring.radius_km
        for ring in rings
        if ring.radius_km is not None
    )


def away_km(person: Person, ring: Ring) -> float:
    """Return how far somebody is from the centre of a ring."""
    return distance_km(ring.longitude or 0.0, ring.latitude or 0.0, person.longitude, person.latitude)


def entrants_notified(world: World, entered: Sequence[Person]) -> None:
    """Whoever came into the area of an alert that lives, while all was well, has a message or an outcome by now."""
    for alert in world.alerts:
        rings = [one for one in alert.rings.values() if one.due_at <= world.record.now and one.held is None]
        if alert.state not in {"sending", "sent"} or alert.expires <= world.record.now or not rings:
            continue
        reached = _reached(world, alert)
        for person in entered:
            changed = world.loop.now_s - person.changed_lanes_s < CHANGED_S
            if changed or person.chose or person.gone_s is not None or world.people.is_dead(person.user, person.lane):
                continue
            if _stands_in(person, rings) and person.user not in reached:
                world.violated(ENTRANTS, f"{person.user} in {person.lane} at {distance(person):.0f} km waits")


def _reached(world: World, alert: Alert) -> set[int]:
    """Return who was accepted by a provider, or has a final outcome in the ledger."""
    reached = {
        user for one in world.requests if (one.alert, one.notice) == (alert.id, "alert") for user in one.accepted
    }
    for row in alert.ledger.values():
        if row.notice == "alert" and row.outcome in FINAL:
            reached.update(unpack(row.packed).tolist())
    return reached


def follow_ups_exact(world: World) -> None:
    """Whoever was notified hears how it ended, and nobody else does; an update goes to those notified before it."""
    for alert in world.alerts:
        got: dict[tuple[str, int], set[int]] = defaultdict(set)
        attempted: set[int] = set()
        for one in world.requests:
            if one.alert == alert.id:
                got[one.notice, one.version] |= {*one.accepted}
                attempted |= {*one.users} if one.notice == "alert" else set()
        for (notice, version), users in got.items():
            if notice != "alert" and (others := users - attempted):
                world.violated(FOLLOW_UPS, f"{notice} {version} goes to {sorted(others)}, who got no alert")
        notice = {"cancelled": "cancel", "found": "found"}.get(alert.state, "update")
        notified = _notified_before(world, alert, notice)
        if alert.version == 1 or alert.notices[alert.version][0] != notice or alert.state in {"paused", "expired"}:
            continue
        # How it ended is told once, whatever a record that went back forgot of it.
        heard = got[notice, alert.version].union(*(got[key] for key in [*got] if key[0] == notice != "update"))
        missing = [
            person.user
            for person in world.people.all.values()
            if person.gone_s is None
            and not person.chose
            and person.user in notified
            and person.user not in heard
            and not world.people.is_dead(person.user, person.lane)
        ]
        if missing:
            world.violated(FOLLOW_UPS, f"{notice} {alert.version} never comes to {missing}, who got the alert")


def follow_ups_in_language(world: World) -> None:
    """Whoever was notified is followed in a language in which they were notified, whatever their phone reads now."""
    first: dict[tuple[UUID, int], set[str]] = defaultdict(set)
    for one in world.requests:
        for user in one.users:
            known = first[one.alert, user]
            if one.notice == "alert":
                known.add(one.locale)
            elif known and one.locale not in known:
                world.violated(LANGUAGE, f"{user} gets {one.notice} in {one.locale}, after {sorted(known)}")


def _notified_before(world: World, alert: Alert, notice: str) -> set[int]:
    """Return who must hear of the newest notice; what a record that went back forgot cannot be known to it."""
    last: dict[int, Request] = {}
    for one in world.requests:
        lost = _left_unrecorded(world, one) or any(
            rewind.at_s > one.started_s and (one.recorded_s or float("inf")) > rewind.backup_s
            for rewind in world.rewinds
        )
        if (one.alert, one.notice) == (alert.id, "alert") and not lost:
            last |= dict.fromkeys(one.accepted, one)
    if notice != "update":
        return {*last}
    return {user for user, one in last.items() if one.version < alert.version and not one.ambiguous}


def _left_unrecorded(world: World, request: Request) -> bool:
    """Tell whether only a process knew of a request that could not record it any more: a limit that is known.

    It was killed with the request on its way (see `killed`), or had to leave while the record did not answer.
    """
    process = request.process
    if request.recorded_s is not None:
        return False
    return process.killed_s is not None or any(
        one.process in {None, process} and one.kind.startswith("record") and one.to_s >= request.started_s
        for one in world.disruptions
        if process.left_s is not None and one.from_s <= process.left_s
    )


def killed(world: World) -> None:
    """What a process leaves unrecorded as it is killed is at most one batch a worker, with a request a language."""
    left: Counter[tuple[SimulatedProcess, str]] = Counter()
    for one in world.requests:
        killed_s = one.process.killed_s
        if killed_s is not None and one.accepted and not one.ambiguous and one.accepted_s is not None:
            left[one.process, one.lane] += (one.recorded_s or float("inf")) > killed_s
    for (process, lane), batches in left.items():
        refused = any(one.kind == ROWS_REFUSED and one.from_s <= (process.killed_s or 0.0) for one in world.disruptions)
        if batches > WORKERS * len(LANGUAGES) * (UNITS_REFUSED_MAX if refused else 1):
            world.violated(CRASH, f"{process} leaves {batches} batches of {lane} that no ledger has")


def processes_live(world: World) -> None:
    """No process ends by itself because of what a store or a provider does."""
    for process in world.processes:
        if process.died is not None:
            world.violated(ENDS, f"{process}: {_causes(process.died)}")


def _causes(error: BaseException) -> str:
    if isinstance(error, BaseExceptionGroup):
        return ", ".join(_causes(one) for one in error.exceptions)
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = "" if trace is None else f" at {trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"
    return f"{error!r}{where}"


def judge_state(world: World) -> None:
    """Judge a quiet system while its alerts go on."""
    everybody_notified(world)


def judge_end(world: World) -> None:
    """Judge all that happened."""
    nobody_twice(world)
    follow_ups_in_language(world)
    killed(world)
    processes_live(world)
    hours = (world.loop.now_s - START_S) / 3600
    world.note(f"end after {hours:.1f} hours, {len(world.requests)} requests, {world.record.calls} calls of the record")
