"""What a CAP message says: no text is dropped silently, no picture is published that we would refuse ourselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from handlers.police.cap.filing import filing_of, notes_on_area
from handlers.police.cap.reception import ReceivedCase, receive_case
from tests.property.fuzz.promises import PLAN
from tests.support.cap.documents import CHINESE, ENGLISH, NOW, good
from tests.support.stores import boundaries

if TYPE_CHECKING:
    from handlers.http.problems import FieldError
    from handlers.police.cap.acceptance import CapCase
    from push.message.content import Content

EN, ZH = "<language>en-US</language>", "<language>zh-CN</language>"


def _read(*changes: tuple[str, str]) -> ReceivedCase | list[FieldError]:
    return receive_case(good(*changes), (), NOW)


def _case(*changes: tuple[str, str]) -> CapCase:
    received = _read(*changes)
    assert isinstance(received, ReceivedCase), received
    return received.case


def _content(*changes: tuple[str, str]) -> Content:
    filing = filing_of(_case(*changes), "sz", PLAN, boundaries.cities(), None, time_zone="Asia/Urumqi", unverified=None)
    assert not isinstance(filing, list), filing
    return filing.message_content


@pytest.mark.parametrize(
    ("chinese", "english", "readers"),
    [
        (ZH, EN, ["zh-CN", "en"]),
        ("", "<language>en</language>", ["zh-CN", "en"]),
        ("<language/>", EN, ["zh-CN", "en"]),
        (EN, "<language>en-GB</language>", ["zh-CN", "en"]),
        ("<language>zh-Hans</language>", EN, ["zh-CN", "en"]),
        ("<language>ZH-hans-cn</language>", EN, ["zh-CN", "en"]),
        ("<language>zh-TW</language>", "<language>es-419</language>", ["zh-TW", "es-419"]),
        ("<language>cmn-Hans-CN</language>", "<language>EN-us</language>", ["zh-CN", "en"]),
    ],
)
def test_each_text_has_its_readers(chinese: str, english: str, readers: list[str]) -> None:
    """By BCP 47; Chinese under a program's default of English, or under none, is sent as Chinese and a note says so."""
    case = _case((EN, english), (ZH, chinese))
    assert list(case.texts) == readers
    assert case.texts[readers[0]].headline == "寻找小明"
    assert case.texts[readers[1]].headline == "Ming is missing"
    assert bool(case.notes) == (chinese in {"", "<language/>", EN})


@pytest.mark.parametrize("language", ["zh-Hans", "zh", "zh-SG", "zh-CN", "cmn"])
def test_two_texts_for_the_same_readers_are_refused(language: str) -> None:
    """Which one is meant nobody knows; the same text twice is sent once, with a note."""
    errors = _read((EN, f"<language>{language}</language>"))
    assert isinstance(errors, list)
    assert [(error.path, "zh-CN" in error.detail) for error in errors] == [("/alert/info[2]/language", True)]
    case = _case((ENGLISH, CHINESE.replace(ZH, f"<language>{language}</language>")))
    assert (list(case.texts), len(case.notes)) == (["zh-CN"], 1)


@pytest.mark.parametrize(
    ("address", "taken"),
    [
        ("https://police.example/小明 1.jpg", "https://police.example/%E5%B0%8F%E6%98%8E%201.jpg"),
        ("https://公安.example/1.jpg", "https://xn--55q79v.example/1.jpg"),
        ("HTTPS://police.example/1.jpg#top", "https://police.example/1.jpg"),
        (f"https://police.example/{'a' * 1900}", f"https://police.example/{'a' * 1900}"),
    ],
)
def test_the_address_of_a_picture_has_one_form(address: str, taken: str) -> None:
    """Percent-encoded, its host as DNS knows it; one too long for a push is kept for the pages, and a note says so."""
    case = _case(("https://police.example/1.jpg", address))
    assert case.photo_url == taken
    assert bool(case.notes) == (len(taken) > 500)


@pytest.mark.parametrize(
    "address", ["https://", "https://user:secret@police.example/1.jpg", "https://a b/1.jpg", "https://x:99999/"]
)
def test_a_picture_without_a_host_or_with_a_password_is_refused(address: str) -> None:
    """And named; one that phones do not load is left aside with a note, one of a private network noted."""
    errors = _read(("https://police.example/1.jpg", address))
    assert isinstance(errors, list)
    assert errors[0].path == "/alert/info[1]/resource[1]/uri"
    assert "secret" not in errors[0].detail
    assert _case(("https://police.example/1.jpg", "https://10.1.2.3/1.jpg")).notes
    plain = _case(("https://police.example/1.jpg", "http://police.example/1.jpg"), (ENGLISH, ""))
    assert (plain.photo_url, len(plain.notes)) == (None, 1)


