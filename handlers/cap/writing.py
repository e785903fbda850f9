"""Writes a typed message as a CAP 1.2 document, in the order that the schema asks for.

What `handlers.cap.reading` reads of it is the message again: times to the second, degrees to `DEGREE_DIGITS` (0.1 m).
Without line breaks between elements, because some readers drop these before they look at a signature. Characters that
XML does not have are left out. Bounded by the message.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lxml import etree

from handlers.cap.model import NAMESPACE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from enum import Enum

    from handlers.cap.model import Area, Circle, Info, Message, Named, Resource, Ring

DEGREE_DIGITS = 6
KM_DIGITS = 3
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def document_of(message: Message) -> bytes:
    """Return the document of a message, unsigned, UTF-8."""
    return serialized(tree_of(message))


def serialized(root: etree._Element) -> bytes:
    """Return a tree as bytes."""
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def tree_of(message: Message) -> etree._Element:
    """Return the tree of a message."""
    root = etree.Element(f"{{{NAMESPACE}}}alert", nsmap={None: NAMESPACE})
    _add(root, "identifier", message.identifier)
    _add(root, "sender", message.sender)
    _add(root, "sent", moment(message.sent))
    _add(root, "status", message.status.value)
    _add(root, "msgType", message.message_type.value)
    _add(root, "source", message.source)
    _add(root, "scope", message.scope.value)
    _add(root, "restriction", message.restriction)
    _add(root, "addresses", message.addresses)
    for code in message.codes:
        _add(root, "code", code)
    _add(root, "note", message.note)
    _add(root, "references", " ".join(f"{r.sender},{r.identifier},{moment(r.sent)}" for r in message.references))
    _add(root, "incidents", message.incidents)
    for info in message.infos:
        _info(etree.SubElement(root, f"{{{NAMESPACE}}}info"), info)
    return root


def moment(at: datetime) -> str:
    """Write a time with a numeric offset, -00:00 for UTC."""
    written = at.replace(microsecond=0).isoformat()
    return f"{written.removesuffix('+00:00')}-00:00" if written.endswith("+00:00") else written


def _info(element: etree._Element, info: Info) -> None:
    _add(element, "language", info.language)
    _words(element, "category", info.categories)
    _add(element, "event", info.event)
    _words(element, "responseType", info.response_types)
    _add(element, "urgency", info.urgency.value)
    _add(element, "severity", info.severity.value)
    _add(element, "certainty", info.certainty.value)
    _add(element, "audience", info.audience)
    _pairs(element, "eventCode", info.event_codes)
    for name, at in (("effective", info.effective), ("onset", info.onset), ("expires", info.expires)):
        _add(element, name, "" if at is None else moment(at))
    _add(element, "senderName", info.sender_name)
    _add(element, "headline", info.headline)
    _add(element, "description", info.description)
    _add(element, "instruction", info.instruction)
    _add(element, "web", info.web)
    _add(element, "contact", info.contact)
    _pairs(element, "parameter", info.parameters)
    for resource in info.resources:
        _resource(etree.SubElement(element, f"{{{NAMESPACE}}}resource"), resource)
    for area in info.areas:
        _area(etree.SubElement(element, f"{{{NAMESPACE}}}area"), area)


def _resource(element: etree._Element, resource: Resource) -> None:
    _add(element, "resourceDesc", resource.description)
    _add(element, "mimeType", resource.mime_type)
    _add(element, "size", "" if resource.size is None else str(resource.size))
    _add(element, "uri", resource.uri)
    _add(element, "derefUri", resource.deref_uri)
    _add(element, "digest", resource.digest)


def _area(element: etree._Element, area: Area) -> None:
    _add(element, "areaDesc", area.description)
    for ring in area.polygons:
        _add(element, "polygon", _polygon(ring))
    for circle in area.circles:
        _add(element, "circle", _circle(circle))
    _pairs(element, "geocode", area.geocodes)
    for name, feet in (("altitude", area.altitude), ("ceiling", area.ceiling)):
        _add(element, name, "" if feet is None else _number(feet, KM_DIGITS))


def _polygon(ring: Ring) -> str:
    return " ".join(point_text(*point) for point in ring)


def _circle(circle: Circle) -> str:
    return f"{point_text(circle.longitude, circle.latitude)} {_number(circle.radius_km, KM_DIGITS)}"


def point_text(longitude: float, latitude: float) -> str:
    """Write a point as CAP has it: latitude first."""
    return f"{_number(latitude, DEGREE_DIGITS)},{_number(longitude, DEGREE_DIGITS)}"


def without_foreign(text: str) -> str:
    """Return a text without the characters that XML does not have."""
    return _NO_XML.sub("", text)


def _number(value: float, digits: int) -> str:
    written = f"{value:.{digits}f}".rstrip("0").rstrip(".")
    return "0" if written == "-0" else written


def _words(element: etree._Element, name: str, words: Iterable[Enum]) -> None:
    for word in words:
        _add(element, name, word.value)


def _pairs(element: etree._Element, name: str, pairs: Iterable[Named]) -> None:
    for pair in pairs:
        inner = etree.SubElement(element, f"{{{NAMESPACE}}}{name}")
        _add(inner, "valueName", pair.name)
        _add(inner, "value", pair.value)


def _add(element: etree._Element, name: str, text: str) -> None:
    """Add an element, unless there is nothing to say."""
    if text:
        etree.SubElement(element, f"{{{NAMESPACE}}}{name}").text = without_foreign(text)
