"""On every lane, in every language: the least important goes first, and plate, guidance and number always stand."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from handlers.police.case.case import Case, read_case
from handlers.police.case.checks import unsupported
from handlers.police.wording import content_of
from handlers.values.phone import PHONE_MAX
from handlers.values.text import clean_line
from push.discovery import providers
from push.message.bidi import FSI, PDI, isolated
from push.message.catalogues import catalogues
from push.message.content import About, marked
from push.message.parts import Importance, Part, says
from push.message.rendering import Rendering
from push.message.truncation import ELASTIC_MIN, NARROWEST_WIDTH, truncate, width
from push.providers import vivo
from tests.property.fuzz.promises import ALERT, lanes_of_every_provider
from tests.support.processes.deployment import CASE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from push.message.content import Text

PHONES = ["110", "0755-84450000", "+86 755 8445 0000 ext. 8012 / +86 755 8445 0001 ext. 8013"]
TAILS = st.text(alphabet="蓝红白校服包 abcXYZ019，,.-é👨‍👩‍👧ئۈرۈمچى", max_size=60)
MARKS = {"zh-CN": "甲乙丙丁戊己庚辛壬癸子丑寅卯", "en": "BCDFGHJKLMNPQR"}
"""Letters by which each value is known: it begins with five times its own."""


def _value(draw: st.DrawFn, language: str, place: int, length: int = 60) -> str:
    return (MARKS[language][place] * (ELASTIC_MIN - 1) + draw(TAILS))[:length].strip()


def _maybe(draw: st.DrawFn, fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if draw(st.booleans())}


@st.composite
def cases(draw: st.DrawFn) -> dict[str, Any]:
    """Return a case that says much, in letters of one language."""
    of = draw(st.sampled_from(list(MARKS)))
    looks = {
        "clothing": _value(draw, of, 0),
        "features": _value(draw, of, 1),
        "hair": _value(draw, of, 2),
        "build": _value(draw, of, 3),
        "accent": _value(draw, of, 4),
        "height_cm": 118,
        "sex": "male",
        "age": 6,
        "nicknames": [_value(draw, of, 5)],
        "languages": [_value(draw, of, 6)],
    }
    children = [{"name": draw(st.sampled_from(["小明", "Ming", "مۇھەممەد"])), **_maybe(draw, looks)}]
    if draw(st.booleans()):
        children.append({"name": "小红", **_maybe(draw, {"sex": "female", "age": 4})})
    companion = {"relation": _value(draw, of, 7), "looks": _value(draw, of, 8), "age": 35, "height_cm": 175}
    vehicle = {
        "plate": draw(st.sampled_from(["粤B12345", "ABC-123-D", "京A·D00001", "12-345-67", "12345 أ ب"])),
        "colour": _value(draw, of, 9, 40),
        "make": _value(draw, of, 10),
        "direction": _value(draw, of, 11),
    }
    case = {name: value for name, value in CASE.items() if name != "child"}
    case |= {
        "children": children,
        "status": draw(st.sampled_from(["actual", "exercise", "test"])),
        "contact": {"name": clean_line(draw(TAILS)) or "福田分局", "phone": draw(st.sampled_from(PHONES))},
        "last_seen": {**CASE["last_seen"], "place": _value(draw, of, 12)},
    }
    free = draw(st.text(alphabet="切勿靠近，请报警 Do not call.ئۈ", min_size=1, max_size=60)).strip() or "110"
    return case | _maybe(
        draw,
        {
            "kind": draw(st.sampled_from(["lost", "abducted", "family_abduction", "runaway"])),
            "issuer": draw(TAILS)[:40].strip() or "深圳市公安局",
            "guidance": draw(st.sampled_from([*catalogues()["en"].guidance, free])),
            "vehicle": vehicle,
            "companions": [companion],
            "texts": {"es": {"title": "Niño", "body": "Visto en el parque. " * 9 + draw(TAILS)}},
        },
    )


def _stands(part: Part, body: str) -> bool | None:
    """Tell whether a part is shown; None where its beginning does not tell it from others."""
    for value in part.elastic:
        plain = value.removeprefix(FSI)
        if plain[:1] and plain[: ELASTIC_MIN - 2] == plain[0] * (ELASTIC_MIN - 2):
            return plain[: ELASTIC_MIN - 2] in body
    return None


def _shown(case: Case) -> Iterator[tuple[str, str, Text, Rendering]]:
    content = content_of(case)
    about = About(alert_id=ALERT, notice="alert", status=case.status, expires=datetime.now(UTC) + timedelta(hours=72))
    for locale in content.texts:
        message = content.message(about, locale)
        for name, lane in lanes_of_every_provider().items():
            rendering = providers()[name].previewed(lane, message)
            assert isinstance(rendering, Rendering), (name, rendering)
            yield f"{name} {locale}", locale, message.text, rendering


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(given_case=cases())
def test_nothing_more_important_goes_while_something_less_important_stands(given_case: dict[str, Any]) -> None:
    """Nine lanes, both catalogues and a text of the police: within the limit, and the order holds for every pair."""
    case = read_case(json.dumps(given_case).encode())
    assert isinstance(case, Case), case
    assume(not unsupported(case))
    for where, locale, text, rendering in _shown(case):
        assert rendering.size <= rendering.size_max, where
        assert case.contact.phone in rendering.body, where
        if case.vehicle is not None and case.vehicle.plate is not None:
            assert isolated(case.vehicle.plate) in rendering.body, (where, rendering.body)
        if case.guidance is not None:
            phrases = catalogues().get(locale, catalogues()["en"]).guidance
            assert phrases.get(case.guidance, isolated(case.guidance)) in rendering.body, (where, rendering.body)
        if case.status != "actual":
            assert "测试" in rendering.body or "演习" in rendering.body, where
        stand = [(part.importance, _stands(part, rendering.body)) for part in text.parts]
        gone = max((importance for importance, stands in stand if stands is False), default=Importance.REST)
        assert all(importance >= gone for importance, stands in stand if stands), (where, stand, rendering.body)
        for shown in (rendering.title, rendering.body):
            assert shown.count(FSI) == shown.count(PDI), where


def test_the_narrowest_lane_is_the_one_that_intake_measures() -> None:
    """Its width is vivo's, and no provider that counts characters takes fewer."""
    assert NARROWEST_WIDTH == vivo.BODY_WIDTH
    text = content_of(_case(contact={"name": "分局", "phone": "1" * 17 + " / " + "2" * 17})).texts["zh-CN"]
    for name, lane in lanes_of_every_provider().items():
        about = About(alert_id=ALERT, notice="alert", status="actual", expires=datetime.now(UTC) + timedelta(hours=1))
        rendering = providers()[name].previewed(lane, content_of(_case()).message(about, "zh-CN"))
        assert isinstance(rendering, Rendering)
        assert rendering.unit == "bytes" or rendering.size_max >= NARROWEST_WIDTH, name
    assert width(truncate(marked(text, "exercise"), NARROWEST_WIDTH, width)) <= NARROWEST_WIDTH


