"""What phones read: local times, text that is legible in any script, looks beside a long place, all children."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import msgspec
import pytest
from bidi import get_display  # type: ignore[import-untyped] # it has stubs in no package

from handlers.police.case.case import Case, in_utc, read_case
from handlers.police.wording import content_of
from push.discovery import providers
from push.message.bidi import FSI, PDI, closed, readable
from push.message.content import About, Content, Text
from push.message.rendering import Rendering
from push.message.truncation import ELASTIC_MIN, truncate
from tests.property.fuzz.promises import ALERT, lanes_of_every_provider
from tests.support.processes.deployment import CASE, SEEN_ON

if TYPE_CHECKING:
    from push.message.content import Message

NIGHT: Final = f"{SEEN_ON}T17:30:00Z"
UYGHUR, TIBETAN, HEBREW = "ئۈرۈمچى ساقچى", "བཀྲ་ཤིས།", "דניאל"


def _case(**changes: Any) -> Case:  # noqa: ANN401 - fields of a case
    case = read_case(json.dumps({**CASE, **changes}).encode())
    assert isinstance(case, Case), case
    return case


def _seen(**changes: object) -> dict[str, Any]:
    return {"last_seen": {**CASE["last_seen"], **changes}}


def _shown(content: Content, notice: str = "alert", locale: str = "zh-CN") -> dict[str, Rendering]:
    """Return what each lane shows."""
    expires = datetime.now(ZoneInfo("UTC")) + timedelta(hours=72)
    message: Message = content.message(About(alert_id=ALERT, notice=notice, status="actual", expires=expires), locale)
    shown = {name: providers()[name].previewed(lane, message) for name, lane in lanes_of_every_provider().items()}
    for name, one in shown.items():
        assert isinstance(one, Rendering), (name, one)
    return {name: one for name, one in shown.items() if isinstance(one, Rendering)}


def _local(zone: str) -> str:
    return f"{datetime.fromisoformat(NIGHT).astimezone(ZoneInfo(zone)):%m月%d日%H:%M}"


@pytest.mark.parametrize(
    "written",
    [
        NIGHT,
        f"{SEEN_ON}T17:30:00-00:00",
        f"{SEEN_ON}T12:30:00-05:00",
        f"{SEEN_ON}T23:15:00.5+05:45",
        f"{SEEN_ON}T17:30:00+00:00",
    ],
)
def test_whatever_the_offset_of_an_instant_phones_show_the_time_of_the_place(written: str) -> None:
    """In Beijing it was the next day, 01:30: in the alert, and as the day in the text about the child that is found."""
    content = content_of(_case(**_seen(at=written)))
    for name, shown in _shown(content).items():
        assert _local("Asia/Shanghai") in shown.body, name
    found = content.follow_ups["found"]["zh-CN"].body
    assert found.startswith(_local("Asia/Shanghai")[:6])


@pytest.mark.parametrize("zone", ["Asia/Urumqi", "Europe/London", "America/St_Johns", "UTC"])
def test_another_place_has_its_own_time(zone: str) -> None:
    """An authority in another zone reads its own clock, of half hours and of summer, too."""
    content = content_of(_case(**_seen(at=NIGHT)), zone)
    assert content.texts["zh-CN"].body.startswith(_local(zone))
    assert content.time_zone == zone


def test_the_same_instants_in_another_offset_are_the_same_case() -> None:
    """What is compared when a case is filed again has its instants in UTC."""
    east, west = f"{SEEN_ON}T15:40:00+08:00", f"{SEEN_ON}T07:40:00Z"
    one, other = _case(**_seen(at=east)), _case(**_seen(at=west))
    assert msgspec.json.encode(in_utc(one)) == msgspec.json.encode(in_utc(other))


@pytest.mark.parametrize("name", [UYGHUR, f"\u202e{UYGHUR}", TIBETAN, HEBREW, "محمد ١٢", "小明", "Ölüdeniz\u2067"])
@pytest.mark.parametrize("field", ["child", "contact", "place", "features"])
def test_a_name_of_any_script_turns_no_number_around_it(name: str, field: str) -> None:
    """By the bidirectional algorithm, on every lane and in every language: time, age and number read as written."""
    phone = "0991-1234567"
    changes: dict[str, Any] = {"contact": {"name": "分局", "phone": phone}}
    match field:
        case "child":
            changes["child"] = {**CASE["child"], "name": name}
        case "contact":
            changes["contact"] = {"name": name, "phone": phone}
        case "place":
            changes |= _seen(place=name)
        case _:
            changes["child"] = {**CASE["child"], "features": name}
    content = content_of(_case(**changes))
    for locale in content.texts:
        for lane, shown in _shown(content, locale=locale).items():
            seen = get_display(shown.body).replace(FSI, "").replace(PDI, "")
            assert phone in seen, (lane, seen)
            assert "15:40" in seen, (lane, seen)
            title = get_display(shown.title).replace(FSI, "").replace(PDI, "")
            assert title.startswith(("寻找走失儿童", "Missing child")), title
            assert not {"\u202e", "\u2067"} & set(shown.title + shown.body)


@pytest.mark.parametrize(
    "text",
    [
        f"{UYGHUR} 0991-1234567",
        f"红色外套，{UYGHUR}，0991-1234567",
        f"{HEBREW} (0991) 1234567 {UYGHUR}",
        f"110\n{UYGHUR} 0991-1234567",
    ],
)
def test_what_somebody_wrote_in_both_directions_is_legible(text: str) -> None:
    """A CAP description or an operator's own words: each number reads from left to right in either paragraph."""
    for base in ("L", "R"):
        seen = get_display(readable(text), base_dir=base).replace(FSI, "").replace(PDI, "")
        assert "1234567" in seen
        assert "7654321" not in seen
        assert ("0991-1234567" in seen) == ("0991-1234567" in text)


