"""Reads a parsed `alert` as a typed message, or names every field that the standard does not allow.

First the grammar, then each value, then what one element asks of another. A polygon that is repeated in another
language is read once. Bounded by the document, its polygons by `VERTICES_MAX` in all.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from handlers.cap import values
from handlers.cap.grammar import Node, node_of
from handlers.cap.model import (
    LANGUAGE_DEFAULT,
    Area,
    Category,
    Certainty,
    Circle,
    Info,
    Message,
    MessageType,
    Named,
    Resource,
    ResponseType,
    Ring,
    Scope,
    Severity,
    Status,
    Urgency,
)
from handlers.cap.values import VERTICES_MAX, Wrong
from handlers.http.problems import FieldError

if TYPE_CHECKING:
    from collections.abc import Callable

    from lxml import etree

T = TypeVar("T")

_NO_TIME = datetime(1, 1, 1, tzinfo=UTC)
_NO_CIRCLE = Circle(0.0, 0.0, 0.0)
_NO_RING: Ring = ()
NEEDS_REFERENCES = frozenset({MessageType.UPDATE, MessageType.CANCEL, MessageType.ACK, MessageType.ERROR})


def message_of(root: etree._Element) -> Message | list[FieldError]:
    """Return the message of a root `alert`, or its bad fields."""
    node = node_of(root)
    if isinstance(node, list):
        return node
    reader = _Reader()
    message = reader.message(node)
    return reader.errors or message


class _Reader:
    """Reads on past bad fields, which get a stand-in, so that all of them are named at once."""

    def __init__(self) -> None:
        self.errors: list[FieldError] = []
        self._polygons: dict[str, Ring | Wrong] = {}
        self._vertices = 0

    def message(self, node: Node) -> Message:
        message = Message(
            identifier=self._must(node, "identifier", values.token, ""),
            sender=self._must(node, "sender", values.token, ""),
            sent=self._must(node, "sent", values.moment, _NO_TIME),
            status=self._must(node, "status", values.word_of(Status), Status.DRAFT),
            message_type=self._must(node, "msgType", values.word_of(MessageType), MessageType.ALERT),
            source=_text(node, "source"),
            scope=self._must(node, "scope", values.word_of(Scope), Scope.PUBLIC),
            restriction=_text(node, "restriction"),
            addresses=_text(node, "addresses"),
            codes=tuple(code.text for code in node.every("code")),
            note=_text(node, "note"),
            references=self._may(node, "references", values.references) or (),
            incidents=_text(node, "incidents"),
            infos=tuple(self._info(info) for info in node.every("info")),
        )
        self._rules(message, node)
        return message

    def _rules(self, message: Message, node: Node) -> None:
        """Add what the standard's text asks of a message beyond its schema."""
        here = node.path
        if message.scope is Scope.RESTRICTED and not message.restriction:
            self._add(f"{here}/restriction", "required where the scope is Restricted")
        if message.scope is not Scope.RESTRICTED and message.restriction:
            self._add(f"{here}/restriction", "only for the scope Restricted")
        if message.scope is Scope.PRIVATE and not message.addresses:
            self._add(f"{here}/addresses", "required where the scope is Private")
        if message.message_type in NEEDS_REFERENCES and not message.references:
            self._add(f"{here}/references", f"required: {message.message_type.value} of which message?")
        for place, info in enumerate(message.infos, 1):
            if info.expires is not None and info.expires <= message.sent and message.sent != _NO_TIME:
                self._add(f"{here}/info[{place}]/expires", "not after `sent`")

    def _info(self, node: Node) -> Info:
        return Info(
            language=self._may(node, "language", values.language) or LANGUAGE_DEFAULT,
            categories=self._every(node, "category", values.word_of(Category), Category.OTHER),
            event=_text(node, "event"),
            response_types=self._every(node, "responseType", values.word_of(ResponseType), ResponseType.NONE),
            urgency=self._must(node, "urgency", values.word_of(Urgency), Urgency.UNKNOWN),
            severity=self._must(node, "severity", values.word_of(Severity), Severity.UNKNOWN),
            certainty=self._must(node, "certainty", values.word_of(Certainty), Certainty.UNKNOWN),
            audience=_text(node, "audience"),
            event_codes=_pairs(node, "eventCode"),
            effective=self._may(node, "effective", values.moment),
            onset=self._may(node, "onset", values.moment),
            expires=self._may(node, "expires", values.moment),
            sender_name=_text(node, "senderName"),
            headline=_text(node, "headline"),
            description=_text(node, "description"),
            instruction=_text(node, "instruction"),
            web=self._may(node, "web", values.absolute_uri) or "",
            contact=_text(node, "contact"),
            parameters=_pairs(node, "parameter"),
            resources=tuple(self._resource(resource) for resource in node.every("resource")),
            areas=tuple(self._area(area) for area in node.every("area")),
        )

    def _resource(self, node: Node) -> Resource:
        inline = bool(_text(node, "derefUri"))
        return Resource(
            description=_text(node, "resourceDesc"),
            mime_type=_text(node, "mimeType"),
            size=self._may(node, "size", values.size),
            # A relative URI names what stands in `derefUri`.
            uri=_text(node, "uri") if inline else self._may(node, "uri", values.absolute_uri) or "",
            deref_uri=_text(node, "derefUri"),
            digest=_text(node, "digest"),
        )

    def _area(self, node: Node) -> Area:
        area = Area(
            description=_text(node, "areaDesc"),
            polygons=self._every(node, "polygon", self._polygon, _NO_RING),
            circles=self._every(node, "circle", values.circle, _NO_CIRCLE),
            geocodes=_pairs(node, "geocode"),
            altitude=self._may(node, "altitude", values.number),
            ceiling=self._may(node, "ceiling", values.number),
        )
        if area.ceiling is not None and area.altitude is None:
            self._add(f"{node.path}/ceiling", "only together with `altitude`")
        elif area.ceiling is not None and area.altitude is not None and area.ceiling < area.altitude:
            self._add(f"{node.path}/ceiling", "below `altitude`")
        return area

    def _polygon(self, text: str) -> Ring | Wrong:
        """Read a polygon, unless the message would have too many vertices with it."""
        if text not in self._polygons:
            self._vertices += text.count(",")
            too_many = self._vertices > VERTICES_MAX
            wrong = Wrong(f"more than {VERTICES_MAX} points in all polygons of the message")
            self._polygons[text] = wrong if too_many else values.polygon(text)
        return self._polygons[text]

    def _add(self, path: str, why: str) -> None:
        self.errors.append(FieldError(path, why))

    def _value(self, node: Node, read: Callable[[str], T | Wrong], stand_in: T) -> T:
        value = read(node.raw)
        if isinstance(value, Wrong):
            self._add(node.path, value.why)
            return stand_in
        return value

    def _must(self, node: Node, name: str, read: Callable[[str], T | Wrong], stand_in: T) -> T:
        child = node.one(name)
        return stand_in if child is None else self._value(child, read, stand_in)

    def _every(self, node: Node, name: str, read: Callable[[str], T | Wrong], stand_in: T) -> tuple[T, ...]:
        return tuple(self._value(child, read, stand_in) for child in node.every(name))

    def _may(self, node: Node, name: str, read: Callable[[str], T | Wrong]) -> T | None:
        child = node.one(name)
        if child is None:
            return None
        value = read(child.text)
        if isinstance(value, Wrong):
            self._add(child.path, value.why)
            return None
        return value


def identity_of(root: etree._Element) -> tuple[str, str, datetime] | None:
    """Return sender, identifier and time of a message of which nothing else is read; None where they are none."""
    sender, identifier = (values.token(root.findtext(f"{{*}}{name}") or "") for name in ("sender", "identifier"))
    sent = values.moment(root.findtext("{*}sent") or "")
    if isinstance(sender, Wrong) or isinstance(identifier, Wrong) or isinstance(sent, Wrong):
        return None
    return sender, identifier, sent


def _text(node: Node, name: str) -> str:
    child = node.one(name)
    return "" if child is None else child.text


def _pairs(node: Node, name: str) -> tuple[Named, ...]:
    return tuple(Named(_text(pair, "valueName"), _text(pair, "value")) for pair in node.every(name))