def test_white_space_and_invisible_signs_make_no_second_message() -> None:
    """Around an identifier, a sender, a name, a headline: as if they were not there."""
    plain = _case()
    typed = _case(
        ("SZ-2026-0525-1", "\n SZ-2026-0525-1\u200b\n"),
        (">alerts@police.example<", "> alerts@police.example\t<"),
        (">小明<", ">\u3000小明\u202e<"),
        (">寻找小明<", ">寻找小明\u2028 <"),
    )
    assert typed == plain


def test_the_number_to_call_is_found_in_a_contact_and_never_cut() -> None:
    """A number, else an address; a contact with neither is part of the text, which may be cut."""
    for contact, number in (
        ("福田分局值班室：0755-84450000转8012", "0755-84450000"),
        ("Desk, desk@police.example", "desk@police.example"),
        ("See https://police.example/found", "https://police.example/found"),
        ("深圳市公安局" * 40 + " 110", "110"),
    ):
        text = _content(("0755-110", contact)).texts["zh-CN"]
        assert (text.phone, text.call) == (number, contact)
    text = _content(("0755-110", "the desk")).texts["zh-CN"]
    assert (text.call, text.phone) == ("", "")
    assert text.body.endswith("the desk")


def test_children_and_times_of_a_message_are_those_of_the_place() -> None:
    """Two names in the parameters are several children; the day of the message is the authority's."""
    two = "<value>小明</value></parameter><parameter><valueName>qq-alert:childName</valueName><value>小红</value>"
    content = _content(
        ("<value>小明</value>", two), ("<sent>2026-05-25T08:30:00+08:00", "<sent>2026-05-24T18:30:00-00:00")
    )
    assert content.follow_ups["found"]["en"].title == "The children have been found"
    assert content.follow_ups["found"]["zh-CN"].body.startswith("05月25日")
    assert content.time_zone == "Asia/Urumqi"


@pytest.mark.parametrize("code", ["440304", "440304001", "110105", "990000", "152600"])
def test_a_code_that_is_no_citys_own_costs_no_alert_and_makes_none_wider(code: str) -> None:
    """Beside a circle and a polygon it adds nothing, and a note names it: its city would be wider than what is said."""
    received = receive_case(good((">440300<", f">{code}<"), count=-1), (), NOW)
    assert isinstance(received, ReceivedCase), received
    case = received.case
    filing = filing_of(case, "sz", PLAN, boundaries.cities(), None, time_zone="Asia/Shanghai", unverified=None)
    assert not isinstance(filing, list), filing
    assert filing.place.boundary is not None
    assert filing.place.boundary.area == pytest.approx(0.01)
    assert [code[:6] in note for note in notes_on_area(case.place, boundaries.cities())] == [True]


def test_a_code_below_a_city_names_its_city_where_it_stands_alone() -> None:
    """A district or a town is no area that is known; its city is, and an abolished code has a hint."""
    polygon = "<polygon>22.5,114.1 22.5,114.2 22.6,114.2 22.6,114.1 22.5,114.1</polygon>"
    shapes = (polygon, ""), ("<circle>22.55,114.12 30</circle>", "")
    for code, city in (("440304", "440300"), ("110105", "110000"), ("440304001001", "440300"), ("429004", "429004")):
        received = receive_case(good(*shapes, (">440300<", f">{code}<"), count=-1), (), NOW)
        assert isinstance(received, ReceivedCase), received
        filing = filing_of(
            received.case, "sz", PLAN, boundaries.cities(), None, time_zone="Asia/Shanghai", unverified=None
        )
        assert not isinstance(filing, list), filing
        assert filing.place.city == city
    received = receive_case(good(*shapes, (">440300<", ">152600<"), count=-1), (), NOW)
    assert isinstance(received, ReceivedCase)
    refused = filing_of(received.case, "sz", PLAN, boundaries.cities(), None, time_zone="UTC", unverified=None)
    assert isinstance(refused, list)
    assert "150900" in refused[0].detail
