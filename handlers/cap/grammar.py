"""Holds a parsed `alert` against the grammar of CAP 1.2, and names all that the schema does not allow.

Written from the data dictionary of the OASIS standard (section 3.2): which elements, in which order, how often.
Bounded by the document.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from lxml import etree

from handlers.cap.model import NAMESPACE, SIGNATURE_NAMESPACE
from handlers.http.problems import FieldError

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA_HINT = "{http://www.w3.org/2001/XMLSchema-instance}schemaLocation"
"""The one attribute that an element may carry; nothing is loaded from it."""


SIGNATURE = f"{{{SIGNATURE_NAMESPACE}}}Signature"


class Rule(msgspec.Struct, frozen=True):
    """One element: whether it must be there, whether it may be repeated, and what is in it (nothing: text)."""

    name: str
    required: bool = False
    many: bool = False
    children: tuple[Rule, ...] = ()


def _must(name: str) -> Rule:
    return Rule(name, required=True)


def _may(*names: str) -> tuple[Rule, ...]:
    return tuple(Rule(name) for name in names)


_PAIR = (_must("valueName"), _must("value"))
_RESOURCE = (_must("resourceDesc"), _must("mimeType"), *_may("size", "uri", "derefUri", "digest"))
_AREA = (
    _must("areaDesc"),
    Rule("polygon", many=True),
    Rule("circle", many=True),
    Rule("geocode", many=True, children=_PAIR),
    *_may("altitude", "ceiling"),
)
_INFO = (
    Rule("language"),
    Rule("category", required=True, many=True),
    _must("event"),
    Rule("responseType", many=True),
    _must("urgency"),
    _must("severity"),
    _must("certainty"),
    Rule("audience"),
    Rule("eventCode", many=True, children=_PAIR),
    *_may("effective", "onset", "expires", "senderName", "headline", "description", "instruction", "web", "contact"),
    Rule("parameter", many=True, children=_PAIR),
    Rule("resource", many=True, children=_RESOURCE),
    Rule("area", many=True, children=_AREA),
)
ALERT = Rule(
    "alert",
    required=True,
    children=(
        *(_must(name) for name in ("identifier", "sender", "sent", "status", "msgType")),
        Rule("source"),
        _must("scope"),
        *_may("restriction", "addresses"),
        Rule("code", many=True),
        *_may("note", "references", "incidents"),
        Rule("info", many=True, children=_INFO),
    ),
)


class Node:
    """An element with its path, which faults name."""

    __slots__ = ("_element", "_rule", "path")

    def __init__(self, element: etree._Element, rule: Rule, path: str) -> None:
        self._element = element
        self._rule = rule
        self.path = path

    def every(self, name: str) -> list[Node]:
        """Return the children of a name."""
        rule = next(rule for rule in self._rule.children if rule.name == name)
        found = self._element.findall(f"{{{NAMESPACE}}}{name}")
        return [Node(child, rule, _path(self.path, rule, place)) for place, child in enumerate(found, 1)]

    def one(self, name: str) -> Node | None:
        """Return the child of a name, None when it is absent."""
        return next(iter(self.every(name)), None)

    @property
    def text(self) -> str:
        """What stands in it, without the white space around."""
        return (self._element.text or "").strip()

    @property
    def raw(self) -> str:
        """What stands in it."""
        return self._element.text or ""


def node_of(root: etree._Element) -> Node | list[FieldError]:
    """Return the node of a root `alert`, or every way in which it departs from the grammar."""
    errors = list(_faults(root, ALERT, "/alert"))
    return errors or Node(root, ALERT, "/alert")


def _path(parent: str, rule: Rule, place: int) -> str:
    return f"{parent}/{rule.name}[{place}]" if rule.many else f"{parent}/{rule.name}"


def _faults(element: etree._Element, rule: Rule, path: str) -> Iterator[FieldError]:
    if any(name != SCHEMA_HINT for name in element.attrib):
        yield FieldError(path, "an attribute: CAP has none")
    if not rule.children:
        if len(element):
            yield FieldError(path, "elements where a text belongs")
        elif rule.required and not (element.text or "").strip():
            yield FieldError(path, "empty")
        return
    if any((text or "").strip() for text in (element.text, *(child.tail for child in element))):
        yield FieldError(path, "a text between elements")
    yield from _children(element, rule, path)


def _children(element: etree._Element, rule: Rule, path: str) -> Iterator[FieldError]:
    order = {child.name: place for place, child in enumerate(rule.children)}
    seen: dict[str, int] = {}
    at, before = -1, ""
    for child in element:
        name = _known(child, order)
        if name is None:
            if not (rule is ALERT and _is_signature(child)):
                yield FieldError(path, f"unknown element `{etree.QName(child).localname}`")
            continue
        place, seen[name] = order[name], seen.get(name, 0) + 1
        inner = rule.children[place]
        here = _path(path, inner, seen[name])
        if place < at:
            yield FieldError(here, f"out of order: it belongs before `{before}`")
        elif seen[name] > 1 and not inner.many:
            yield FieldError(here, "more than once")
        at, before = place, name
        yield from _faults(child, inner, here)
    for inner in rule.children:
        if inner.required and inner.name not in seen:
            yield FieldError(_path(path, inner, 1), "required")


def _known(child: etree._Element, order: dict[str, int]) -> str | None:
    name = etree.QName(child)
    return name.localname if name.namespace == NAMESPACE and name.localname in order else None


def _is_signature(child: etree._Element) -> bool:
    """A signature alone may stand at the end; `handlers.cap.verification` judges it."""
    return child.tag == SIGNATURE and child.getnext() is None
