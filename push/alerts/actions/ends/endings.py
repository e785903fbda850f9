"""Endings: ends an alert with its follow-up notice, and keeps how the case ended.

The text of the notice is chosen in the transaction that ends the alert. What is said later, or corrected, is kept
without another notice, unless its text would be another one and no one was sent the first.
Bounded: one alert at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

import sql.held_notices
import sql.lifecycle
import sql.outcomes
import sql.sightings
from geo.area import distance_km
from push.alerts.actions.refusals import Refusal, Refused
from push.alerts.actions.transaction import Done
from push.alerts.lifecycle import NOT_NOTIFIED, State
from push.alerts.outcomes import CLOSINGS, AfterAction, Ending, read_after_action
from push.alerts.record.contents import UnreadableAlertError, read_content
from push.message.closings import closed_with, closing_of
from push.notice import Notice

if TYPE_CHECKING:
    from uuid import UUID

    from push.alerts.planner import Planner
    from sql.database import Connection
    from sql.lifecycle import LockedAlert

VERSION_MAX: Final = 2**15 - 1
"""That of the column, far above `CHANGES_MAX`: one that is damaged so ends all the same, and nobody is told of it."""

NOTICES = {State.FOUND: Notice.FOUND, State.CANCELLED: Notice.CANCEL}


async def end(
    planner: Planner, connection: Connection, alert_id: UUID, alert: LockedAlert, after: State, ending: Ending
) -> Done | Refused:
    """End an alert, or add to how it ended."""
    state, content = State(alert.state), _content(alert, ending)
    if state is after:
        return await _known_later(planner, connection, alert_id, alert, after, ending)
    # What ended in review was never sent: then its end is not sent or published either.
    was_sent = alert.notified or state not in {*NOT_NOTIFIED, State.EXPIRED, State.CANCELLED}
    if was_sent and alert.version < VERSION_MAX:
        await _append(planner, connection, alert_id, alert, NOTICES[after], content)
    details = await _keep(connection, alert_id, alert, ending)
    # Closed from now on, by the alert's state alone: however many they are, they hold up nothing here.
    undecided = 0 if state is State.CANCELLED else await sql.sightings.undecided(connection, alert_id)
    details |= {"sightings_closed": undecided} if undecided else {}
    return Done(
        after=after,
        details={"through_alert": ending.through_alert} | details,
        halts=True,
        through_alert=ending.through_alert,
    )


async def _known_later(
    planner: Planner, connection: Connection, alert_id: UUID, alert: LockedAlert, after: State, ending: Ending
) -> Done | Refused:
    """Keep of an ended alert what is known only now, or otherwise."""
    is_new = ending.through_alert not in {None, alert.through_alert}
    kept = await sql.outcomes.read(connection, alert_id)
    is_other = kept is not None and ending.outcome is not None and ending.outcome != kept.outcome
    # Whoever says it again means it: what is held goes on.
    if (
        not alert.held
        and not is_new
        and not is_other
        and not _adds(alert, ending, None if kept is None else kept.after_action)
    ):
        return Refused(Refusal.NOTHING_NEW, "it is recorded already")
    content = _content(alert, ending)
    halts = (
        is_other
        and content != alert.content
        and alert.notified
        and not await sql.outcomes.has_begun(connection, alert_id, alert.version)
    )
    if halts:
        await _append(planner, connection, alert_id, alert, NOTICES[after], content)
    elif alert.held:
        await sql.held_notices.resume_notice(connection, alert_id)
    details: dict[str, Any] = {"through_alert": ending.through_alert} if is_new else {}
    details |= {"resumed": True} if alert.held else {}
    details |= await _keep(connection, alert_id, alert, ending)
    return Done(after=after, details=details, halts=halts, through_alert=ending.through_alert)


async def _append(
    planner: Planner, connection: Connection, alert_id: UUID, alert: LockedAlert, notice: Notice, content: str
) -> None:
    version = alert.version + 1
    await sql.lifecycle.append_notice(connection, alert_id, version, notice, content)
    await planner.add_follow_up(connection, alert_id, alert.status, notice, version)


async def _keep(connection: Connection, alert_id: UUID, alert: LockedAlert, ending: Ending) -> dict[str, Any]:
    """Keep what was said; the trail has that there is an outcome, and not which."""
    added = _after_action(alert, ending)
    if ending.outcome is None and added is None:
        return {}
    kept = await sql.outcomes.read(connection, alert_id)
    before = None if kept is None else read_after_action(kept.after_action)
    encoded = None if added is None else msgspec.json.encode(_merged(before, added)).decode()
    outcome = None if ending.outcome is None else ending.outcome.value
    await sql.outcomes.keep(connection, alert_id, outcome, encoded)
    return {} if outcome is None else {"outcome": "kept"}


def _content(alert: LockedAlert, ending: Ending) -> str:
    """Return the content, `found` with the text of what is said; without an outcome it stays as it is.

    So does one that nobody here can read: an alert is ended whatever it says.
    """
    if ending.outcome is None:
        return alert.content
    try:
        content = read_content(alert.content)
    except UnreadableAlertError:
        return alert.content
    closing = CLOSINGS[ending.outcome]
    if closing is closing_of(content):
        return alert.content
    return msgspec.json.encode(closed_with(content, closing, alert.received_at)).decode()


def _adds(alert: LockedAlert, ending: Ending, kept: str | None) -> bool:
    added = _after_action(alert, ending)
    before = read_after_action(kept) or AfterAction()
    return added is not None and _merged(before, added) != before


def _after_action(alert: LockedAlert, ending: Ending) -> AfterAction | None:
    """Return what is known of how the child was found, with the distance instead of the place."""
    place = ending.place
    if place is None or alert.longitude is None or alert.latitude is None:
        return ending.after_action
    away_km = round(distance_km(alert.longitude, alert.latitude, place.longitude, place.latitude))
    return msgspec.structs.replace(ending.after_action or AfterAction(), distance_km=away_km)


def _merged(before: AfterAction | None, added: AfterAction) -> AfterAction:
    """Return both: what is said now counts."""
    known = {name: value for name, value in msgspec.structs.asdict(added).items() if value is not None}
    return msgspec.structs.replace(before or AfterAction(), **known)
