"""Scope: which alerts the bearer of a token may read about; an officer those of the own authority, also countersigned.

An officer who approves reads besides what waits for a decision of somebody of another authority, as long as it waits.
Everybody else reads all. Pure; bounded by the token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from handlers.http.roles import ALLOWS, Role
from push.alarm_kinds import AlarmKind
from push.alerts.lifecycle import LIVE, State

if TYPE_CHECKING:
    from collections.abc import Collection

    from handlers.http.bearer import Bearer
    from push.alarms import Alarm
    from sql.progress import ListedAlert

DECISIONS: Final = frozenset({AlarmKind.REVIEW, AlarmKind.REVIEW_LATE, AlarmKind.AUDIENCE_CAP})
"""Alarms that say what waits for an approver."""


class Scope(NamedTuple):
    """About which alerts somebody may read: `authority` None: about all; and whether they may read sightings."""

    authority: str | None
    approves: bool
    reads_sightings: bool

    def has(self, *authorities: str) -> bool:
        """Tell whether alerts of these authorities are always within it."""
        return self.authority is None or self.authority in authorities

    def shows(self, alert: ListedAlert) -> bool:
        """Tell whether an alert is within it."""
        asked = alert.state in LIVE and (alert.proposal is not None or alert.held)
        waits = alert.state == State.IN_REVIEW or asked
        return self.has(*alert.authorities) or (self.approves and waits)

    def unseals(self, alert: ListedAlert) -> bool:
        """Tell whether they may read what is sealed of an alert within it: who approves, or is of its authorities."""
        return self.approves or self.authority in alert.authorities

    def shows_alarm(self, alarm: Alarm, shared: Collection[str] = ()) -> bool:
        """Tell whether an alarm is within it: those about no authority are for everybody.

        `shared`: the authorities that countersigned what it is about.
        """
        if self.authority is None or not alarm.about:
            return True
        # About an alert, an alarm names its authority and its case.
        named = alarm.about if alarm.alert is None else alarm.about.split(" ", 1)[0]
        return self.authority in {named, *shared} or (
            self.approves and alarm.alert is not None and alarm.kind in DECISIONS
        )


def scope_of(bearer: Bearer) -> Scope:
    """Return what the bearer of a token may read about."""
    return Scope(bearer.authority, bearer.role in ALLOWS[Role.APPROVER], bearer.role in ALLOWS[Role.OPERATOR])
