"""Parses bytes from outside into harmless XML, or says why they are refused.

What could reach out of the document or grow is refused before the parser sees it: a DOCTYPE, an entity, an encoding
other than UTF-8. lxml's own defences (no entities, no network, no DTD, no huge trees) stand behind that. Comments are
left out, so that they cannot split a text. A style sheet named before the root, as weather services do, is not looked
at. Bounded: `DOCUMENT_BYTES`, `DEPTH_MAX`, `ELEMENTS_MAX`.
"""

from __future__ import annotations

import re

from lxml import etree

from handlers.cap.model import NAMESPACE
from handlers.http.problems import FieldError

DOCUMENT_BYTES = 64 * 1024
DEPTH_MAX = 12
"""A message has five levels and its signature six or seven."""

ELEMENTS_MAX = 2_000
OLDER = {
    "urn:oasis:names:tc:emergency:cap:1.1": "1.1",
    "http://www.incident.com/cap/1.0": "1.0",
}
ENCODINGS = frozenset({"utf-8", "us-ascii"})

_DECLARED = re.compile(rb"^(?:\xef\xbb\xbf)?<\?xml[^>]*?\sencoding\s*=\s*[\"']([^\"']*)[\"']")
_FORBIDDEN = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)


def parse(body: bytes) -> etree._Element | list[FieldError]:
    """Return the root `alert` of a CAP 1.2 document, or why it is refused."""
    refusal = _refusal(body)
    if refusal is not None:
        return [FieldError("/", refusal)]
    try:
        root = etree.fromstring(body, hardened())
    except etree.LxmlError as error:
        line = error.lineno if isinstance(error, etree.XMLSyntaxError) else None
        return [FieldError("/", f"not well-formed XML (line {line or 1})")]
    refusal = _foreign(root) or _outgrown(root)
    return root if refusal is None else [FieldError("/", refusal)]


def hardened() -> etree.XMLParser:
    """Return a parser that reads nothing but the bytes it is given."""
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        recover=False,
        remove_comments=True,
    )


def _refusal(body: bytes) -> str | None:
    if len(body) > DOCUMENT_BYTES:
        return f"more than {DOCUMENT_BYTES} bytes"
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return "not UTF-8: other encodings are not read"
    if b"\0" in body:
        return "not UTF-8: it holds zero bytes"
    declared = _DECLARED.match(body)
    if declared is not None and declared.group(1).decode("utf-8").lower() not in ENCODINGS:
        return "declares an encoding that is not read; UTF-8 is"
    if _FORBIDDEN.search(body):
        return "a DTD or an entity declaration: neither is read"
    return None


def _foreign(root: etree._Element) -> str | None:
    """Say why a root is not that of a CAP 1.2 message, None when it is."""
    name = etree.QName(root)
    if name.namespace in OLDER:
        return f"CAP {OLDER[name.namespace]}: only CAP 1.2 is read ({NAMESPACE})"
    if name.localname != "alert":
        return "the root is not `alert`"
    if name.namespace != NAMESPACE:
        return f"the namespace is not that of CAP 1.2 ({NAMESPACE})"
    return None


def _outgrown(root: etree._Element) -> str | None:
    """Say what a message does not need and this tree has."""
    depth = count = 0
    for event, element in etree.iterwalk(root, events=("start", "end", "pi")):
        if event == "pi" or not isinstance(element.tag, str):
            return "a processing instruction or an entity within the message: none is read"
        depth += 1 if event == "start" else -1
        count += event == "start"
        if depth > DEPTH_MAX:
            return f"nested more than {DEPTH_MAX} deep"
        if count > ELEMENTS_MAX:
            return f"more than {ELEMENTS_MAX} elements"
    return None
