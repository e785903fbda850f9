"""Answers in the OpenAPI document: what the handlers put together flows in as structs, their schemas flow out.

They are only described with these; `tests/conformance/test_openapi_roles.py` holds what is answered against them.
Bounded by the document.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from push.alarms import Alarm
from push.alerts.estimate import Estimate
from push.alerts.lifecycle import Action, State
from push.alerts.review import Review
from push.alerts.rings import Ring
from push.alerts.watch.progress import LaneProgress, NoticeProgress
from push.message.rendering import Rendering, TooLarge
from push.notice import Status
from sql.audit import Link


class Answer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that an answer has."""


class Circle(Answer, frozen=True, kw_only=True):
    """Around a place (degrees, WGS-84; km)."""

    longitude: float
    latitude: float
    radius_km: float


class Area(Answer, frozen=True, kw_only=True):
    """The widest area that is planned: a circle, a city by its code, or both."""

    circle: Circle | None
    city: str | None


class AlertRing(Answer, frozen=True, kw_only=True):
    """One ring: its radius (km), whether it holds the city too, from when it is due, who decided it, why it is held."""

    ring: int
    radius_km: float | None
    city: bool
    due_at: datetime
    deadline: datetime
    decided_by: str
    held: str | None


class Proposed(Answer, frozen=True, kw_only=True):
    """What waits for approval, without its texts; `people`: as estimated then."""

    action: Literal["update", "rings", "extension"]
    by: str
    at: datetime
    radius_km: float | None
    city: bool | None
    people: int | None
    hours: float | None


class Reviewed(Answer, frozen=True, kw_only=True):
    """Who has to look at an alert before it is sent, and who did; `send_at`: when it is sent unless held back.

    An approval names the `revision` that was read; `approvals` are of that one. `proposal`: what waits for approval
    since people were told. `unverified`: why the signature of a CAP message is not believed; `unverified_messages`: which later
    messages about it nobody verifiably signed, and why.
    """

    policy: Review
    verified: bool
    unverified: str | None
    unverified_messages: list[str]
    approvals: list[str]
    send_at: datetime | None
    revision: int
    proposal: Proposed | None


class FiledAlert(Answer, frozen=True, kw_only=True):
    """An alert as its authority sees it: nothing of the child but the case number."""

    id: UUID
    authority: str
    case_number: str
    status: Status
    state: State
    review: Reviewed
    version: int
    received_at: datetime
    deadline: datetime
    expires: datetime
    area: Area
    policy: str
    rings: list[AlertRing]
    estimate: Estimate | None


class Alert(FiledAlert, frozen=True, kw_only=True):
    """An alert with its progress; `possible` names what may be asked for now: the last part of the path.

    `found` once more says later whether it was because of the alert.
    """

    sent_at: datetime | None
    ended_at: datetime | None
    through_alert: bool | None
    audience_max: int | None
    child_deleted_at: datetime | None
    recipients_deleted_at: datetime | None
    possible: list[Action]
    lanes: dict[str, LaneProgress]
    notices: list[NoticeProgress]


class FiledAnswer(Answer, frozen=True, kw_only=True):
    """The alert that was filed, or that stands, and what its sender should know besides."""

    alert: FiledAlert
    notes: list[str] = []


class Draft(Answer, frozen=True, kw_only=True):
    """What its sender learns of a case that nobody verifiably signed."""

    id: UUID
    case_number: str


class DraftAnswer(Answer, frozen=True, kw_only=True):
    """A draft waits for review; the notes say why it is not believed."""

    draft: Draft
    notes: list[str]


class AlarmsAnswer(Answer, frozen=True, kw_only=True):
    """The alarms that stand, oldest first."""

    alarms: list[Alarm]


class AlertAnswer(Answer, frozen=True, kw_only=True):
    """One alert."""

    alert: Alert


class AlertsAnswer(Answer, frozen=True, kw_only=True):
    """The newest alerts, newest first."""

    alerts: list[Alert]


class Reasons(Answer, frozen=True, kw_only=True):
    """Why: of the rings that somebody asked for, by number, and of what is proposed. They may name the child."""

    rings: dict[str, str]
    proposal: str | None


class Previewed(Answer, frozen=True, kw_only=True):
    """What phones would show, by notice, locale and lane."""

    alert: FiledAlert
    reasons: Reasons
    notices: dict[str, dict[str, dict[str, Rendering | TooLarge]]]


class Estimated(Answer, frozen=True, kw_only=True):
    """Whom an alert would reach; `audience_cap`: with more people than this a ring is held."""

    area: Area
    policy: str
    rings: list[Ring]
    estimate: Estimate
    audience_cap: int


class Recorded(Answer, frozen=True, kw_only=True):
    """An event; `digest` is the SHA-256 of `content`, byte for byte as it stands in the answer, in hexadecimal.

    `reason`: why, null where nobody said why, and once it is deleted with the child's data.
    """

    digest: str
    content: Link
    reason: str | None


class AuditPage(Answer, frozen=True, kw_only=True):
    """Events of the audit trail in order; `next` is the seq to go on after, null at the end."""

    events: list[Recorded]
    next: int | None


class Ticket(Answer, frozen=True, kw_only=True):
    """What opens the feed once."""

    ticket: str


class Alive(Answer, frozen=True, kw_only=True):
    """The process lives."""

    status: Literal["alive"]


class Ready(Answer, frozen=True, kw_only=True):
    """Whether both stores answer, and which does not."""

    status: Literal["ready", "stopping", "a store is away"]
    stores: dict[Literal["postgresql", "redis"], Literal["ok", "away"]]


ANSWERS = (
    FiledAnswer,
    DraftAnswer,
    AlertAnswer,
    AlertsAnswer,
    AlarmsAnswer,
    Previewed,
    Estimated,
    AuditPage,
    Ticket,
    Alive,
    Ready,
)
"""What the document describes of them; the others are parts."""
