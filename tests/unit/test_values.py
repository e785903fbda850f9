"""Values as people and systems write them: cleaned of what cannot be meant, or refused with what is expected."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.values.phone import DIGITS_MIN, PHONE_MAX, read_phone
from handlers.values.text import clean, clean_line, is_blank
from handlers.values.web_address import ADDRESS_MAX, WebAddressError, is_private, read_web_address
from push.message.bidi import isolated, readable
from push.message.language_tag import is_simplified_chinese, look_up, read_tag

BLANK = ["", " ", "\u3000", "\u200b", "\ufeff", "\n\t ", "\u3164", "\u2800", "\u202e", "\u0007", "\u00a0\u2009"]


@pytest.mark.parametrize("text", BLANK)
def test_what_nobody_sees_is_blank(text: str) -> None:
    """White space of any script, fillers, controls and invisible marks say nothing."""
    assert is_blank(text)
    assert clean(text) == ""


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (" 小明\n", "小明"),
        ("a\u202eb\u0007c\u001b[1m", "abc[1m"),
        ("\u2067evil\u2069", "evil"),
        ("e\u0301", "é"),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
        ("بى\u200cناۋ", "بى\u200cناۋ"),
        ("སྐར་མ", "སྐར་མ"),
        ("first\r\nsecond\u2028third", "first\nsecond\nthird"),
    ],
)
def test_text_is_kept_as_it_is_meant(typed: str, meant: str) -> None:
    """Overrides and controls go; joiners, which letters and emoji need, and line breaks stay."""
    assert clean(typed) == meant


@given(st.text())
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    """What was cleaned is clean, has no control character but a line break, and no override."""
    once = clean(text)
    assert clean(once) == once
    assert all(unicodedata.category(sign) != "Cc" or sign == "\n" for sign in once)
    assert not set(once) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    assert "\n" not in clean_line(text)


def test_only_what_runs_from_right_to_left_is_isolated() -> None:
    """A Chinese or Latin value costs no room; of an Uyghur one the numbers read from left to right."""
    assert isolated("福田分局") == "福田分局"
    assert isolated("ئۈرۈمچى") == "\u2068ئۈرۈمچى\u2069"
    assert readable("ساقچى 0991-1234567") == "ساقچى \u20680991-1234567\u2069"
    assert readable("分局 0991-1234567") == "分局 0991-1234567"


@pytest.mark.parametrize(
    ("typed", "form"),
    [
        ("110", "110"),
        ("１１０", "110"),
        (" 110\n", "110"),
        ("٠٩٩١-١٢٣٤٥٦٧", "0991-1234567"),
        ("（0755）84450000", "(0755)84450000"),
        ("0755–84450000", "0755-84450000"),
        ("+86 755 8445 0000", "+86 755 8445 0000"),
        ("＋86－755－8445", "+86-755-8445"),
        ("*123#", "*123#"),
        ("0755-84450000转8012", "0755-84450000 ext. 8012"),
        ("0755-84450000 ext. 5", "0755-84450000 ext. 5"),
        ("0755-84450000分机12", "0755-84450000 ext. 12"),
        ("110 / 0755-84450000", "110 / 0755-84450000"),
        ("110、0755-84450000转8012", "110 / 0755-84450000 ext. 8012"),
        ("110或120", "110 / 120"),
    ],
)
def test_a_telephone_number_has_one_form(typed: str, form: str) -> None:
    """However it is typed; and the form is read as itself."""
    assert read_phone(typed) == form
    assert read_phone(form) == form


@pytest.mark.parametrize("typed", ["", "--", "()", "**", "+", "1", "call 110", "(0755 84450000", "1" * 18, "12/13/14"])
def test_what_nobody_can_dial_is_no_telephone_number(typed: str) -> None:
    """No digits, too few or too many of them, words, a bracket that does not close, three numbers."""
    assert read_phone(typed) is None


@given(st.text())
def test_a_number_that_is_accepted_can_be_dialled(text: str) -> None:
    """It has digits, is read as itself, and fits where a number is kept."""
    number = read_phone(text)
    assert number is None or (
        sum(sign.isdigit() for sign in number) >= DIGITS_MIN and number.isascii() and read_phone(number) == number
    )
    assert number is None or len(number) <= PHONE_MAX


@pytest.mark.parametrize(
    ("typed", "form"),
    [
        ("https://police.example/ph otos/照片.jpg", "https://police.example/ph%20otos/%E7%85%A7%E7%89%87.jpg"),
        (" https://x.example/a \n", "https://x.example/a"),
        ("https://警察.中国/a", "https://xn--ldtx91i.xn--fiqs8s/a"),
        ("HTTPS://X.example/A?b=c%20d", "https://x.example/A?b=c%20d"),
        ("https://x.example/a#part", "https://x.example/a"),
        ("https://store.example/" + "k" * 1900, "https://store.example/" + "k" * 1900),
    ],
)
def test_a_web_address_has_one_form(typed: str, form: str) -> None:
    """Percent-encoded, its host as DNS knows it; long ones, which a store signs, too."""
    assert read_web_address(typed) == form
    assert read_web_address(form) == form


@pytest.mark.parametrize(
    "typed",
    [
        "https://",
        "https:///a",
        "http://x.example/a",
        "//x.example/a",
        "javascript:alert(1)",
        "https://user:secret@x.example/a",
        "https://x.example:99999/",
        "https://x example/a",
        "https://x.example\\@evil.example/",
        "https://x.example/" + "a" * ADDRESS_MAX,
    ],
)
def test_what_cannot_be_shown_to_everybody_is_no_web_address(typed: str) -> None:
    """No host, another scheme, somebody's password, no address at all, or too long."""
    with pytest.raises(WebAddressError):
        read_web_address(typed)


@pytest.mark.parametrize(
    ("address", "private"),
    [
        ("https://10.0.0.1/a", True),
        ("https://[::1]/a", True),
        ("https://localhost/a", True),
        ("https://photos.internal/a", True),
        ("https://intranet/a", True),
        ("https://police.example/a", False),
        ("https://8.8.8.8/a", False),
    ],
)
def test_an_address_of_a_private_network_is_known_as_one(address: str, private: bool) -> None:  # noqa: FBT001 - the table
    """By its digits or by its name: phones could not show what is there."""
    assert is_private(address) is private


@pytest.mark.parametrize(
    ("written", "tag"),
    [
        ("zh_CN", "zh-CN"),
        ("zh_CN_#Hans", "zh-Hans-CN"),
        ("zh-rCN", "zh-CN"),
        ("zh_CN.UTF-8@pinyin", "zh-CN"),
        ("EN_us", "en-US"),
        ("ug_Arab_CN", "ug-Arab-CN"),
        ("en", "en"),
        ("", None),
        ("🙂", None),
        ("123", None),
        ("a" * 40, None),
    ],
)
def test_a_language_tag_is_read_as_java_android_and_posix_write_it(written: str, tag: str | None) -> None:
    """In the usual spelling of BCP 47, None where it cannot be read."""
    assert read_tag(written) == tag


def test_a_tag_is_looked_up_from_its_end() -> None:
    """RFC 4647, 3.4; Chinese in traditional letters is not what a tag of simplified ones asks for."""
    assert look_up("en-US-x-twain", ["zh-CN", "en"]) == "en"
    assert look_up("zh-Hant-TW", ["zh-CN", "en"]) is None
    assert [is_simplified_chinese(one) for one in ("zh", "zh-Hans", "zh-SG", "zh-TW", "zh-Hant-CN", "en")] == [
        True,
        True,
        True,
        False,
        False,
        False,
    ]
