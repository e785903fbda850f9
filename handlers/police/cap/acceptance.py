"""Says what this server can do about a message that the standard allows, or why nothing.

The server sends alerts of missing children, and of adults who cannot look after themselves, to the public. So it takes
public messages of these events that are real, an exercise or a test, and that have not expired. Everything else has its
documented refusal. Bounded by the message.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from handlers.cap.model import Message, MessageType, Reference, Scope, Status
from handlers.http.problems import FieldError
from handlers.moments import CLOCKS_DIFFER
from handlers.police.cap.basis import basis_of
from handlers.police.cap.details.events import is_missing_person, is_other_event, subject_of
from handlers.police.cap.details.pictures import Pictures, read_pictures
from handlers.police.cap.outcomes import outcome_of
from handlers.police.cap.places import CapPlace, place_of
from handlers.police.cap.wording import CapText, CapWording, read_wording
from handlers.police.case.basis import Basis
from handlers.police.case.checks import notes_on_addresses
from handlers.police.case.details import Photo
from handlers.values.text import clean, is_blank
from push.alerts.outcomes import CaseOutcome
from push.notice import EXPIRY, SubjectKind

if TYPE_CHECKING:
    from collections.abc import Iterator


REFERENCES_MAX = 20
"""Each is looked for, and a message that follows so many others names the last ones."""

SHAPES_MAX = 300
"""As many as we publish ourselves of a city of islands."""


REFUSED_STATUSES = {
    Status.SYSTEM: "System messages are for the machines of a network; this server has none to tell",
    Status.DRAFT: "a Draft is not to be acted on",
}
REFUSED_TYPES = {
    MessageType.ACK: "this server sends nothing that would be acknowledged; Alert, Update and Cancel are taken",
    MessageType.ERROR: "this server sends nothing that would be rejected; Alert, Update and Cancel are taken",
}


class CapCase(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done: file, update or cancel an alert; a Cancel has no place and maybe no texts.

    `texts` by our locales, each in the name of its sender. `stated_expires`: `expires` where the message has one.
    `photos`: pictures that are not of who is missing. `outcome`: how the case ended, which a Cancel or an Update may
    say. `basis`: on what the case rests. `notes`: what the sender should know.
    """

    identifier: str
    sender: str
    sent: datetime
    status: Status
    message_type: MessageType
    references: tuple[Reference, ...]
    note: str
    texts: dict[str, CapText]
    expires: datetime
    stated_expires: datetime | None = None
    place: CapPlace | None = None
    subject_kind: SubjectKind = SubjectKind.CHILD
    senders: dict[str, str] = {}
    photo_url: str | None = None
    photos: list[Photo] = []
    notes: list[str] = []
    outcome: CaseOutcome | None = None
    basis: Basis | None = None


def accept(message: Message, now: datetime) -> CapCase | list[FieldError]:
    """Return what a message asks of this server, or every reason why it is refused."""
    errors = list(_refusals(message, now))
    cancel = message.message_type is MessageType.CANCEL
    if not cancel:
        errors += _unsayable(message)
    subject = subject_of(message)
    errors += subject if isinstance(subject, list) else []
    kind, guessed = (SubjectKind.CHILD, []) if isinstance(subject, list) else subject
    said, pictures = read_wording(message, kind), read_pictures(message, kind)
    errors += said.errors + pictures.errors
    outcome = outcome_of(message)
    if isinstance(outcome, FieldError):
        errors.append(outcome)
    # Last, and only of what would be taken: nothing else costs as much.
    place = None if cancel or errors else place_of(message)
    if isinstance(place, list):
        errors += place
    if errors or isinstance(place, list) or isinstance(outcome, FieldError):
        return errors
    stated = max((info.expires for info in message.infos if info.expires is not None), default=None)
    if message.message_type is MessageType.ALERT and stated is not None and stated > now + EXPIRY:
        said.notes.append("/alert/info[1]/expires: an alert begins with 72 h at most; a signed Update may extend it")
    return CapCase(
        identifier=message.identifier,
        sender=message.sender,
        sent=message.sent,
        status=message.status,
        message_type=message.message_type,
        references=message.references,
        note=clean(message.note),
        texts=said.texts,
        senders=said.senders,
        expires=_expires(message),
        stated_expires=stated,
        place=place,
        subject_kind=kind,
        photo_url=pictures.photo_url,
        photos=pictures.others,
        notes=[*guessed, *_notes(said, pictures)],
        outcome=outcome,
        basis=basis_of(message),
    )


def _notes(said: CapWording, pictures: Pictures) -> list[str]:
    shown = [] if pictures.photo_url is None else [pictures.photo_url]
    return said.notes + pictures.notes + notes_on_addresses(shown)


def _refusals(message: Message, now: datetime) -> Iterator[FieldError]:
    if message.status in REFUSED_STATUSES:
        yield FieldError("/alert/status", REFUSED_STATUSES[message.status])
    if message.message_type in REFUSED_TYPES:
        yield FieldError("/alert/msgType", REFUSED_TYPES[message.message_type])
    if len(message.references) > REFERENCES_MAX:
        yield FieldError("/alert/references", f"at most {REFERENCES_MAX}")
    areas = [area for info in message.infos for area in info.areas]
    shapes = {shape for area in areas for shape in (*area.polygons, *area.circles)}
    if len(shapes) > SHAPES_MAX:
        yield FieldError("/alert/info[1]/area", f"at most {SHAPES_MAX} circles and polygons in all")
    is_alert = message.message_type is MessageType.ALERT
    if is_alert and message.sent < now - EXPIRY:
        yield FieldError("/alert/sent", "more than 72 h ago: a message that is kept so long is not meant any longer")
    if message.scope is not Scope.PUBLIC:
        yield FieldError("/alert/scope", "only Public: what this server sends everybody can read")
    if message.sent > now + CLOCKS_DIFFER:
        yield FieldError("/alert/sent", "in the future")
    elif message.message_type is not MessageType.CANCEL and _expires(message) <= now:
        yield FieldError(
            "/alert/info[1]/expires", "expired: every info's `expires` (72 h after `sent` if absent) is past"
        )


def _expires(message: Message) -> datetime:
    """Return the last moment of any info; one without `expires` lives as long as an alert does."""
    usual = message.sent + EXPIRY
    return max((info.expires or usual for info in message.infos), default=usual)


def _unsayable(message: Message) -> Iterator[FieldError]:
    """Say what an alert or update lacks to be sent to anybody."""
    if not message.infos:
        yield FieldError("/alert/info[1]", "required: it says what happened and where")
    elif not any(is_missing_person(info) for info in message.infos):
        yield FieldError(
            "/alert/info[1]/eventCode",
            "not a missing child or person: SAME's code CAE or MEP, or an event that says so, is needed",
        )
    for place, info in enumerate(message.infos, 1):
        here = f"/alert/info[{place}]"
        if is_other_event(info):
            yield FieldError(f"{here}/eventCode", "another event than a missing child or person")
        if is_blank(info.headline) and is_blank(info.description):
            yield FieldError(f"{here}/headline", "required, or a `description`: there is nothing to say")
