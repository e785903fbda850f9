"""Proposals: change requests about an alert of which people were notified wait here for approval.

Where cases are approved before they are sent, so is each change afterwards: the person who requests it does not approve
it, and an approval names the revision that was read. Bounded: one waits at a time, and only what the authority signs
takes its place; `CHANGES_MAX`.
"""

from __future__ import annotations

import enum
from datetime import datetime
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

import sql.lifecycle
from push.alerts.actions.actor import AUTHORITY_ROLE
from push.alerts.actions.refusals import Refusal, Refused
from push.alerts.actions.transaction import Done
from push.alerts.estimate import Estimate
from push.alerts.lifecycle import Action, State
from push.alerts.places import EARLIER_MAX, Centre, Mode
from push.alerts.record.contents import decoded
from push.alerts.review import Review, changes_wait, least_review, stricter
from push.message.catalogues.newest_place import said_again
from push.message.content import Content
from sql.lifecycle import ProposalRow

if TYPE_CHECKING:
    from uuid import UUID

    from push.alerts.actions.transaction import Order
    from sql.database import Connection
    from sql.lifecycle import LockedAlert

CHANGES_MAX: Final = 200
"""Other texts of one alert, and proposals: phones show each text, and no one reads the two hundredth."""


class Rewording(msgspec.Struct, frozen=True, kw_only=True, tag="update"):
    """Other texts, title and body by locale."""

    texts: dict[str, tuple[str, str]]


class Widening(msgspec.Struct, frozen=True, kw_only=True, tag="rings"):
    """A wider ring; `people`: how many it would reach by the estimate, None when unknown; `estimate`: all of it.

    With a centre (degrees, WGS-84) it is a circle around that, and not around the alert's place.
    """

    radius_km: float
    city: bool | None
    by: str
    reason: str
    people: int | None = None
    longitude: float | None = None
    latitude: float | None = None
    estimate: Estimate | None = None


class LaterPlace(msgspec.Struct, frozen=True, kw_only=True, tag="place"):
    """Where the child was seen later (degrees, WGS-84), by the authority; `place`: as the police call it.

    `estimate`: of the whole area then, `people` of it. `earlier`: places that were proposed before and waited when this
    one took their place, around which people are asked, too.
    """

    longitude: float
    latitude: float
    seen_at: datetime
    place: str | None
    mode: Mode | None
    by: str
    reason: str
    people: int | None = None
    estimate: Estimate | None = None
    earlier: tuple[Centre, ...] = ()


class Extension(msgspec.Struct, frozen=True, kw_only=True, tag="extension"):
    """A longer life."""

    hours: float


class Joining(msgspec.Struct, frozen=True, kw_only=True, tag="countersignature"):
    """The jurisdiction of an authority that countersigned the case; `people`: how many both would reach."""

    authority: str
    people: int | None = None


class Part(enum.StrEnum):
    """What of a case an update changes, as the audit trail and approvers name it: never the values."""

    MISSING = "missing"
    PHOTO = "photo"
    KIND = "kind"
    COMPANIONS = "companions"
    VEHICLE = "vehicle"
    GUIDANCE = "guidance"
    ISSUER = "issuer"
    TEXTS = "texts"
    CONTACT = "contact"
    PLACE = "place"
    EXPIRES = "expires"
    AREA = "area"


class CaseChange(msgspec.Struct, frozen=True, kw_only=True, tag="case", omit_defaults=True):
    """The case as the police know it now: all that changes, in one.

    `base`: the digest of the case that it was made from. `case` (JSON text) and `digest` replace it in the record,
    None: it stays. `changed`: the fields of `content` that replace those of the alert. `same_locales`: texts in exactly
    the languages of the alert. `area`: a wider ring. `photo`: the wish of the photo that waits with it
    (`sql.photos.propose`), None: it brings none.
    """

    parts: tuple[Part, ...]
    base: bytes
    case: str | None = None
    digest: bytes | None = None
    content: Content | None = None
    changed: tuple[str, ...] = ()
    same_locales: bool = False
    expires: datetime | None = None
    area: Widening | None = None
    photo: int | None = None

    def applied_to(self, stands: Content) -> Content:
        """Return what phones show then, of what they show now."""
        if self.content is None:
            return stands
        changed = {name: getattr(self.content, name) for name in self.changed}
        return said_again(msgspec.structs.replace(stands, **changed))


ChangeRequest: TypeAlias = Rewording | Widening | LaterPlace | Extension | CaseChange | Joining

_CHANGE_REQUEST = msgspec.json.Decoder(ChangeRequest)


def change_request_of(text: str) -> ChangeRequest:
    """Return the change request of a proposal from JSON text; raises `UnreadableAlertError`."""
    requested: ChangeRequest = decoded(_CHANGE_REQUEST, text)
    return requested


def must_wait(alert: LockedAlert) -> bool:
    """Tell whether a change needs approval: people were notified, and an approval came before that."""
    return changes_wait(State(alert.state), Review(alert.review))


def raised(alert: LockedAlert, order: Order) -> LockedAlert:
    """Return an alert with the review that it needs by what its case rests on since, or the same alert."""
    before = Review(alert.review)
    review = stricter(before, least_review(order.held_for))
    return alert if review is before else msgspec.structs.replace(alert, review=review.value)


def too_many(alert: LockedAlert) -> Refused | None:
    """Refuse one change more than an alert can have."""
    if max(alert.version, alert.revision) < CHANGES_MAX:
        return None
    return Refused(Refusal.TOO_MANY, f"an alert has at most {CHANGES_MAX}")


async def propose(
    connection: Connection,
    alert_id: UUID,
    alert: LockedAlert,
    action: Action,
    order: Order,
    requested: ChangeRequest,
) -> Done | Refused:
    """Propose a change for approval; only what the authority signed takes the place of one that waits."""
    if alert.proposed and order.actor.role != AUTHORITY_ROLE:
        return Refused(Refusal.PROPOSED, f"revision {alert.revision} waits")
    if alert.proposed and isinstance(requested, LaterPlace):
        requested = await _with_waiting(connection, alert_id, requested)
    encoded, actor = msgspec.json.encode(requested).decode(), order.actor
    row = ProposalRow(alert.revision, action.value, encoded, actor.person, actor.person_id, actor.token_id)
    revision = await sql.lifecycle.propose(connection, alert_id, row, order.actor.label, order.reason)
    details = {"proposed": revision}
    return Done(after=State(alert.state), details=details | ({"replaced": alert.revision} if alert.proposed else {}))


async def waiting(connection: Connection, alert_id: UUID) -> ChangeRequest | None:
    """Return what waits for approval, None where nothing does, or what no version reads any more."""
    proposal = await sql.lifecycle.proposal_of(connection, alert_id)
    return None if proposal is None else change_request_of(proposal.change_request)


async def _with_waiting(connection: Connection, alert_id: UUID, requested: LaterPlace) -> LaterPlace:
    """Return a place with those that wait for approval, whose place it takes; the newest place stays the one."""
    before = await waiting(connection, alert_id)
    if not isinstance(before, LaterPlace):
        return requested
    newest, other = (before, requested) if before.seen_at > requested.seen_at else (requested, before)
    earlier = (Centre(other.longitude, other.latitude), *other.earlier, *newest.earlier)
    return msgspec.structs.replace(newest, earlier=tuple(dict.fromkeys(earlier))[:EARLIER_MAX], reason=requested.reason)
