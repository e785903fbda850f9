"""Case changes: bring what an alert says, until when it lives and how far it reaches, to the case as known now.

All parts of a change are applied in one transaction, or none. What cannot be applied is left out first, and said.
Bounded: a life by `life_max` from the receipt; a wider ring as `push.alerts.actions.widening` says.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

import sql.cases
import sql.lifecycle
import sql.photos
import sql.progress
from push.alerts.actions import widening
from push.alerts.actions.proposals import CaseChange, Part, Widening
from push.alerts.actions.refusals import Refusal, Refused
from push.alerts.actions.transaction import Done
from push.alerts.lifecycle import NOT_NOTIFIED, Action, State, leads_to
from push.alerts.record.contents import read_content
from push.notice import Notice

if TYPE_CHECKING:
    from datetime import datetime, timedelta
    from uuid import UUID

    from push.alerts.actions.transaction import Ready
    from push.alerts.planner import Planner
    from push.message.content import Content
    from sql.database import Connection
    from sql.lifecycle import LockedAlert

SAME = "the same as before"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A change of the case as a message asks for it.

    `upon`: the revision of what waited for approval when it was made, None: nothing did; `builds`: it has what waited
    in it. `paths`: where the message has the end and the area. `notes`: what is known of it already. `photo`: the photo
    of who is missing as it was sent; `photo_url`: where another one is than before, to be seen by who approves it.
    """

    requested: CaseChange
    upon: int | None = None
    builds: bool = False
    paths: Mapping[Part, str]
    notes: tuple[str, ...] = ()
    photo: bytes | None = None
    photo_url: str | None = None


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """What of a change can be applied, and what its sender is to know."""

    requested: CaseChange
    notes: tuple[str, ...]


def notes_on_waiting(alert: LockedAlert, done: Done, *, builds: bool) -> list[str]:
    """Return what is to be known where a change was proposed; `builds`: what waited before is part of it."""
    if "proposed" not in done.details:
        return []
    notes = [f"it waits for approval as revision {done.details['proposed']}: nothing is changed before"]
    if alert.proposed and not builds:
        notes.append(f"what waited as revision {alert.revision} is dropped")
    return notes


async def with_photo(connection: Connection, alert_id: UUID, requested: CaseChange, asked: Asked) -> CaseChange:
    """Return a change that waits for approval with its photo, made meanwhile so that who approves it sees it."""
    if asked.photo is None and asked.photo_url is None:
        return requested
    return replace(requested, photo=await sql.photos.propose(connection, alert_id, asked.photo_url, asked.photo))


async def give_photo(connection: Connection, alert_id: UUID, alert: LockedAlert, asked: Asked, done: Done) -> Done:
    """Have the photo that was sent shown, with a change that was made at once; what is being sent gets no other one."""
    if asked.photo is None:
        return done
    await sql.photos.give(connection, alert_id, asked.photo)
    return replace(done, details=done.details | {"bytes": len(asked.photo)}, halts=done.halts or alert.notified)


async def reword(
    planner: Planner, connection: Connection, alert_id: UUID, alert: LockedAlert, changed: Content
) -> Done:
    """Replace what phones show; those who were notified get it as a notice, where it is anything else."""
    state, encoded = State(alert.state), msgspec.json.encode(changed).decode()
    if state in NOT_NOTIFIED:
        # Also where phones show the same: who approved it has read another case.
        await sql.lifecycle.reword(connection, alert_id, encoded)
        if not alert.notified:
            return Done(after=state, details={"version": alert.version})
    # Reopened and in review again: who was notified before gets it once that is over.
    if changed == read_content(alert.content):
        return Done(after=state, details={"version": alert.version})
    version = alert.version + 1
    await sql.lifecycle.append_notice(connection, alert_id, version, Notice.UPDATE, encoded)
    await planner.add_follow_up(connection, alert_id, alert.status, Notice.UPDATE, version)
    return Done(after=state, details={"version": version}, halts=True)


