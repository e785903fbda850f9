"""A model of an alert's life: what somebody wants done flows in, what the answer must be flows out.

It is written down a second time here, from the table and the policies alone: what the server does is held against it.
Bounded by the people and wishes that it lists.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

import msgspec

from push.alerts.lifecycle import NOT_NOTIFIED, Action, State, leads_to, possible

LIFE_MAX: Final = timedelta(hours=168)
NEEDED: Final = {"auto": 1, "grace": 1, "approve": 1, "two-person": 2}
"""By policy, how many approve; that of `auto` and `grace` counts after a veto."""

WAITING: Final = {"approve", "two-person"}
"""Policies under which changes wait for approval, once people were told."""

TOLD: Final = {State.SENDING, State.SENT, State.PAUSED}
CHANGES: Final = {Action.UPDATE, Action.WIDEN, Action.EXTEND}

LOCALES: Final = ("en", "zh-CN")
CHILD: Final = "小明"


class Person(NamedTuple):
    """Who acts; `person` is the same for two tokens of one person."""

    role: str
    name: str
    person: str
    authority: str | None = None

    @property
    def said(self) -> str:
        """How the audit trail names them."""
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


class Wanted(NamedTuple):
    """One request: the last part of its path, what it asks for, who may ask, and whether a case number is typed."""

    path: str
    action: Action
    fields: dict[str, Any]
    asks_number: bool = True
    for_approvers: bool = False


def _texts(body: str, *locales: str) -> dict[str, Any]:
    return {"texts": {locale: {"title": "Other", "body": body} for locale in locales}}


WISHES: Final = (
    Wanted("approval", Action.APPROVE, {}, for_approvers=True),
    Wanted("veto", Action.VETO, {}, asks_number=False),
    Wanted("pause", Action.PAUSE, {}, asks_number=False),
    Wanted("resume", Action.RESUME, {}),
    Wanted("cancel", Action.CANCEL, {}),
    Wanted("found", Action.FIND, {"through_alert": True}),
    Wanted("update", Action.UPDATE, _texts("other words", *LOCALES)),
    Wanted("update", Action.UPDATE, _texts("other words again", *LOCALES)),
    Wanted("update", Action.UPDATE, _texts("half said", "zh-CN")),
    Wanted("extension", Action.EXTEND, {"hours": 1}),
    Wanted("extension", Action.EXTEND, {"hours": 120}),
    Wanted("release", Action.RELEASE, {"people_max": 1_000_000}, for_approvers=True),
    Wanted("rings", Action.WIDEN, {"radius_km": 10}),
    Wanted("rings", Action.WIDEN, {"radius_km": 3}),
    Wanted("rings", Action.WIDEN, {"radius_km": 20_000}),
)
"""Both what may be done and what is over a cap, narrower than what stands, or only half said."""


class Alert(msgspec.Struct):
    """What the model knows of an alert; `state` is `sending` where it may be `sent` as well."""

    id: str
    policy: str
    number: str
    place: int
    state: State
    authors: set[str] = msgspec.field(default_factory=set)
    approved: list[str] = msgspec.field(default_factory=list)
    revision: int = 1
    version: int = 1
    said: str = ""
    vetoed: bool = False
    proposal: tuple[str, Wanted] | None = None
    through: bool | None = None
    held: bool = False
    wide: bool = False
    notified: frozenset[int] | None = None

    @property
    def states(self) -> set[State]:
        """The states in which it may be."""
        return {State.SENDING, State.SENT} if self.state is State.SENDING else {self.state}

    def must_wait(self) -> bool:
        """Tell whether a change waits for approval."""
        return self.state in TOLD and (self.policy in WAITING or self.vetoed)


class Due(NamedTuple):
    """The times of an alert that the record has."""

    received_at: datetime
    expires: datetime

    @classmethod
    def never(cls) -> Due:
        """Return the times of an alert that is over."""
        return cls(datetime.min.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC))


def may_ask(person: Person, wanted: Wanted) -> bool:
    """Tell whether a role suffices."""
    return person.role in ({"approver", "admin"} if wanted.for_approvers else {"operator", "approver", "admin"})


def predict(
    alert: Alert,
    person: Person,
    wanted: Wanted,
    due: Due,
    *,
    right_number: bool = True,
    read_it: bool = True,
) -> int:
    """Return the status that the answer must have, from what stands; `read_it`: the present revision is approved."""
    if not may_ask(person, wanted):
        return 403
    if wanted.fields.get("radius_km") == 20_000:
        return 422
    is_stranger = person.authority not in {None, alert.policy}
    if is_stranger and wanted.action not in {Action.APPROVE, Action.RELEASE}:
        return 403
    if not leads_to(alert.state, wanted.action):
        return 409
    if wanted.asks_number and not right_number:
        return 422
    if wanted.action is Action.APPROVE:
        return _not_approved(alert, person, due, read_it=read_it) or 200
    return _refused(alert, person, wanted, due) or (409 if _is_in_the_way(alert, wanted) else 200)


def _is_in_the_way(alert: Alert, wanted: Wanted) -> bool:
    """Tell whether a change is refused because another one waits."""
    return wanted.action in CHANGES and alert.must_wait() and alert.proposal is not None


def _not_approved(alert: Alert, person: Person, due: Due, *, read_it: bool) -> int | None:
    if not read_it or (alert.state in TOLD and alert.proposal is None):
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


def _refused(alert: Alert, person: Person, wanted: Wanted, due: Due) -> int | None:
    is_own = person.authority == alert.policy or person.person in alert.authors
    match wanted.action:
        case Action.VETO if alert.state in TOLD and alert.proposal is None:
            return 409
        case Action.FIND if alert.state is State.FOUND and alert.through is wanted.fields["through_alert"]:
            return 409
        case Action.RELEASE:
            return 403 if is_own else None if alert.held else 409
        case Action.UPDATE if set(wanted.fields["texts"]) != set(LOCALES):
            return 422
        case Action.UPDATE if alert.said == _body(wanted):
            return 409
        case Action.EXTEND if due.expires + timedelta(hours=wanted.fields["hours"]) > due.received_at + LIFE_MAX:
            return 422
        case Action.WIDEN if alert.held or alert.wide or wanted.fields["radius_km"] == 3:
            return 409
    return None


def _body(wanted: Wanted) -> str:
    body: str = wanted.fields["texts"]["zh-CN"]["body"]
    return body


def apply(alert: Alert, person: Person, wanted: Wanted) -> None:
    """Change what the model knows, after an answer of 200."""
    match wanted.action:
        case Action.APPROVE:
            _approve(alert, person)
        case Action.UPDATE | Action.WIDEN | Action.EXTEND:
            if wanted.action is not Action.EXTEND:
                alert.authors.add(person.person)
            if alert.must_wait():
                alert.proposal, alert.approved = (person.person, wanted), []
                alert.revision += 1
            else:
                _change(alert, wanted)
        case Action.RELEASE:
            alert.held = False
        case Action.VETO if alert.state in TOLD:
            alert.proposal, alert.approved = None, []
        case Action.FIND if alert.state is State.FOUND:
            alert.through = wanted.fields["through_alert"]
        case _:
            _move(alert, wanted)
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


def _change(alert: Alert, wanted: Wanted) -> None:
    if wanted.action is Action.WIDEN:
        alert.wide = True
    elif wanted.action is Action.UPDATE:
        alert.said = _body(wanted)
        if alert.state in NOT_NOTIFIED:
            alert.approved = []
            alert.revision += 1
        else:
            alert.version += 1


def _move(alert: Alert, wanted: Wanted) -> None:
    alert.vetoed = alert.vetoed or wanted.action is Action.VETO
    is_told = alert.state not in NOT_NOTIFIED and (
        alert.state not in {State.EXPIRED, State.CANCELLED} or bool(alert.notified)
    )
    if wanted.action in {Action.FIND, Action.CANCEL} and is_told:
        alert.version += 1
    if wanted.action is Action.FIND:
        alert.through = wanted.fields["through_alert"]
    (alert.state,) = leads_to(alert.state, wanted.action)
    if alert.state not in TOLD:
        alert.proposal = None


def offered(alert: Alert) -> list[str]:
    """Return what a conflict with the state must offer instead."""
    standing = possible(alert.state, proposed=alert.proposal is not None, held=alert.held)
    return [action.value for action in standing]


def after_time(alert: Alert, due: Due, send_at: datetime | None) -> State:
    """Return where an alert goes by itself now."""
    now = datetime.now(UTC)
    if alert.state not in {State.IN_REVIEW, State.SCHEDULED, State.SENDING, State.PAUSED}:
        return alert.state
    if due.expires <= now:
        return State.EXPIRED
    if alert.state is State.SCHEDULED and send_at is not None and send_at <= now:
        return State.SENDING
    return alert.state


def due_of(seen: dict[str, Any]) -> Due:
    """Return the times of an alert as answered."""
    return Due(datetime.fromisoformat(seen["received_at"]), datetime.fromisoformat(seen["expires"]))
