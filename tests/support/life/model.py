"""A model of an alert's life: predicts the status of each answer, and the state of the alert after it.

It states the rules a second time, from the table and the policies alone, so that tests can compare the server with it.
Bounded by the people and change requests that it lists.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

import msgspec

from push.alerts.lifecycle import HELD_NOTICE, NOT_NOTIFIED, Action, State, leads_to, possible

LIFE_MAX: Final = timedelta(hours=168)
NEEDED: Final = {"auto": 1, "grace": 1, "approve": 1, "two-person": 2}
"""How many must approve, by policy; for `auto` and `grace` only after a veto."""

WAITING: Final = {"approve", "two-person"}
"""Policies under which changes wait for approval, once recipients were notified."""

NOTIFIED_STATES: Final = {State.SENDING, State.SENT, State.PAUSED}
CHANGES: Final = {Action.UPDATE, Action.WIDEN, Action.EXTEND}

LOCALES: Final = ("en", "zh-CN")
CHILD: Final = "小明"


class Person(NamedTuple):
    """Who acts, by one token; `person` is the same for two tokens of one person."""

    role: str
    name: str
    person: str
    authority: str | None = None

    @property
    def actor(self) -> str:
        """The name in the audit trail."""
        return f"{self.role} {self.name}"


PEOPLE: Final = (
    Person("viewer", "Vera", "vera"),
    Person("platform", "Backend", "backend"),
    Person("operator", "Olga", "olga"),
    Person("approver", "Anna", "anna"),
    Person("approver", " ANNA ", "anna"),
    Person("approver", "Ben", "ben"),
    Person("approver", "Cai", "cai"),
    Person("approver", "Dai of two-person", "dai of two-person", "two-person"),
    Person("approver", "Eva of approve", "eva of approve", "approve"),
    Person("admin", "Ada", "ada"),
)


class ChangeRequest(NamedTuple):
    """One request: the last part of its path, its action and fields, who may ask, whether it needs the case number."""

    path: str
    action: Action
    fields: dict[str, Any]
    asks_number: bool = True
    for_approvers: bool = False


def _texts(body: str, *locales: str) -> dict[str, Any]:
    return {"texts": {locale: {"title": "Other", "body": body} for locale in locales}}


REQUESTS: Final = (
    ChangeRequest("approval", Action.APPROVE, {}, for_approvers=True),
    ChangeRequest("veto", Action.VETO, {}, asks_number=False),
    ChangeRequest("pause", Action.PAUSE, {}, asks_number=False),
    ChangeRequest("resume", Action.RESUME, {}),
    ChangeRequest("cancel", Action.CANCEL, {}),
    ChangeRequest("found", Action.FIND, {"through_alert": True}),
    ChangeRequest("update", Action.UPDATE, _texts("other words", *LOCALES)),
    ChangeRequest("update", Action.UPDATE, _texts("other words again", *LOCALES)),
    ChangeRequest("update", Action.UPDATE, _texts("one language only", "zh-CN")),
    ChangeRequest("extension", Action.EXTEND, {"hours": 1}),
    ChangeRequest("extension", Action.EXTEND, {"hours": 120}),
    ChangeRequest("release", Action.RELEASE, {"people_max": 1_000_000}, for_approvers=True),
    ChangeRequest("rings", Action.WIDEN, {"radius_km": 10}),
    ChangeRequest("rings", Action.WIDEN, {"radius_km": 3}),
    ChangeRequest("rings", Action.WIDEN, {"radius_km": 20_000}),
)
"""Requests that may be done, and some that exceed a limit, narrow the area, or lack a language."""


class Alert(msgspec.Struct):
    """The model's alert; `state` is `sending` where the server's may be `sent` as well.

    `sent`: its audience was searched to the end once, so it was published, whether or not anybody was there.
    """

    id: str
    policy: str
    number: str
    place: int
    state: State
    authors: set[str] = msgspec.field(default_factory=set)
    approved: list[str] = msgspec.field(default_factory=list)
    revision: int = 1
    version: int = 1
    body: str = ""
    vetoed: bool = False
    proposal: tuple[str, ChangeRequest] | None = None
    through: bool | None = None
    held: bool = False
    wide: bool = False
    notified: frozenset[int] | None = None
    sent: bool = False

    @property
    def states(self) -> set[State]:
        """The states in which the server's alert may be."""
        return {State.SENDING, State.SENT} if self.state is State.SENDING else {self.state}

    def must_wait(self) -> bool:
        """Tell whether a change waits for approval."""
        return self.state in NOTIFIED_STATES and (self.policy in WAITING or self.vetoed)


class Due(NamedTuple):
    """When an alert was received and when it expires."""

    received_at: datetime
    expires: datetime

    @classmethod
    def never(cls) -> Due:
        """Return the times of an alert that ended long ago."""
        return cls(datetime.min.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC))


def may_ask(person: Person, request: ChangeRequest) -> bool:
    """Tell whether the person's role may make the request."""
    return person.role in ({"approver", "admin"} if request.for_approvers else {"operator", "approver", "admin"})


def predict(
    alert: Alert,
    person: Person,
    request: ChangeRequest,
    due: Due,
    *,
    right_number: bool = True,
    is_current_revision: bool = True,
) -> int:
    """Return the status that the answer must have; `is_current_revision`: an approval names the present revision."""
    if not may_ask(person, request):
        return 403
    if request.fields.get("radius_km") == 20_000:
        return 422
    is_of_other_authority = person.authority not in {None, alert.policy}
    if is_of_other_authority and request.action not in {Action.APPROVE, Action.RELEASE}:
        return 403
    if not is_possible(alert, request.action):
        return 409
    if request.asks_number and not right_number:
        return 422
    if request.action is Action.APPROVE:
        return _not_approved(alert, person, due, is_current_revision=is_current_revision) or 200
    return _refused(alert, person, request, due) or (409 if _is_blocked(alert, request) else 200)


