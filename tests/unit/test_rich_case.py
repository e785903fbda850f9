"""What phones show of a case that says much: how somebody came to be missing, who is with them, in which language."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
import pytest
from bidi import get_display  # type: ignore[import-untyped] # it has stubs in no package

from handlers.police.case.case import Case, read_case
from handlers.police.case.checks import notes_on_photo
from handlers.police.wording import content_of
from handlers.police.wording.left_out import notes_on_letters
from push.discovery import providers
from push.message.catalogues import catalogues
from push.message.content import About, Content, Text
from push.message.rendering import Rendering
from tests.property.fuzz.promises import ALERT, lanes_of_every_provider
from tests.support.processes.deployment import CASE

PLATE, GUIDANCE = "粤B12345", "切勿靠近，请立即报警"
RICH: Final[dict[str, Any]] = {
    **CASE,
    "kind": "abducted",
    "issuer": "深圳市公安局",
    "guidance": GUIDANCE,
    "child": {
        **CASE["child"],
        "nicknames": ["明明"],
        "hair": "短发",
        "build": "slim",
        "languages": ["粤语", "English"],
    },
    "companions": [{"relation": "继父", "sex": "male", "age": 35, "height_cm": 175, "looks": "black coat"}],
    "vehicle": {"plate": PLATE, "colour": "白色", "make": "Volkswagen", "direction": "东莞方向"},
}
LANES: Final = tuple(providers())


def _case(**changes: Any) -> Case:  # noqa: ANN401 - fields of a case
    case = read_case(json.dumps({**RICH, **changes}).encode())
    assert isinstance(case, Case), case
    return case


def _shown(content: Content, lane: str, locale: str) -> Rendering:
    expires = datetime.now(UTC) + timedelta(hours=72)
    message = content.message(About(alert_id=ALERT, notice="alert", status="actual", expires=expires), locale)
    shown = providers()[lane].previewed(lanes_of_every_provider()[lane], message)
    assert isinstance(shown, Rendering), shown
    return shown


def _everything(content: Content) -> str:
    return msgspec.json.encode(content).decode()


@pytest.mark.parametrize("lane", LANES)
@pytest.mark.parametrize("locale", ["zh-CN", "en"])
def test_kind_plate_companion_guidance_and_number_are_on_every_lane(lane: str, locale: str) -> None:
    """The kind in the title, the others in the body; the place goes before them."""
    shown = _shown(content_of(_case()), lane, locale)
    assert {"zh-CN": "寻找被拐儿童：小明，6岁", "en": "Abducted child: 小明, aged 6"}[locale] in shown.title
    for said in (PLATE, {"zh-CN": "继父", "en": "man"}[locale], GUIDANCE, "110"):
        assert said in shown.body, shown.body


def test_the_parts_stand_in_the_order_in_which_they_are_read() -> None:
    """Plate and colour, companion, features, where and when, guidance, number."""
    chinese = content_of(_case()).texts["zh-CN"]
    said = [PLATE, "白色", "继父", "蓝色校服", "短发", "粤语", "明明", "莲花山公园", GUIDANCE, "110"]
    places = [chinese.joined().index(one) for one in said]
    assert places == sorted(places)
    assert chinese.title == "【深圳市公安局】寻找被拐儿童：小明，6岁"


@pytest.mark.parametrize("kind", ["abducted", "family_abduction", "runaway"])
@pytest.mark.parametrize("who", ["child", "children", "dementia", "disability"])
def test_nobody_who_was_taken_or_ran_away_is_called_lost(kind: str, who: str) -> None:
    """In no title, body or follow-up notice, of a child, of several, of an elder or of anybody else."""
    content = content_of(_case(kind=kind, **_who(who)))
    assert "走失" not in _everything(content)
    if who in {"dementia", "disability"}:
        assert "儿童" not in _everything(content)
        assert not {"child", "boy", "girl"} & set(_everything(content).lower().replace(",", " ").split())


def test_an_elder_is_no_child_also_where_no_kind_is_given() -> None:
    """The title names the elder, and so do the looks."""
    content = content_of(_case(kind=None, **_who("dementia")))
    assert content.texts["zh-CN"].title == "【深圳市公安局】寻找走失老人：王某，78岁"
    assert content.texts["en"].title == "深圳市公安局 – Missing elder: 王某, aged 78"
    assert "woman" in content.texts["en"].body
    assert "儿童" not in _everything(content)


def _who(who: str) -> dict[str, Any]:
    match who:
        case "child":
            return {}
        case "children":
            return {"child": None, "children": [{"name": "小明"}, {"name": "小红", "hair": "长发"}]}
        case _:
            return {"child": None, "subject": {"kind": who, "name": "王某", "sex": "female", "age": 78}}


@pytest.mark.parametrize(
    ("child", "title"),
    [
        ({"age": 6}, "寻找被拐儿童：姓名不详，6岁"),
        ({"clothing": "蓝色校服"}, "寻找被拐儿童：姓名不详"),
        ({"nicknames": ["乐乐", "阿乐"]}, "寻找被拐儿童：乐乐"),
    ],
)
def test_name_and_age_may_be_unknown(child: dict[str, Any], title: str) -> None:
    """A nickname takes the place of a name, and is not said again."""
    text = content_of(_case(child=child, issuer=None)).texts["zh-CN"]
    assert text.title == title
    assert "乐乐" not in text.body
    assert ("又名阿乐" in text.body) == ("nicknames" in child)


def test_no_sentence_is_filled_with_values_of_another_language() -> None:
    """What describes stands in its own letters; names, places and plates stand as they are."""
    content = content_of(_case())
    chinese, english = content.texts["zh-CN"].body, content.texts["en"].body
    for value in ("蓝色校服", "短发", "粤语", "继父", "白色", "东莞方向"):
        assert value in chinese
        assert value not in english
    for value in ("slim", "English", "black coat", "Volkswagen"):
        assert value in english
        assert value not in chinese
    for value in ("明明", "莲花山公园", PLATE, GUIDANCE):
        assert value in chinese
        assert value in english


def test_the_sender_hears_what_the_chinese_text_leaves_out() -> None:
    """By path; of a case in Chinese, or with a Chinese text of the police, there is nothing to say."""
    (note,) = notes_on_letters(_case())
    for path in ("$.child.build", "$.child.languages[1]", "$.companions[0].looks", "$.vehicle.make"):
        assert path in note
    assert "$.child.clothing" not in note
    assert not notes_on_letters(_case(texts={"zh": {"title": "寻人", "body": "见于公园"}}))
    assert not notes_on_letters(msgspec.convert(CASE, Case))


@pytest.mark.parametrize("code", list(catalogues()["en"].guidance))
def test_guidance_of_a_well_known_code_is_in_the_readers_language(code: str) -> None:
    """The same codes in every catalogue."""
    content = content_of(_case(guidance=code, texts={"es": {"title": "Niño", "body": "Visto en el parque."}}))
    for locale, text in content.texts.items():
        assert catalogues().get(locale, catalogues()["en"]).guidance[code] in text.body
        assert code not in text.body


OWN: Final = {
    "es": {"title": "Niño secuestrado", "body": "Visto en el parque."},
    "ug_CN": {"title": "بالا", "body": "ئۈرۈمچى كۆك كىيىم"},
    "zh-Hans": {"title": "警方紧急寻人", "body": f"车牌{PLATE}。{GUIDANCE}"},
}


def test_texts_of_the_police_stand_beside_ours_or_in_their_place() -> None:
    """By their normal tags; plate, guidance and number are added where a text has them not, and not twice."""
    content = content_of(_case(texts=OWN, contact={"name": "分局", "phone": "0755-84450000"}))
    assert set(content.texts) == {"zh-CN", "en", "es", "ug-CN"}
    assert content.texts["zh-CN"].title == "警方紧急寻人"
    for locale, text in content.texts.items():
        said = text.joined()
        for one in (PLATE, GUIDANCE, "0755-84450000"):
            assert said.count(one) == 1, (locale, said)
    assert content.text_for("es-MX")[0] == "es"
    assert content.text_for("fr")[0] == "en"
    assert content.text_for("zh-TW")[0] == "zh-CN"


@pytest.mark.parametrize("lane", LANES)
def test_a_long_text_of_the_police_is_cut_before_plate_guidance_and_number(lane: str) -> None:
    """Also where the text has them itself, further down; and they read from left to right beside Uyghur."""
    phone = "0755-84450000"
    body = "ئۈرۈمچى كۆك كىيىم " * 40 + f"{PLATE} {phone}"
    content = content_of(_case(texts={"ug": {"title": "بالا", "body": body}}, contact={"name": "分局", "phone": phone}))
    shown = _shown(content, lane, "ug").body
    seen = str(get_display(shown))
    for one in (PLATE, GUIDANCE, phone):
        assert one in shown, shown
        assert one in seen, seen


@pytest.mark.parametrize(
    ("tags", "path"),
    [
        (["zh-CN", "zh-Hans"], "$.texts.zh-Hans"),
        (["en", "en-GB"], "$.texts.en-GB"),
        (["es_MX", "es-MX"], "$.texts.es-MX"),
        (["x1"], "$.texts.x1"),
    ],
)
def test_two_texts_for_the_same_readers_are_refused(tags: list[str], path: str) -> None:
    """And a tag that names no language: the field is named."""
    texts = {tag: {"title": "t", "body": "b"} for tag in tags}
    errors = read_case(json.dumps({**RICH, "texts": texts}).encode())
    assert isinstance(errors, list)
    assert [error.path for error in errors] == [path]


def test_the_photo_is_of_who_is_missing_never_of_anybody_else() -> None:
    """The first child's own, else the first of a child; what phones do not show is named."""
    photos = [{"url": f"https://p.example/{of}.jpg", "of": of} for of in ("companion", "vehicle", "child")]
    case = _case(photos=photos)
    assert content_of(case).photo_url == "https://p.example/child.jpg"
    assert notes_on_photo(case) == ["phones do not show $.photos[0], $.photos[1]: one photo, of who is missing"]
    assert content_of(_case(photos=photos[:2])).photo_url is None
    own = _case(photos=photos, child={**CASE["child"], "photo_url": "https://p.example/own.jpg"})
    assert content_of(own).photo_url == "https://p.example/own.jpg"
    assert "$.photos[2]" in notes_on_photo(own)[0]


def test_a_case_of_the_schema_before_reads_as_it_did() -> None:
    """Where and when first, then the looks; a text that was kept without parts is read, shown and shortened."""
    old = read_case(json.dumps(CASE).encode())
    assert isinstance(old, Case)
    text = content_of(old).texts["zh-CN"]
    assert "在莲花山公园走失。男，身高118厘米，蓝色校服。如有线索请联系福田分局：110" in text.joined()
    kept = b'{"title":"t","body":"\xe8\xa7\x81\xe4\xba\x8e\xe7\xa6\x8f\xe7\x94\xb0","call":"110","phone":"110"}'
    assert msgspec.json.decode(kept, type=Text).joined() == "见于福田。110"
    assert msgspec.json.decode(msgspec.json.encode(text), type=Text) == text


def test_other_words_of_an_operator_leave_plate_and_guidance() -> None:
    """They stand behind the new body, once."""
    text = content_of(_case()).texts["zh-CN"].reworded("新标题", "在东莞见过。")
    assert text.joined() == f"在东莞见过。车牌{PLATE}。{GUIDANCE}。如有线索请联系福田分局：110"
    again = text.reworded("t", f"车牌{PLATE}")
    assert again.joined().count(PLATE) == 1
