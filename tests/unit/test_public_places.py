"""What is published of an alert with later places: each circle, within the jurisdiction, and one feed entry."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import shapely
from capvalidator import check_schema
from shapely.geometry import MultiPolygon, Point, box

from geo.polygon import dump
from handlers.cap.signing import Signer
from handlers.cap.verification import read_pins
from handlers.police.cap.reception import ReceivedCase, receive_case
from handlers.public.messages import Publisher, entry_of, message_of
from push.message.content import Content, Text
from sql.public import PublicAlert
from tests.support.cap.documents import keys

NOW = datetime(2026, 5, 25, 1, 0, tzinfo=UTC)
PUBLISHER = Publisher(sender="qq-alert", sender_name="QQ Alert", public_url="https://alert.example")
CIRCLES = [[115.6, 22.9, 10.0], [115.6, 22.9, 120.0], [114.2, 23.9, 30.0]]


def _alert(jurisdiction: MultiPolygon | None = None) -> PublicAlert:
    text = Text(title="Ming", body="In red", call="110")
    return PublicAlert(
        id=UUID(int=1),
        state="sending",
        received_at=NOW,
        expires=NOW + timedelta(hours=72),
        longitude=114.05,
        latitude=22.54,
        city=None,
        city_polygon=None,
        jurisdiction=None if jurisdiction is None else dump(jurisdiction),
        content=msgspec.json.encode(Content(texts={"en": text})).decode(),
        ended_at=None,
        radius_km=40.0,
        whole=False,
        notices=["alert"],
        moments=[NOW],
        changes=[],
        circles=msgspec.json.encode(CIRCLES).decode(),
    )


def test_every_place_is_in_the_message_that_our_own_intake_takes() -> None:
    """The first place is the circle, all others are within polygons that never reach beyond their circles."""
    message = message_of(_alert(), PUBLISHER)
    [area] = message.infos[0].areas
    assert [(one.longitude, one.radius_km) for one in area.circles] == [(114.05, 40)]
    shape = shapely.union_all([shapely.Polygon(ring) for ring in area.polygons])
    assert shape.contains(Point(115.6, 22.9 + 119 / 111.2))
    assert not shape.contains(Point(115.6, 22.9 + 121 / 111.2))
    assert shape.contains(Point(114.2, 23.9))
    assert entry_of(_alert(), PUBLISHER).polygons == area.polygons
    document = Signer(keys().key, keys().certificate).signed(message)
    assert check_schema(document).passed
    assert isinstance(receive_case(document, read_pins([keys().certificate]), NOW), ReceivedCase)


def test_within_a_jurisdiction_the_circles_are_one_shape() -> None:
    """It holds the middle of each place within the limit, and nothing beyond it."""
    limit = MultiPolygon([box(113.5, 22.0, 116.0, 23.2)])
    [area] = message_of(_alert(limit), PUBLISHER).infos[0].areas
    assert area.circles == ()
    shape = shapely.union_all([shapely.Polygon(ring) for ring in area.polygons])
    assert shape.contains(Point(114.05, 22.54))
    assert shape.contains(Point(115.6, 22.9))
    assert not shape.contains(Point(114.2, 23.9))
    assert shape.within(limit.buffer(0.001))
