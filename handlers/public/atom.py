"""Writes an Atom feed (RFC 4287) with links to CAP documents.

Where an entry is on the map is GeoRSS-Simple: latitude first, as in CAP. Bounded: `ENTRIES_MAX` entries, the caller's
first ones.
"""

from __future__ import annotations

from datetime import datetime

import msgspec
from lxml import etree

from handlers.cap.model import Circle, Ring
from handlers.cap.writing import point_text, serialized, without_foreign

ENTRIES_MAX = 100
ATOM = "http://www.w3.org/2005/Atom"
GEORSS = "http://www.georss.org/georss"
CAP_TYPE = "application/cap+xml"
ATOM_TYPE = "application/atom+xml"
METRES_PER_KM = 1000


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One alert: `id` is a URI that never changes, `link` where its CAP document is."""

    id: str
    title: str
    updated: datetime
    link: str
    summary: str = ""
    language: str = ""
    polygons: tuple[Ring, ...] = ()
    circle: Circle | None = None


class Feed(msgspec.Struct, frozen=True, kw_only=True):
    """A feed: `id` is a URI that never changes, `link` its own address; `updated` stands in without entries."""

    id: str
    title: str
    author: str
    link: str
    updated: datetime
    entries: tuple[Entry, ...] = ()


def atom_of(feed: Feed) -> bytes:
    """Return the feed, UTF-8."""
    entries = feed.entries[:ENTRIES_MAX]
    root = etree.Element(f"{{{ATOM}}}feed", nsmap={None: ATOM, "georss": GEORSS})
    _add(root, "id", feed.id)
    _add(root, "title", feed.title)
    _add(root, "updated", _moment(max((entry.updated for entry in entries), default=feed.updated)))
    _add(etree.SubElement(root, f"{{{ATOM}}}author"), "name", feed.author)
    etree.SubElement(root, f"{{{ATOM}}}link", rel="self", href=feed.link, type=ATOM_TYPE)
    for entry in entries:
        _entry(etree.SubElement(root, f"{{{ATOM}}}entry"), entry)
    return serialized(root)


def _entry(element: etree._Element, entry: Entry) -> None:
    _add(element, "id", entry.id)
    _add(element, "title", entry.title)
    _add(element, "updated", _moment(entry.updated))
    link = etree.SubElement(element, f"{{{ATOM}}}link", rel="alternate", href=entry.link, type=CAP_TYPE)
    if entry.language:
        link.set("hreflang", entry.language)
    # RFC 4287 asks for a summary where the content is elsewhere.
    _add(element, "summary", entry.summary or entry.title)
    for ring in entry.polygons:
        _located(element, "polygon", " ".join(point_text(*point).replace(",", " ") for point in ring))
    if entry.circle is not None:
        centre = point_text(entry.circle.longitude, entry.circle.latitude).replace(",", " ")
        _located(element, "circle", f"{centre} {entry.circle.radius_km * METRES_PER_KM:.0f}")


def _located(element: etree._Element, name: str, text: str) -> None:
    etree.SubElement(element, f"{{{GEORSS}}}{name}").text = text


def _moment(at: datetime) -> str:
    """Write a time as RFC 3339 has it, with the offset that it has."""
    return at.replace(microsecond=0).isoformat().replace("+00:00", "Z")


def _add(element: etree._Element, name: str, text: str) -> None:
    etree.SubElement(element, f"{{{ATOM}}}{name}").text = without_foreign(text)