def test_the_longest_number_alone_always_fits() -> None:
    """Also in an exercise: a case without plate and guidance is never refused for its number."""
    number = "1" * 17 + " ext. 12345678 / " + "2" * 17 + " ext. 12345678"
    assert len(number) <= PHONE_MAX
    assert not unsupported(_case(status="exercise", contact={"name": "分局", "phone": number}))


def test_what_does_not_fit_the_narrowest_lane_is_refused_at_intake() -> None:
    """Guidance, plate and number that together are too long are named, in any language."""
    long = _case(guidance="切勿靠近" * 12, vehicle={"plate": "粤B12345"})
    assert [fault.path for fault in unsupported(long)] == ["$.guidance"]
    wide = _case(
        vehicle={"plate": "临" * 20}, contact={"name": "分局", "phone": "1" * 17 + " / " + "2" * 17 + " ext. 1"}
    )
    assert [fault.path for fault in unsupported(wide)] in ([], ["$.vehicle.plate"])
    assert says("车牌粤B12345，", "粤b12345")
    assert not says("粤B123456", "粤B12345")


def _case(**changes: Any) -> Case:  # noqa: ANN401 - fields of a case
    case = read_case(json.dumps({**CASE, **changes}).encode())
    assert isinstance(case, Case), case
    return case