def laid_over(stands: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Return a tree with what is given in its place, field by field; lists as a whole."""
    trees = {name for name, value in given.items() if isinstance(value, dict) and isinstance(stands.get(name), dict)}
    return stands | {name: laid_over(stands[name], value) if name in trees else value for name, value in given.items()}


async def _replace(connection: Connection, alert_id: UUID, requested: CaseChange) -> None:
    """Replace the case, its photo and its end, as far as they change."""
    if requested.case is not None and requested.digest is not None:
        await sql.cases.replace(connection, alert_id, requested.case, requested.digest)
    if requested.photo is not None:
        # After the case, whose address would have it fetched once more.
        await sql.photos.show_proposed(connection, alert_id, requested.photo)
    if requested.expires is not None:
        await sql.lifecycle.extend(connection, alert_id, requested.expires)


class CaseChanging:
    """Carries out changes of a case."""

    def __init__(self, planner: Planner, life_max: timedelta) -> None:
        self._planner = planner
        self._life_max = life_max

    async def settle(
        self, connection: Connection, alert_id: UUID, alert: LockedAlert, asked: Asked
    ) -> Settled | Refused:
        """Leave out what cannot be applied to a locked alert, each with a note; refused where nothing is left."""
        requested, notes = asked.requested, list(asked.notes)
        now = await sql.progress.record_time(connection)
        expires, note = self._expires(alert, requested.expires, now)
        notes += [f"{asked.paths[Part.EXPIRES]}: {note}"] if note else []
        area, note = await self._area(connection, alert_id, alert, requested.area)
        notes += [f"{asked.paths[Part.AREA]}: {note}"] if note else []
        dropped = {Part.EXPIRES if expires is None else None, Part.AREA if area is None else None}
        parts = tuple(part for part in requested.parts if part not in dropped)
        if not parts:
            return Refused(Refusal.NOTHING_NEW, "; ".join(notes))
        return Settled(requested=replace(requested, parts=parts, expires=expires, area=area), notes=tuple(notes))

    async def prepare(
        self, connection: Connection, alert_id: UUID, alert: LockedAlert, requested: CaseChange
    ) -> Ready | Refused:
        """Return how a change is carried out as a whole, or why it cannot be."""
        if await sql.cases.digest_of(connection, alert_id) != requested.base:
            return Refused(Refusal.CASE_CHANGED)
        stands = read_content(alert.content)
        changed = requested.applied_to(stands)
        if requested.same_locales and changed.texts.keys() != stands.texts.keys():
            return Refused(Refusal.LOCALES, ", ".join(sorted(stands.texts)))
        now = await sql.progress.record_time(connection)
        if requested.expires is not None and requested.expires <= now:
            return Refused(Refusal.NOT_NOW, "its new end is past")
        if requested.expires is not None and requested.expires > self._latest(alert):
            return Refused(Refusal.EXPIRY_CAP)
        widen: Ready | None = None
        if requested.area is not None:
            ready = await widening.prepare(self._planner, connection, alert_id, alert, requested.area)
            if isinstance(ready, Refused):
                return ready
            widen = ready

        async def change_case() -> Done:
            await _replace(connection, alert_id, requested)
            done = await reword(self._planner, connection, alert_id, alert, changed)
            wider = {} if widen is None else (await widen()).details
            details = {"parts": list(requested.parts)} | done.details | wider
            return replace(
                done, details=details, halts=done.halts or requested.expires is not None or requested.photo is not None
            )

        return change_case

    def _latest(self, alert: LockedAlert) -> datetime:
        return alert.received_at + self._life_max

    def _expires(
        self, alert: LockedAlert, wanted: datetime | None, now: datetime
    ) -> tuple[datetime | None, str | None]:
        """Return the end that an alert can have, None where it stays, and what is to be known of it."""
        if wanted is None:
            return None, None
        if wanted <= now:
            return None, "not applied: it is past; a child who is found, or a cancel, ends an alert"
        latest = self._latest(alert)
        note = None if wanted <= latest else f"an alert ends at the latest at {latest.isoformat(timespec='seconds')}"
        end = min(wanted, latest)
        return (None, note or SAME) if end == alert.expires else (end, note)

    async def _area(
        self, connection: Connection, alert_id: UUID, alert: LockedAlert, wanted: Widening | None
    ) -> tuple[Widening | None, str | None]:
        """Return the wider ring that an alert can have, None where it gets none, and why."""
        if wanted is None:
            return None, None
        if not leads_to(State(alert.state), Action.WIDEN):
            return None, f"not applied: the alert is {alert.state}, and is widened while it is sent"
        cap_km = self._planner.plan.radius_cap_km
        if wanted.radius_km > cap_km:
            return None, f"not applied: {Refusal.RADIUS_CAP.value}: the cap is {cap_km:g} km"
        ready = await widening.prepare(self._planner, connection, alert_id, alert, wanted)
        if isinstance(ready, Refused):
            return None, f"not applied: {ready.refusal.value}: {ready.detail}".rstrip(": ")
        return wanted, None
