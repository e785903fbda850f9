"""Mutations: bugs that the product had, or could have, put back one at a time, to prove that the simulation sees them.

Each is a name, what it puts back, and what patches it in. Those of queries and scripts change the doubles, which answer
as the real ones do (`tests/conformance/test_store_doubles.py`). Bounded by the table.
"""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from unittest.mock import patch

import numpy as np
from redis.exceptions import ConnectionError as RedisConnectionError

import sql.ledger
import sql.work
from geo.index.checks.users import Checked, user_ids
from geo.index.position_index import PositionIndex
from geo.index.preferences.mirror import PreferenceMirror
from push.alarms import AlarmBoard
from push.alerts.watch.record_guard import RecordGuard
from push.delivery.breaker import Breaker
from push.delivery.recording.kept_rows import KeptRows
from push.delivery.recording.ledger import Ledger, _Waiting
from push.delivery.settlement import Settlement
from push.delivery.worker import Worker
from push.fanout.claims.asking import Asking
from push.fanout.claims.unit import Batch, HeldUnit
from push.fanout.entrants.unit import EntrantsUnit
from push.fanout.sweep import Sweep
from push.users.kept_preferences import KeptPreferences
from runtime.clock import now
from sql.database import REFUSED_ERRORS, STARTING_ERRORS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from geo.area import Area


class Mutation(NamedTuple):
    """A bug: what it is, and what puts it back for as long as its context stands.

    `only`: the one fault of the stores, or the one worst moment, that shows it, where among all of them it is too rare
    for `SEEDS`.
    """

    what: str
    put_back: Callable[[], AbstractContextManager[Any]]
    only: str | None = None


async def _nothing(*_: object, **__: object) -> None:
    return None


async def _commit_once(ledger: Ledger, group: list[_Waiting]) -> set[int]:
    with suppress(*REFUSED_ERRORS):
        await sql.ledger.commit(ledger._pool, [row for one in group for row in one.rows])
    ledger.takes = True
    return set()


async def _take_and_go(ledger: Ledger, rows: list[Any], *_: object, **__: object) -> bool:
    await ledger._waiting.put(_Waiting(rows, None, keep=True, taken=asyncio.get_running_loop().create_future()))
    return True


def _nothing_kept(*_: object) -> None:
    """Keep no row, and say nothing to whoever waits for it."""


def _follow_nothing(*_: object) -> None:
    """Know nothing of the record's clock."""


def _held_unit(*_: object, **__: object) -> Callable[..., None]:
    original = HeldUnit.__init__

    def begin(unit: HeldUnit, row: Any, *seen: float, **named: Any) -> None:  # noqa: ANN401 - a row
        original(unit, row, *seen, **named)
        unit.expires_s = asyncio.get_running_loop().time() + (row.expires - now()).total_seconds()

    return begin


_halted = sql.work.halted


async def _halted_by_state(connection: Any, *asked: Any) -> tuple[datetime, dict[int, bool]]:  # noqa: ANN401 - a connection
    at, halted = await _halted(connection, *asked)
    return at, {unit: lost for unit, lost in halted.items() if not lost}


async def _halted_never(connection: Any, *asked: Any) -> tuple[datetime, dict[int, bool]]:  # noqa: ANN401 - a connection
    at, halted = await _halted(connection, *asked)
    return at, {unit: lost for unit, lost in halted.items() if lost}


async def _nobody_notified(_: Sweep, __: object) -> Any:  # noqa: ANN401 - an array
    return np.empty(0, dtype=np.int64)


def _all_users(_: object, found: list[list[bytes]]) -> Checked:
    return Checked(found, user_ids([*chain.from_iterable(found)]), 0)


async def _no_preferences(*_: object) -> dict[int, bytes]:
    return {}


async def _no_passes(*_: object) -> set[Any]:
    return set()


async def _claim_any(asking: Asking, sweeps: Sequence[int], units_max: int) -> Any:  # noqa: ANN401 - rows
    leases = asking._leases
    excluded = [*leases.ids, *asking._left_aside()]
    return await sql.work.claim(
        asking._pool, sweeps, leases.owner, timedelta(seconds=leases.lease_s), excluded, units_max
    )


async def _unnoted(*_: object) -> bool:
    return True


async def _search_without_movers(
    index: PositionIndex, lane: str, shards: Sequence[int], areas: Sequence[Area], *, asks_movers: bool
) -> object:
    return await _SEARCH(index, lane, shards, areas, asks_movers=asks_movers and False)


_SEARCH: Final = PositionIndex._search


def _patched(target: object, **names: object) -> Callable[[], AbstractContextManager[Any]]:
    """Return what patches attributes of a class, a module or its name."""

    @contextmanager
    def put_back() -> Iterator[None]:
        with ExitStack() as stack:
            for name, value in names.items():
                if isinstance(target, str):
                    stack.enter_context(patch(f"{target}.{name}", value))
                else:
                    stack.enter_context(patch.object(target, name, value))
            yield

    return put_back


