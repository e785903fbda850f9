"""The case that a valid CAP message becomes: texts by language, an exact place, and the time when it ends."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import shapely

from handlers.cap.model import Circle, MessageType, Status
from handlers.cap.verification import SignatureStatus
from handlers.police.cap.reception import receive_case
from tests.support.cap.documents import AMBER, AREA, CHINESE, ENGLISH, NOW, good

if TYPE_CHECKING:
    from handlers.police.cap.acceptance import CapCase

POLYGON = "<polygon>22.5,114.1 22.5,114.2 22.6,114.2 22.6,114.1 22.5,114.1</polygon>"
REFERENCES = "<references>alerts@police.example,SZ-1,2026-05-24T00:00:00-00:00</references>"
SAME = "<geocode><valueName>SAME</valueName><value>006037</value></geocode>"


def _case(body: bytes) -> CapCase:
    received = receive_case(body, (), NOW)
    assert not isinstance(received, list), received
    assert received.signature.signature_status is SignatureStatus.UNSIGNED
    return received.case


def test_each_language_has_its_texts_with_the_child_where_parameters_name_it() -> None:
    """Headline, description, instruction, contact and event; picture and age come from the message."""
    case = _case(good())
    assert list(case.texts) == ["zh-CN", "en"]
    chinese, english = case.texts["zh-CN"], case.texts["en"]
    assert (chinese.event, chinese.headline, chinese.description) == ("儿童失踪", "寻找小明", "红色外套")
    assert (english.children, chinese.children, english.contact) == (("Ming",), ("小明",), "0755-110")
    assert (english.ages, case.photo_url) == ((6,), "https://police.example/1.jpg")
    assert (case.status, case.message_type) == (Status.ACTUAL, MessageType.ALERT)


def test_missing_fields_fall_back_to_others() -> None:
    """Headline to the event, description to the headline, no language to that of the text, parameters to nothing."""
    bare = good((ENGLISH, ""), ("<language>zh-CN</language>", "<language/>"), ("<headline>寻找小明</headline>", ""))
    text = _case(bare).texts["zh-CN"]
    assert (text.headline, text.description) == ("儿童失踪", "红色外套")
    text = _case(good(("<description>红色外套</description>", ""), ("qq-alert:childName", "x"))).texts["zh-CN"]
    assert (text.description, text.children) == ("寻找小明", ())


def test_the_place_is_circle_polygon_and_city_as_written_with_longitude_first() -> None:
    """Areas repeated for another language count once."""
    place = _case(good()).place
    assert place is not None
    assert place.circle == Circle(114.12, 22.55, 30)
    assert place.cities == ["440300"]
    assert place.polygon is not None
    assert place.polygon.equals(shapely.box(114.1, 22.5, 114.2, 22.6))
    assert place.left_aside == []


def test_areas_add_up_to_their_union_and_nothing_more() -> None:
    """Two overlapping polygons and one apart: nobody counts twice, and nobody in between counts."""
    apart = "<polygon>30,120 30,121 31,121 31,120 30,120</polygon>"
    over = "<polygon>22.5,114.15 22.5,114.3 22.6,114.3 22.6,114.15 22.5,114.15</polygon>"
    place = _case(good((POLYGON, POLYGON + over + apart))).place
    assert place is not None
    assert place.polygon is not None
    assert place.polygon.area == pytest.approx(0.2 * 0.1 + 1.0)
    assert len(place.polygon.geoms) == 2


def test_codes_of_other_systems_beside_a_shape_are_named_and_ignored() -> None:
    """The shape counts; the answer names the codes that do not."""
    place = _case(good((AREA, f"<area><areaDesc>x</areaDesc>{POLYGON}{SAME}</area>"))).place
    assert place is not None
    assert place.left_aside == ["/alert/info[1]/area[1]/geocode[1]"]


@pytest.mark.parametrize("name", ["adcode", "ADCODE", "GB/T 2260", "GB/T2260", "gb 2260"])
def test_a_city_code_is_accepted_under_each_name_of_its_standard(name: str) -> None:
    """The city alone is a place."""
    code = f"<geocode><valueName>{name}</valueName><value>110000</value></geocode>"
    place = _case(good((AREA, f"<area><areaDesc>x</areaDesc>{code}</area>"), (ENGLISH, ""))).place
    assert place is not None
    assert (place.cities, place.circle, place.polygon) == (["110000"], None, None)


def test_a_polygon_across_the_antimeridian_must_be_cut_there() -> None:
    """An edge of 358 degrees could go either way around the Earth, so it is refused."""
    jump = "<polygon>10,179 11,179 11,-179 10,-179 10,179</polygon>"
    errors = receive_case(good((POLYGON, jump)), (), NOW)
    assert isinstance(errors, list)
    assert "180 degrees" in errors[0].detail


@pytest.mark.parametrize("event", ["AMBER Alert", "Missing child", "Child Abduction", "儿童走失", "失踪儿童"])
def test_a_missing_child_is_recognized_without_a_code(event: str) -> None:
    """By the code CAE, or by an event in words."""
    code = "<eventCode><valueName>SAME</valueName><value>CAE</value></eventCode>"
    assert _case(good((code, ""), (ENGLISH, ""), ("儿童失踪", event))).texts


def test_an_alert_ends_when_its_last_info_does_or_after_72_hours() -> None:
    """One info without an expiry lives as long as an alert does."""
    sent = NOW - timedelta(minutes=30)
    expires = "<expires>2026-05-26T08:30:00+08:00</expires>"
    assert _case(good()).expires == sent + timedelta(hours=24)
    assert _case(good((expires, ""))).expires == sent + timedelta(hours=72)


@pytest.mark.parametrize("status", [Status.ACTUAL, Status.EXERCISE, Status.TEST])
def test_actual_alerts_exercises_and_tests_are_distinguished(status: Status) -> None:
    """They are never confused, and no other status is accepted."""
    assert _case(good((">Actual<", f">{status.value}<"))).status is status


def test_updates_and_cancels_refer_to_earlier_messages() -> None:
    """A cancel needs neither area nor texts, and is valid even after its alert has expired."""
    update = _case(good((">Alert<", ">Update<"), ("</scope>", f"</scope>{REFERENCES}")))
    assert [(r.sender, r.identifier) for r in update.references] == [("alerts@police.example", "SZ-1")]
    cancel = good((">Alert<", ">Cancel<"), ("</scope>", f"</scope>{REFERENCES}"), (CHINESE, ""), (ENGLISH, ""))
    assert (_case(cancel).place, _case(cancel).texts) == (None, {})
    late = receive_case(cancel, (), NOW + timedelta(days=30))
    assert not isinstance(late, list)


def test_the_example_of_the_standard_is_read_and_becomes_a_case_once_its_place_is_known() -> None:
    """The AMBER alert of appendix A has only a code of US counties: with a circle added, it is a case."""
    case = _case(AMBER.replace("<geocode>", "<circle>34.05,-118.24 50</circle><geocode>").encode())
    assert list(case.texts) == ["en", "es-US"]
    assert case.place is not None
    assert case.place.circle == Circle(-118.24, 34.05, 50)
    assert len(case.place.left_aside) == 2
