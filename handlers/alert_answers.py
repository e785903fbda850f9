"""An alert as police and operators see it: never the child's data, and never a reason, which may name the child.

Bounded by the alert.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from push.alerts.disclosure.estimates import ShownEstimate, shown_estimate
from push.alerts.estimate import read_estimate
from push.alerts.lifecycle import Action, State
from push.alerts.review import HeldFor, Review, known
from push.notice import Status, SubjectKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from push.alerts.disclosure.people import Disclosure
    from push.alerts.rings import Ring
    from sql.progress import ListedAlert, ProposedRow
    from sql.rings import RingRow


class Answer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that an answer has."""


class Circle(Answer, frozen=True, kw_only=True):
    """Around a place (degrees, WGS-84; km)."""

    longitude: float
    latitude: float
    radius_km: float


class Centre(Answer, frozen=True, kw_only=True):
    """A place (degrees, WGS-84)."""

    longitude: float
    latitude: float


class Area(Answer, frozen=True, kw_only=True):
    """The widest area that is planned around the place: a circle, a city by its code, or both."""

    circle: Circle | None
    city: str | None


class AlertRing(Answer, frozen=True, kw_only=True):
    """One ring: its radius (km), whether it holds the city too, from when it is due, who decided it, why it is held.

    `centre`: around which later place it is, null for the place of the alert.
    """

    ring: int
    radius_km: float | None
    city: bool
    due_at: datetime
    deadline: datetime
    decided_by: str
    held: str | None
    centre: Centre | None = None


class Proposed(Answer, frozen=True, kw_only=True):
    """What waits for approval, without its texts; `people`: as estimated then, null for fewer than the threshold.

    `centre`: around which place people are to be asked, null for the place of the alert. `expires`: another end of the
    alert. `parts`: what of the case it changes, in words such as `photo`.
    """

    action: Action
    by: str
    at: datetime
    radius_km: float | None
    city: bool | None
    people: int | None
    hours: float | None
    centre: Centre | None = None
    expires: datetime | None = None
    parts: list[str] = []


class Reviewed(Answer, frozen=True, kw_only=True):
    """Who has to look at an alert before it is sent, and who did; `send_at`: when it is sent unless held back.

    An approval names the `revision` that was read; `approvals` are of that one. `proposal`: what waits for approval
    since people were notified. `unverified`: why the signature of a CAP message is not believed;
    `unverified_messages`: which later messages about it have no verifiable signature, and why. `held_for`: why what it
    rests on holds it for approval.
    """

    policy: Review
    verified: bool
    unverified: str | None
    unverified_messages: list[str]
    approvals: list[str]
    send_at: datetime | None
    revision: int
    proposal: Proposed | None
    held_for: list[HeldFor]


class FiledAlert(Answer, frozen=True, kw_only=True):
    """An alert as its authority sees it: nothing of the child but the case number.

    `invited`: other authorities that may countersign it; `countersigned`: those that have, and share it.
    """

    id: UUID
    authority: str
    invited: list[str]
    countersigned: list[str]
    case_number: str
    status: Status
    subject_kind: SubjectKind
    state: State
    review: Reviewed
    version: int
    received_at: datetime
    deadline: datetime
    expires: datetime
    area: Area
    policy: str
    rings: list[AlertRing]
    estimate: ShownEstimate | None


class FiledAnswer(Answer, frozen=True, kw_only=True):
    """The alert that was filed, or that stands, and what its sender should know besides."""

    alert: FiledAlert
    notes: list[str] = []


def filed_alert(alert: ListedAlert, rule: Disclosure) -> FiledAlert:
    """Return an alert as its authority sees it; `rule`: which numbers of people are shown."""
    estimate = read_estimate(alert.estimate)
    return FiledAlert(
        id=alert.id,
        authority=alert.authority_id,
        invited=alert.invited,
        countersigned=alert.countersigned,
        case_number=alert.case_number,
        status=Status(alert.status),
        subject_kind=SubjectKind(alert.subject_kind),
        state=State(alert.state),
        review=Reviewed(
            policy=Review(alert.review),
            verified=alert.verified,
            unverified=alert.unverified,
            unverified_messages=alert.unverified_messages,
            approvals=alert.approvals,
            send_at=alert.send_at,
            revision=alert.revision,
            proposal=_proposed(alert.proposal, rule),
            held_for=known(HeldFor, alert.held_for),
        ),
        version=alert.version,
        received_at=alert.received_at,
        deadline=alert.deadline,
        expires=alert.expires,
        area=area_of(alert.longitude, alert.latitude, alert.city, alert.rings),
        policy=alert.policy,
        rings=msgspec.convert(alert.rings, list[AlertRing], from_attributes=True),
        estimate=None if estimate is None else shown_estimate(estimate, rule),
    )


def _proposed(row: ProposedRow | None, rule: Disclosure) -> Proposed | None:
    proposed = msgspec.convert(row, Proposed | None, from_attributes=True)
    if proposed is None or proposed.people is None:
        return proposed
    return msgspec.structs.replace(proposed, people=rule.estimated(proposed.people))


def area_of(longitude: float | None, latitude: float | None, city: str | None, rings: Sequence[Ring | RingRow]) -> Area:
    """Return the widest area that is planned: a circle, a city, or both."""
    own = [ring for ring in rings if ring.longitude is None]
    radius_km = max((ring.radius_km for ring in own if ring.radius_km is not None), default=None)
    circle = None
    if longitude is not None and latitude is not None and radius_km is not None:
        circle = Circle(longitude=longitude, latitude=latitude, radius_km=radius_km)
    return Area(circle=circle, city=city if any(ring.city for ring in rings) else None)
