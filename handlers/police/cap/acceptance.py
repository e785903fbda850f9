"""Says what this server can do about a message that the standard allows, or why nothing.

The server sends missing-child alerts to the public, so it takes public messages of that event, that are real, an
exercise or a test, and that have not expired. Everything else has its documented refusal. Bounded by the message.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from handlers.cap.model import EVENT_CODE, EVENT_SYSTEM, Info, Message, MessageType, Reference, Scope, Status
from handlers.http.problems import FieldError
from handlers.moments import CLOCKS_DIFFER
from handlers.police.cap.basis import basis_of
from handlers.police.cap.places import CapPlace, place_of
from handlers.police.cap.wording import CapText, read_wording
from handlers.police.case.basis import Basis
from handlers.values.text import clean, is_blank
from push.notice import EXPIRY

if TYPE_CHECKING:
    from collections.abc import Iterator


CHILD_EVENTS = re.compile(
    r"amber[ -]?alert|missing child|child (is )?missing|child abduction|abducted child"
    r"|儿童(失踪|走失|被拐)|(失踪|走失|被拐)儿童",
    re.IGNORECASE,
)
"""How an event without a code is recognized by its `event`."""

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

    `texts` by our locales. `stated_expires`: `expires` where the message has one. `notes`: what the sender should know.
    `basis`: on what the case rests.
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
    photo_url: str | None = None
    notes: list[str] = []
    basis: Basis | None = None


def accept(message: Message, now: datetime) -> CapCase | list[FieldError]:
    """Return what a message asks of this server, or every reason why it is refused."""
    errors = list(_refusals(message, now))
    cancel = message.message_type is MessageType.CANCEL
    if not cancel:
        errors += _unsayable(message)
    said = read_wording(message)
    errors += said.errors
    # Last, and only of what would be taken: nothing else costs as much.
    place = None if cancel or errors else place_of(message)
    if isinstance(place, list):
        errors += place
    if errors or isinstance(place, list):
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
        expires=_expires(message),
        stated_expires=stated,
        place=place,
        photo_url=said.photo_url,
        notes=said.notes,
        basis=basis_of(message),
    )


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
    if message.message_type is not MessageType.CANCEL and _expires(message) <= now:
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
    elif not any(_is_child(info) for info in message.infos):
        yield FieldError(
            "/alert/info[1]/eventCode", "not a missing child: SAME's code CAE, or an event that says so, is needed"
        )
    for place, info in enumerate(message.infos, 1):
        here = f"/alert/info[{place}]"
        if any(code.name.upper() == EVENT_SYSTEM and code.value != EVENT_CODE for code in info.event_codes):
            yield FieldError(f"{here}/eventCode", "another event than a missing child")
        if is_blank(info.headline) and is_blank(info.description):
            yield FieldError(f"{here}/headline", "required, or a `description`: there is nothing to say")


def _is_child(info: Info) -> bool:
    coded = any(code.name.upper() == EVENT_SYSTEM and code.value == EVENT_CODE for code in info.event_codes)
    return coded or CHILD_EVENTS.search(info.event) is not None