MUTATIONS: Final = {
    "refused-row-ends-process": Mutation(
        "a ledger write that is refused ends the process",
        _patched("push.delivery.recording.ledger", REFUSED_ERRORS=STARTING_ERRORS),
    ),
    "refused-row-dropped": Mutation(
        "a ledger write that is refused is dropped after the send", _patched(Ledger, _commit=_commit_once)
    ),
    "refused-rows-forgotten": Mutation(
        "outcomes that the record refuses while it takes others are forgotten",
        _patched(KeptRows, add=_nothing_kept),
        only="rows_refused",
    ),
    "commit-not-awaited": Mutation(
        "a worker takes its next batch before the ledger has the last one", _patched(Ledger, record=_take_and_go)
    ),
    "redis-refusal-ends-process": Mutation(
        "a Redis that refuses ends the process",
        _patched("push.fanout.sweep", INDEX_UNAVAILABLE_ERRORS=(RedisConnectionError, OSError)),
    ),
    "expiry-by-process-clock": Mutation(
        "the process' clock decides when an alert ends",
        _patched(HeldUnit, __init__=_held_unit(), follow=_follow_nothing),
    ),
    "bad-member-fails-unit": Mutation(
        "a member of the index that is no user fails its whole unit",
        _patched("geo.index.position_index", checked=_all_users),
    ),
    "lost-claims-unnoticed": Mutation(
        "the look for stops ignores who owns a unit: claims that a crash lost go on",
        _patched("sql.work", halted=_halted_by_state),
        only="claims_lost",
    ),
    "late-rows-ignored": Mutation(
        "a row that lands late opens no follow-up notice again",
        _patched("tests.simulation.record.answers.ledger", LATE_ROWS_REOPEN=False),
    ),
    "redis-clock-back": Mutation(
        "a Redis whose clock is set back holds everybody", _patched("tests.simulation.index.keyspace", HEEDS_BACK=False)
    ),
    "rewound-record-sends": Mutation(
        "a record that went back resumes sending", _patched(RecordGuard, pause_all=_nothing)
    ),
    "stop-only-by-notification": Mutation(
        "a stop whose notification is lost is not heard", _patched("sql.work", halted=_halted_never)
    ),
    "last-look-not-checked": Mutation(
        "a unit is sent although nobody saw for long that it may be",
        _patched(HeldUnit, may_send=lambda unit, now_s: not unit.over and now_s < unit.lease_until_s),
    ),
    "lease-not-respected": Mutation(
        "a process that thaws after the end of its lease goes on",
        _patched(HeldUnit, may_send=lambda unit, _: not unit.over),
    ),
    "cut-off-not-recorded": Mutation(
        "requests that the end of a process cuts off leave nobody indeterminate",
        _patched(Worker, note_cut_off=_nothing),
    ),
    "lost-answer-not-recorded": Mutation(
        "requests whose answer is lost leave nobody indeterminate", _patched(Settlement, record_indeterminate=_unnoted)
    ),
    "nearer-ring-ignored": Mutation(
        "a wider ring does not wait for the nearer one",
        _patched("tests.simulation.record.answers.work", _nearer_ready=lambda *_: True),
    ),
    "halted-counts-as-searched": Mutation(
        "a wider ring does not wait for a nearer unit that is halted",
        _patched(Asking, _claim=_claim_any),
        only="paused_on_its_way",
    ),
    "ledger-not-subtracted": Mutation(
        "a sweep does not leave out whom the ledger has", _patched(Sweep, _notified=_nobody_notified)
    ),
    "movers-not-left-out": Mutation(
        "users who change lanes are found in both",
        _patched(PositionIndex, _search=_search_without_movers),
        only="lanes_changed",
    ),
    "no-late-entrants": Mutation("no pass for late entrants comes", _patched("sql.rings", sweep_again=_no_passes)),
    "entry-removed-early": Mutation(
        "an entry is removed from the record before the ledger has who entered",
        _patched(EntrantsUnit, settled=lambda unit: [*unit._entries.values()]),
    ),
    "entrants-not-sifted": Mutation(
        "late entrants do not wait for the batches of sweeps", _patched("sql.entrants", busy=_no_passes)
    ),
    "entries-not-noted": Mutation("nobody who enters is noted", _patched("sql.entrants", note=_nothing)),
    "entrants-in-sweeps": Mutation(
        "a sweep does not leave out whom the record has as entrant", _patched(Sweep, _entrants=_nobody_notified)
    ),
    "language-of-now": Mutation(
        "a follow-up notice comes in the language that the phone reads now",
        _patched(Batch, keeps_language=lambda batch: np.zeros(batch.size, dtype=np.bool_)),
    ),
    "no-second-follow-up": Mutation(
        "a follow-up notice is swept once only", _patched("sql.rings", notify_again=_no_passes)
    ),
    "preferences-not-read": Mutation(
        "a batch is sent whatever its recipients prefer", _patched(PreferenceMirror, of=_no_preferences)
    ),
    "preferences-not-restored": Mutation(
        "a Redis that lost its data gets no preferences back",
        _patched(KeptPreferences, restore=_nothing),
        only="redis_emptied",
    ),
    "breaker-stays-open": Mutation("a breaker never closes again", _patched(Breaker, answered=lambda _: False)),
    "silent": Mutation("no alarm is raised", _patched(AlarmBoard, raise_alarm=lambda *_, **__: None)),
}
"""All of them. Each must be caught within `SEEDS`."""

SEEDS: Final = 200
