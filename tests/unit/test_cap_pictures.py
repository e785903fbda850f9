"""Whose picture a CAP message has: the child's is shown, anybody else's never, and what is left aside is noted."""

from __future__ import annotations

import msgspec
import pytest

from handlers.police.cap.filing import filing_of
from handlers.police.cap.reception import ReceivedCase, receive_case
from tests.property.fuzz.promises import PLAN
from tests.support.cap.documents import NOW, good
from tests.support.stores import boundaries

AGE = "<parameter><valueName>qq-alert:childAge</valueName><value>6</value></parameter>"

SUSPECTS = [
    "photo of the suspect",
    "Abductor",
    "Child's companion",
    "suspect vehicle",
    "White van",
    "License plate",
    "Kidnapper",
    "嫌疑人照片",
    "同行女子",
    "绑匪",
    "人贩子",
    "车辆照片",
    "白色面包车",
    "车牌",
    "Sospechoso",
    "vehículo",
    "용의자",
    "차량",
    "Father",
    "unknown male, 40s",
    "Driver",
    "拐骗者",
    "诱拐犯",
    "an adult male",
    "母亲",
]
CHILDS = [
    "photo",
    "Child",
    "missing child, photo by the mother",
    "Abducted girl",
    "female child",
    "Fotografía del niño",
    "실종아동 사진",
    "儿童照片",
    "被拐儿童",
    "被拐男童近照",
    "走失前在火车站",
    "小明",
    "骑自行车的孩子",
]


@pytest.mark.parametrize("description", SUSPECTS)
def test_a_picture_of_somebody_or_something_else_is_never_the_childs(description: str) -> None:
    """It is noted, kept as what it is, and the next picture is shown."""
    other = "<resourceDesc>photo</resourceDesc><mimeType>image/jpeg</mimeType><uri>https://police.example/2.jpg</uri>"
    named = ("<resourceDesc>photo<", f"<resourceDesc>{description}<")
    received = receive_case(good(named, count=-1), (), NOW)
    assert isinstance(received, ReceivedCase)
    assert received.case.photo_url is None
    assert {photo.of for photo in received.case.photos} <= {"companion", "vehicle"}
    assert len(received.case.notes) == 2
    both = receive_case(good(named, ("</resource>", f"</resource><resource>{other}</resource>"), count=-1), (), NOW)
    assert isinstance(both, ReceivedCase)
    assert both.case.photo_url == "https://police.example/2.jpg"
    filing = filing_of(both.case, "sz", PLAN, boundaries.cities(), None, time_zone="UTC", unverified=None)
    assert not isinstance(filing, list), filing
    assert "police.example/1.jpg" not in msgspec.json.encode(filing.message_content).decode()


@pytest.mark.parametrize("description", CHILDS)
def test_a_picture_of_the_child_is_shown(description: str) -> None:
    """A description without a word of others is the child's, and so is one of an abducted child."""
    received = receive_case(good(("<resourceDesc>photo<", f"<resourceDesc>{description}<"), count=-1), (), NOW)
    assert isinstance(received, ReceivedCase)
    assert (received.case.photo_url, received.case.notes) == ("https://police.example/1.jpg", [])


def test_an_adult_who_is_missing_may_be_a_man() -> None:
    """Of a child that is somebody else."""
    changes = ("<value>CAE<", "<value>MEP<"), (AGE, ""), ("<resourceDesc>photo<", "<resourceDesc>elderly man<")
    received = receive_case(
        good(*changes, ("儿童失踪", "老人走失"), ("Child missing", "Missing person"), count=-1), (), NOW
    )
    assert isinstance(received, ReceivedCase), received
    assert received.case.photo_url is not None


def test_a_picture_that_one_text_calls_the_suspects_is_not_the_childs_in_the_other() -> None:
    """In doubt it is not shown."""
    received = receive_case(good(("<resourceDesc>photo<", "<resourceDesc>嫌疑人<")), (), NOW)
    assert isinstance(received, ReceivedCase)
    assert received.case.photo_url is None


def test_every_resource_that_is_left_aside_is_noted() -> None:
    """One that is no picture, one inside of the message, and a second picture of the child."""
    kinds = (
        ("audio/mpeg", "<uri>https://a.example/1</uri>"),
        ("image/png", "<derefUri>AAAA</derefUri>"),
        ("image/png", "<uri>https://police.example/2.png</uri>"),
    )
    more = "".join(
        f"<resource><resourceDesc>child</resourceDesc><mimeType>{kind}</mimeType>{where}</resource>"
        for kind, where in kinds
    )
    received = receive_case(good(("</resource>", f"</resource>{more}")), (), NOW)
    assert isinstance(received, ReceivedCase), received
    assert len(received.case.notes) == 3
