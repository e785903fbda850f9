"""Pages for the public, as they are made: what they say, what they never say, and how large they are."""

from __future__ import annotations

import gzip
import json
import re
from itertools import pairwise

import msgspec
import pytest
from lxml import html

from public.pages.modules import FIRST, modules
from public.pages.rendering import ShownPhoto, live_page, over_page, state_of
from public.pages.texts import languages, texts_of
from tests.support.processes.processes import ROOT
from tests.support.public.pages import AROUND, CODE, example, source

CASES = sorted(path.stem for path in (ROOT / "examples" / "cases").glob("*.json"))
FIRST_VIEW_BYTES_MAX = 10 * 1024
PHOTO = ShownPhoto("/p/23456789ab/photo.0123456789abcdef.jpg", 600, 800)


def test_every_language_has_the_same_texts_with_the_same_names_in_them() -> None:
    """A language is a catalogue: what one says all say, and whatever is filled in there is filled in everywhere."""
    assert {"zh-CN", "en"} <= set(languages())
    for one, other in pairwise(texts_of(language) for language in languages()):
        assert one.keys == other.keys
        for key in one.keys:
            assert set(re.findall(r"\{\w+\}", one(key))) == set(re.findall(r"\{\w+\}", other(key))), key


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("name", CASES)
def test_a_page_says_of_every_case_whom_to_look_for_and_whom_to_call(name: str, language: str) -> None:
    """Names, clothes, place, time of the place and number stand on it; nothing sealed does."""
    filed = json.loads(example(name))
    page = live_page(source(example(name)), language, AROUND, PHOTO).decode()
    text = html.fromstring(page).text_content()
    people = filed.get("children") or [filed.get("child") or filed["subject"]]
    for person in people:
        for field in ("name", "clothing", "features", "hair"):
            assert person.get(field, "") in text
    assert filed["last_seen"].get("place", "") in text
    assert filed["contact"]["phone"] in text
    assert f'href="tel:{re.sub(r"[^0-9+]", "", filed["contact"]["phone"])}"' in page
    for sealed in (*(filed.get("internal") or {}).values(), filed["case_number"]):
        assert sealed not in page
    assert "longitude" not in page
    assert str(filed["last_seen"].get("longitude", "longitude")) not in page
    assert f"https://alerts.example/p/{CODE}{'/en' if language == 'en' else ''}#s" in page
    assert "GS(2026)1" in text


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("name", CASES)
def test_the_first_view_is_small(name: str, language: str) -> None:
    """Document, style and module together have at most 10 KB compressed."""
    page = live_page(source(example(name)), language, AROUND, PHOTO)
    size = len(gzip.compress(page, 9)) + len(gzip.compress(modules()[FIRST].content, 9))
    assert size <= FIRST_VIEW_BYTES_MAX


def test_what_somebody_wrote_is_text_and_nothing_else() -> None:
    """Markup in a case is shown as it was written: it makes no element, no attribute, no script."""
    case = json.loads(example("lost-at-a-park"))
    case["child"]["clothing"] = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    case["last_seen"]["place"] = "</template></style>{{ 7 * 7 }}"
    tree = html.fromstring(live_page(source(json.dumps(case).encode()), "en", AROUND))
    assert len(tree.xpath("//script")) == 1
    assert tree.xpath("//img") == []
    assert not tree.xpath("//*[@onerror or @style or @onclick]")
    assert case["child"]["clothing"] in tree.text_content()
    assert "{{ 7 * 7 }}" in tree.text_content()


@pytest.mark.parametrize("status", ["exercise", "test"])
def test_an_exercise_says_so_before_anything_else(status: str) -> None:
    """The first words on the page of an exercise or a test are that nobody is missing."""
    tree = html.fromstring(live_page(source(example("lost-at-a-park"), status=status), "en", AROUND))
    first = tree.xpath("//body/*")[0]
    assert first.get("class") == "mark"
    assert "Nobody is missing" in first.text_content()


def test_an_alert_whose_words_were_changed_says_these_words() -> None:
    """What an operator changed in the text stands above what the police filed."""
    case = source(example("lost-at-a-park"), is_reworded=True)
    body = case.content.text("en").body
    assert body in html.fromstring(live_page(case, "en", AROUND)).text_content()


def test_a_page_that_is_over_says_nothing_but_that() -> None:
    """It is the same for all alerts, in every language, and so is its state."""
    page = over_page("en", AROUND).decode()
    words = html.fromstring(page).xpath("//body")[0].text_content().split("\n")
    assert [one for one in words if one.strip()] == [
        "This alert is over. Please don't share it further.",
        "本条寻人信息已结束，请不要继续转发。",
    ]
    assert "<script" not in page
    assert CODE not in page
    assert json.loads(state_of(None)) == {"state": "over"}
    case = source(example("lost-at-a-park"))
    live = json.loads(state_of(case, AROUND.languages))
    known = {"zone": "Asia/Shanghai", "titles": {one: case.content.text(one).title for one in AROUND.languages}}
    assert live == {"state": "live", "expires": "2099-11-28T08:00:00Z", "call": "0755-84450000", **known}


def test_what_is_added_to_a_case_is_on_no_page_by_itself() -> None:
    """A field that the pages do not know is not read, wherever it stands."""
    case = source(example("abducted-in-a-van"))
    known = {field.name for field in msgspec.structs.fields(type(case.case))}
    assert known == {
        "last_seen",
        "contact",
        "child",
        "children",
        "subject",
        "companions",
        "vehicle",
        "guidance",
    }


def test_a_module_has_its_digest_in_its_name_and_no_comments() -> None:
    """Its name changes with its bytes, and what is served has no more than a browser needs."""
    module = modules()[FIRST]
    assert re.fullmatch(r"page\.[0-9a-f]{16}\.js", module.file)
    assert b"@ts-check" not in module.content
    assert b"/**" not in module.content
    assert b"https://" not in module.content
    for function in (b"function blank()", b"function writeAgo()", b"function byHand("):
        assert function in module.content
