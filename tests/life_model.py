"""A model of an alert's life: what somebody wants done flows in, what the answer must be flows out.

It is written down a second time here, from the table and the policies alone: what the server does is held against it.
Bounded by the people and wishes that it lists.
"""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from push.life.lifecycle import TRANSITIONS, UNTOLD, Action, State, leads_to, possible

if TYPE_CHECKING:
    from sql.audit import AuditEvent

LIFE_MAX: Final = timedelta(hours=168)
NEEDED: Final = {"auto": 1, "grace": 1, "approve": 1, "two-person": 2}
"""By policy, how many approve; that of `auto` and `grace` counts after a veto."""

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

PERSON_OF: Final = {person.said: person.person for person in PEOPLE}
OFFICERS: Final = {person.person: person.authority for person in PEOPLE}
TABLE: Final = {(one.before.value, one.action.value, one.after.value) for one in TRANSITIONS}


class Wish(NamedTuple):
    """One request: the last part of its path, what it asks for, who may ask, and whether a case number is typed."""

    path: str
    action: Action
    fields: dict[str, Any]
    asks_number: bool = True
    for_approvers: bool = False


def _texts(*locales: str) -> dict[str, Any]:
    return {"texts": {locale: {"title": "Other", "body": "other words"} for locale in locales}}


WISHES: Final = (
    Wish("approval", Action.APPROVE, {}, for_approvers=True),
    Wish("veto", Action.VETO, {}, asks_number=False),
    Wish("pause", Action.PAUSE, {}, asks_number=False),
    Wish("resume", Action.RESUME, {}),
    Wish("cancel", Action.CANCEL, {}),
    Wish("found", Action.FIND, {"through_alert": True}),
    Wish("update", Action.UPDATE, _texts(*LOCALES)),
    Wish("update", Action.UPDATE, _texts("zh-CN")),
    Wish("extension", Action.EXTEND, {"hours": 1}),
    Wish("extension", Action.EXTEND, {"hours": 120}),
    Wish("release", Action.RELEASE, {"people_max": 1_000_000}, for_approvers=True),
    Wish("rings", Action.WIDEN, {"radius_km": 10}),
    Wish("rings", Action.WIDEN, {"radius_km": 3}),
    Wish("rings", Action.WIDEN, {"radius_km": 20_000}),
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
    held: bool = False
    wide: bool = False
    told: frozenset[int] | None = None

    @property
    def states(self) -> set[State]:
        """The states in which it may be."""
        return {State.SENDING, State.SENT} if self.state is State.SENDING else {self.state}


class Due(NamedTuple):
    """The times of an alert that the record has."""

    received_at: datetime
    expires: datetime

    @classmethod
    def never(cls) -> Due:
        """Return the times of an alert that is over."""
        return cls(datetime.min.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC))


def may_ask(person: Person, wish: Wish) -> bool:
    """Tell whether a role suffices."""
    return person.role in ({"approver", "admin"} if wish.for_approvers else {"operator", "approver", "admin"})


def predict(alert: Alert, person: Person, wish: Wish, due: Due, *, right_number: bool, names_child: bool) -> int:
    """Return the status that the answer must have, from what stands."""
    if not may_ask(person, wish):
        return 403
    if wish.fields.get("radius_km") == 20_000:
        return 422
    if not leads_to(alert.state, wish.action):
        return 409
    if (wish.asks_number and not right_number) or names_child:
        return 422
    return _refused(alert, person, wish, due) or 200


def _refused(alert: Alert, person: Person, wish: Wish, due: Due) -> int | None:
    is_own = person.authority == alert.policy or person.person in alert.authors
    match wish.action:
        case Action.APPROVE if is_own:
            return 403
        case Action.APPROVE if person.person in alert.approved:
            return 409
        case Action.RELEASE:
            return 403 if is_own else None if alert.held else 409
        case Action.UPDATE if set(wish.fields["texts"]) != set(LOCALES):
            return 422
        case Action.EXTEND if due.expires + timedelta(hours=wish.fields["hours"]) > due.received_at + LIFE_MAX:
            return 422
        case Action.WIDEN if alert.held or alert.wide or wish.fields["radius_km"] == 3:
            return 409
    return None


def apply(alert: Alert, person: Person, wish: Wish) -> None:
    """Change what the model knows, after an answer of 200."""
    match wish.action:
        case Action.APPROVE:
            alert.approved.append(person.person)
            if len(alert.approved) >= NEEDED[alert.policy]:
                alert.state = State.SENDING
        case Action.UPDATE:
            alert.authors.add(person.person)
            if alert.state in UNTOLD:
                alert.approved.clear()
        case Action.WIDEN:
            alert.authors.add(person.person)
            alert.wide = True
        case Action.RELEASE:
            alert.held = False
        case _:
            (alert.state,) = leads_to(alert.state, wish.action)
    if alert.state is State.SENDING:
        alert.told = None


def offered(alert: Alert) -> list[str]:
    """Return what a conflict with the state must offer instead."""
    return [action.value for action in possible(alert.state)]


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


def check_trail(alert: Alert, trail: list[AuditEvent]) -> None:
    """Hold the audit trail of an alert against the table: each event goes on from the state that the last one left."""
    assert (trail[0].action, trail[0].before, trail[0].after) == ("file", None, "received")
    for before, event in itertools.pairwise(trail):
        assert event.before == before.after
        assert (event.before, event.action, event.after) in TABLE
    _check_approvals(alert, trail)


def _check_approvals(alert: Alert, trail: list[AuditEvent]) -> None:
    """Hold each approval against who had a hand in the alert before, and the sending against the policy."""
    authors: set[str] = set()
    approved: list[str] = []
    for event in trail:
        person = PERSON_OF.get(event.actor, "")
        if event.action in {Action.UPDATE, Action.WIDEN}:
            authors.add(person)
            if event.after in {State.IN_REVIEW, State.SCHEDULED}:
                approved.clear()
        elif event.action == Action.APPROVE:
            assert person not in {*authors, *approved}
            assert OFFICERS[person] != alert.policy
            approved.append(person)
            assert (event.after == State.SENDING) == (len(approved) >= NEEDED[alert.policy])
