"""Published alerts: CAP that other programs can read, and an Atom feed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import capparser
import msgspec
import pytest
import shapely
from capvalidator import check_schema, check_signature, validate_cap_message
from lxml import etree

from handlers.cap import model as m
from handlers.cap.areas import area_of
from handlers.cap.signing import Signer
from handlers.cap.verification import SignatureStatus, read_pins
from handlers.cap.writing import document_of, moment
from handlers.police.cap.reception import ReceivedCase, receive_case
from handlers.public.atom import ENTRIES_MAX, Entry, Feed, atom_of
from tests.support.cap.documents import NOW, keys
from tests.support.stores import boundaries

ATOM = "{http://www.w3.org/2005/Atom}"
GEORSS = "{http://www.georss.org/georss}"


def _info(language: str, headline: str, *areas: m.Area) -> m.Info:
    return m.Info(
        language=language,
        categories=(m.Category.RESCUE,),
        event="Child missing",
        urgency=m.Urgency.IMMEDIATE,
        severity=m.Severity.SEVERE,
        certainty=m.Certainty.OBSERVED,
        event_codes=(m.Named("SAME", "CAE"),),
        expires=NOW + timedelta(hours=72),
        headline=headline,
        description="Red <coat> & blue shoes\x00\x0b",
        web="https://alert.example/1?a=1&b=2",
        contact="110",
        resources=(m.Resource(description="photo", mime_type="image/jpeg", uri="https://alert.example/1.jpg"),),
        areas=areas,
    )


def _message() -> m.Message:
    """Return an update in two languages with the whole boundary of a city."""
    shape = boundaries.cities().polygon("440300")
    area = area_of("深圳", circle=m.Circle(114.0579, 22.5431, 120), shape=shape, city="440300")
    return m.Message(
        identifier="qq-alert-2",
        sender="alerts@alert.example",
        sent=NOW,
        status=m.Status.TEST,
        message_type=m.MessageType.UPDATE,
        note="A better picture",
        references=(m.Reference("alerts@alert.example", "qq-alert-1", NOW - timedelta(hours=1)),),
        infos=(_info("zh-CN", "寻找小明", area), _info("en", "Ming is missing", area)),
    )


def test_our_document_is_allowed_by_the_official_schema_and_read_by_an_independent_parser() -> None:
    """The OASIS schema comes with the WMO's validator; capparser finds every text, code and shape."""
    document = document_of(_message())
    assert check_schema(document).passed
    alert = capparser.parse(stringXML=document.decode())
    assert (alert.identifier[0], alert.sent[0], alert.status[0]) == ("qq-alert-2", "2026-05-25T01:00:00-00:00", "Test")
    assert alert.references[0] == "alerts@alert.example,qq-alert-1,2026-05-25T00:00:00-00:00"
    infos = alert.info[0]
    assert [info.headline[0] for info in infos] == ["寻找小明", "Ming is missing"]
    assert infos[0].description[0] == "Red <coat> & blue shoes"
    area = infos[1].area[0][0]
    assert area.geocode[0][0].value[0] == "440300"
    assert "22.5431,114.0579 120" in str(area.circle[0])


@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_our_signature_is_verified_by_an_independent_validator(kind: str) -> None:
    """The WMO's validator accepts it with the certificate in the document, and refuses a changed document."""
    key = keys(kind, days=365 * 100)
    document = Signer(key.key, key.certificate).signed(_message())
    assert check_signature(document).passed
    assert validate_cap_message(document).passed
    assert not check_signature(document.replace(b"Ming", b"Hong")).passed


def test_a_signed_city_in_two_languages_is_read_back_as_the_same_case() -> None:
    """A boundary of hundreds of points, signed, is small enough, verifies, and gives the same place."""
    key, shape = keys(), boundaries.cities().polygon("440300")
    document = Signer(key.key, key.certificate).signed(_message())
    received = receive_case(document, read_pins([key.certificate]), NOW)
    assert isinstance(received, ReceivedCase), received
    assert received.signature.signature_status is SignatureStatus.VERIFIED
    place = received.case.place
    assert place is not None
    assert place.polygon is not None
    assert shape is not None
    assert shapely.symmetric_difference(place.polygon, shape).area < 1e-5 * shape.area
    assert (place.circle, place.cities) == (m.Circle(114.0579, 22.5431, 120), ["440300"])


def test_times_have_a_numeric_offset_and_no_fractions() -> None:
    """UTC is -00:00 and never Z."""
    assert moment(datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)) == "2026-01-02T03:04:05-00:00"
    eastern = timezone(timedelta(hours=8))
    assert moment(datetime(2026, 1, 2, 3, 4, 5, tzinfo=eastern)) == "2026-01-02T03:04:05+08:00"


def test_a_feed_lists_entries_with_links_to_their_documents() -> None:
    """RFC 4287: id, title, updated, author, self; each entry has id, title, updated, link and summary."""
    entry = Entry(
        id="urn:uuid:1",
        title="寻找小明 <1>",
        updated=NOW.astimezone(timezone(timedelta(hours=8))),
        link="https://alert.example/cap/1.xml?a=1&b=2",
        language="zh-CN",
        circle=m.Circle(114.0579, 22.5431, 1.5),
        polygons=(((114.0, 22.0), (115.0, 22.0), (115.0, 23.0), (114.0, 22.0)),),
    )
    feed = Feed(
        id="urn:uuid:0",
        title="Alerts",
        author="QQ Alert",
        link="https://alert.example/feed",
        updated=NOW,
        entries=(entry,),
    )
    root = etree.fromstring(atom_of(feed))
    assert [root.findtext(ATOM + name) for name in ("id", "title", "updated")] == [
        "urn:uuid:0",
        "Alerts",
        "2026-05-25T09:00:00+08:00",
    ]
    assert root.findtext(f"{ATOM}author/{ATOM}name") == "QQ Alert"
    (found,) = root.findall(ATOM + "entry")
    link = found.find(ATOM + "link")
    assert link is not None
    assert dict(link.attrib) == {
        "rel": "alternate",
        "type": "application/cap+xml",
        "href": "https://alert.example/cap/1.xml?a=1&b=2",
        "hreflang": "zh-CN",
    }
    assert found.findtext(ATOM + "summary") == "寻找小明 <1>"
    assert found.findtext(GEORSS + "circle") == "22.5431 114.0579 1500"
    assert found.findtext(GEORSS + "polygon") == "22 114 22 115 23 115 22 114"


def test_a_feed_is_bounded_and_may_be_empty() -> None:
    """A feed without alerts is valid; one with too many keeps the first ones given."""
    feed = Feed(id="urn:uuid:0", title="Alerts", author="QQ Alert", link="https://alert.example/feed", updated=NOW)
    empty = etree.fromstring(atom_of(feed))
    assert empty.findtext(ATOM + "updated") == "2026-05-25T01:00:00Z"
    entries = tuple(Entry(id=f"urn:x:{n}", title="x", updated=NOW, link="https://x.example/") for n in range(200))
    full = etree.fromstring(atom_of(msgspec.structs.replace(feed, entries=entries)))
    assert len(full.findall(ATOM + "entry")) == ENTRIES_MAX
