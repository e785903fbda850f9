"""The queries about the marks of the index's shards, and about forgotten users. Bounded by the tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.simulation.record.queries import answers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import timedelta

    from tests.simulation.record.tables import Moment, Tables


@answers("epoch_list", "shard epoch")
def epoch_list(tables: Tables, _: Moment) -> Iterator[tuple[Any, ...]]:
    """Return the mark of each shard."""
    for shard, (mark, _at) in tables.epochs.items():
        yield shard, mark


@answers("epoch_adopt", "shard")
def epoch_adopt(
    tables: Tables, moment: Moment, shards: Sequence[int], marks: Sequence[str]
) -> Iterator[tuple[Any, ...]]:
    """Take over marks; returns the shards that had another one."""
    for shard, mark in sorted(zip(shards, marks, strict=True)):
        known = tables.epochs.get(shard)
        if known is None:
            tables.put(tables.epochs, shard, (mark, None))
        elif known[0] != mark:
            tables.put(tables.epochs, shard, (mark, moment.now))
            yield (shard,)


@answers("epoch_emptied", "count")
def epoch_emptied(tables: Tables, moment: Moment, within: timedelta) -> Iterator[tuple[Any, ...]]:
    """Count the shards that lost their people lately."""
    yield (sum(at is not None and at > moment.now - within for _, at in tables.epochs.values()),)


@answers("epoch_reopen_alerts", "alert_id")
def reopen_alerts(tables: Tables, moment: Moment, shards: Sequence[int], gap: timedelta) -> Iterator[tuple[Any, ...]]:
    """Open the due rings of live alerts that together are their area again."""
    for alert in tables.alerts.values():
        if alert.state not in {"sending", "sent", "paused"} or alert.expires <= moment.now:
            continue
        outer = {ring.ring for ring in alert.outer(moment.now)}
        tables.change(alert, next_sweep_at=alert.sooner(moment.now + gap))
        for sweep in alert.sweeps:
            if sweep.notice != "alert" or sweep.ring not in outer:
                continue
            for unit in sweep.units:
                if unit.entrants or not any(unit.shard_from <= shard < unit.shard_to for shard in shards):
                    continue
                passes = max(unit.passes, 1) if unit.done else unit.passes
                tables.change(unit, done=False, passes=passes, reopened=unit.lease_until is not None)
                yield (alert.id,)


@answers("epoch_reopen_notices")
def reopen_notices(tables: Tables, moment: Moment, shards: Sequence[int], apart: timedelta) -> None:
    """Open follow-up notices again."""
    for alert in tables.alerts.values():
        if alert.state not in {"sending", "sent", "found", "cancelled"} or alert.recipients_deleted_at is not None:
            continue
        for sweep in alert.sweeps:
            if sweep.notice == "alert" or sweep.version not in alert.notices:
                continue
            age = moment.now - alert.notices[sweep.version][1]
            for unit in sweep.units:
                if age.days < 1 and any(unit.shard_from <= shard < unit.shard_to for shard in shards):
                    passes = max(unit.passes, age // apart)
                    tables.change(unit, done=False, passes=passes, reopened=unit.lease_until is not None)


@answers("forgotten_add")
def forgotten_add(tables: Tables, moment: Moment, users: Sequence[int]) -> None:
    """Note forgotten users, who enter nothing any more."""
    for key in [key for key in tables.entrants if key[0] in users]:
        tables.remove(tables.entrants, key)
    for user in {*users}.intersection(tables.preferences):
        tables.remove(tables.preferences, user)
    for user in users:
        tables.put(tables.forgotten, user, moment.now)


@answers("forgotten_page", "user_id at_ms")
def forgotten_page(tables: Tables, _: Moment, after: int, limit: int) -> Iterator[tuple[Any, ...]]:
    """Return a page of forgotten users."""
    for user in sorted(user for user in tables.forgotten if user > after)[:limit]:
        yield user, int(tables.forgotten[user].timestamp() * 1000)


@answers("forgotten_expire")
def forgotten_expire(tables: Tables, moment: Moment, after: timedelta) -> None:
    """Delete old rows."""
    for user in [user for user, at in tables.forgotten.items() if at < moment.now - after]:
        tables.remove(tables.forgotten, user)