def test_a_text_that_is_cut_leaves_no_isolate_open() -> None:
    """What follows it, as the number to call, is not drawn into it."""
    assert closed(f"a{FSI}b") == f"a{FSI}b{PDI}"
    text = Text("t", f"在{FSI}{UYGHUR * 9}{PDI}走失", "请联系110", "110")
    for room in range(15, 60):
        cut = truncate(text, room, len)
        assert cut.count(FSI) == cut.count(PDI)


@pytest.mark.parametrize("length", [1, 40, 90, 200, 500])
@pytest.mark.parametrize("locale", ["zh-CN", "en"])
def test_place_looks_and_number_each_keep_their_part_of_the_room(length: int, locale: str) -> None:
    """However long the place: on every lane the height is whole, each look keeps its beginning, the number is there."""
    looks = {
        "zh-CN": {"clothing": "蓝色校服，红书包，白球鞋", "features": "左眉有痣，戴黑框眼镜" * 20},
        "en": {"clothing": "blue uniform, red bag", "features": "mole at the left brow, glasses " * 10},
    }
    child = {**CASE["child"], **looks[locale]}
    place = ("深圳市福田区莲花路" * 60)[:length]
    content = content_of(_case(**_seen(place=place), child=child))
    for lane, shown in _shown(content, locale=locale).items():
        assert "118" in shown.body, lane
        for value in (place, child["clothing"], child["features"]):
            assert value[: ELASTIC_MIN - 1] in shown.body, (lane, shown.body)
        assert shown.body.endswith("110"), lane


@pytest.mark.parametrize(
    ("child", "said"),
    [
        ({"name": "小明"}, "走失。如有线索"),
        ({"name": "小明", "sex": "unknown", "age": None, "clothing": " "}, "走失。如有线索"),
        ({"name": "小明", "height_cm": 118}, "走失。身高118厘米。如有线索"),
        ({"name": "小明", "sex": "female", "features": "\u200b"}, "走失。女。如有线索"),
    ],
)
def test_what_is_not_known_leaves_no_trace_in_the_text(child: dict[str, Any], said: str) -> None:
    """No empty comma, no `None`, no age without a number."""
    text = content_of(_case(child=child)).texts["zh-CN"]
    assert said in text.joined()
    assert text.title == "寻找走失儿童：小明"


def test_siblings_are_one_message_that_names_each() -> None:
    """With ages and looks of each; the text about both is for several."""
    children = [{"name": "小明", "age": 6, "clothing": "蓝色校服"}, {"name": "小红", "sex": "female"}, {"name": UYGHUR}]
    case = {name: value for name, value in CASE.items() if name != "child"}
    read = read_case(json.dumps({**case, "children": children}).encode())
    assert isinstance(read, Case)
    content = content_of(read)
    chinese, english = content.texts["zh-CN"], content.texts["en"]
    assert chinese.title == f"寻找走失儿童：小明（6岁）、小红、{FSI}{UYGHUR}{PDI}"
    assert "小明：蓝色校服；小红：女。" in chinese.body
    assert english.title == f"Missing children: 小明 (6), 小红, {FSI}{UYGHUR}{PDI}"
    assert content.follow_ups["found"]["en"].title == "The children have been found"
    for lane, shown in _shown(content).items():
        assert shown.body.endswith("110"), lane


@pytest.mark.parametrize(
    "changes",
    [
        {"children": [CASE["child"]]},
        {"child": None},
        {"child": None, "children": []},
        {"child": None, "children": [{}]},
    ],
)
def test_a_case_is_of_a_child_or_of_children(changes: dict[str, Any]) -> None:
    """Both, neither, or a child without a name: refused, and the field is named."""
    errors = read_case(json.dumps({**CASE, **changes}).encode())
    assert isinstance(errors, list)
    assert errors[0].path.startswith(("$.child", "$.children"))