def is_possible(alert: Alert, action: Action) -> bool:
    """Tell whether the alert's state allows an action: no notice of an end is held here, to be resumed."""
    nothing_held = action is Action.RESUME and alert.state in HELD_NOTICE
    return bool(leads_to(alert.state, action)) and not nothing_held


def _is_blocked(alert: Alert, request: ChangeRequest) -> bool:
    """Tell whether a change is refused because another one waits for approval."""
    return request.action in CHANGES and alert.must_wait() and alert.proposal is not None


def _not_approved(alert: Alert, person: Person, due: Due, *, is_current_revision: bool) -> int | None:
    if not is_current_revision or (alert.state in NOTIFIED_STATES and alert.proposal is None):
        return 409
    if alert.proposal is not None and not leads_to(alert.state, alert.proposal[1].action):
        return 409
    authors = alert.authors if alert.proposal is None else {alert.proposal[0]}
    if person.authority == alert.policy or person.person in authors:
        return 403
    if person.person in alert.approved:
        return 409
    is_last = len(alert.approved) + 1 >= NEEDED[alert.policy]
    return _refused(alert, person, alert.proposal[1], due) if alert.proposal is not None and is_last else None


def _refused(alert: Alert, person: Person, request: ChangeRequest, due: Due) -> int | None:
    is_own = person.authority == alert.policy or person.person in alert.authors
    match request.action:
        case Action.VETO if alert.state in NOTIFIED_STATES and alert.proposal is None:
            return 409
        case Action.FIND if alert.state is State.FOUND and alert.through is request.fields["through_alert"]:
            return 409
        case Action.RELEASE:
            return 403 if is_own else None if alert.held else 409
        case Action.UPDATE if set(request.fields["texts"]) != set(LOCALES):
            return 422
        case Action.UPDATE if alert.body == _body(request):
            return 409
        case Action.EXTEND if due.expires + timedelta(hours=request.fields["hours"]) > due.received_at + LIFE_MAX:
            return 422
        case Action.WIDEN if alert.held or alert.wide or request.fields["radius_km"] == 3:
            return 409
    return None


def _body(request: ChangeRequest) -> str:
    body: str = request.fields["texts"]["zh-CN"]["body"]
    return body


def apply(alert: Alert, person: Person, request: ChangeRequest) -> None:
    """Change the model's alert, after an answer of 200."""
    match request.action:
        case Action.APPROVE:
            _approve(alert, person)
        case Action.UPDATE | Action.WIDEN | Action.EXTEND:
            if request.action is not Action.EXTEND:
                alert.authors.add(person.person)
            if alert.must_wait():
                alert.proposal, alert.approved = (person.person, request), []
                alert.revision += 1
            else:
                _change(alert, request)
        case Action.RELEASE:
            alert.held = False
        case Action.VETO if alert.state in NOTIFIED_STATES:
            alert.proposal, alert.approved = None, []
        case Action.FIND if alert.state is State.FOUND:
            alert.through = request.fields["through_alert"]
        case _:
            _move(alert, request)
    if alert.state is State.SENDING:
        alert.notified = None


def _approve(alert: Alert, person: Person) -> None:
    alert.approved.append(person.person)
    if len(alert.approved) < NEEDED[alert.policy]:
        return
    if alert.proposal is None:
        alert.state = State.SENDING
    else:
        _change(alert, alert.proposal[1])
        alert.proposal = None


def _change(alert: Alert, request: ChangeRequest) -> None:
    if request.action is Action.WIDEN:
        alert.wide = True
    elif request.action is Action.UPDATE:
        alert.body = _body(request)
        if alert.state in NOT_NOTIFIED:
            alert.approved = []
            alert.revision += 1
        else:
            alert.version += 1


def _move(alert: Alert, request: ChangeRequest) -> None:
    alert.vetoed = alert.vetoed or request.action is Action.VETO
    was_notified = alert.state not in NOT_NOTIFIED and (
        alert.state not in {State.EXPIRED, State.CANCELLED} or bool(alert.notified) or alert.sent
    )
    if request.action in {Action.FIND, Action.CANCEL} and was_notified:
        alert.version += 1
    if request.action is Action.FIND:
        alert.through = request.fields["through_alert"]
    (alert.state,) = leads_to(alert.state, request.action)
    if alert.state not in NOTIFIED_STATES:
        alert.proposal = None


def offered(alert: Alert) -> list[str]:
    """Return the actions that a conflict with the state must offer instead."""
    held = alert.held and alert.state not in HELD_NOTICE
    standing = possible(alert.state, proposed=alert.proposal is not None, held=held)
    return [action.value for action in standing]


def after_time(alert: Alert, due: Due, send_at: datetime | None) -> State:
    """Return the state that an alert has reached by itself by now."""
    now = datetime.now(UTC)
    if alert.state not in {State.IN_REVIEW, State.SCHEDULED, State.SENDING, State.PAUSED}:
        return alert.state
    if due.expires <= now:
        return State.EXPIRED
    if alert.state is State.SCHEDULED and send_at is not None and send_at <= now:
        return State.SENDING
    return alert.state


def due_of(seen: dict[str, Any]) -> Due:
    """Return the times of an alert, from an answer."""
    return Due(datetime.fromisoformat(seen["received_at"]), datetime.fromisoformat(seen["expires"]))
