"""An update of a case: what is given replaces what stood, what is absent stays, and each field is accounted for."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from handlers.http.problems import FieldError
from handlers.police.case.case import kept, read_case
from handlers.police.case.merging import STAYS, MergedCase, merged, parts_of
from handlers.police.case.photos import OTHERS
from push.alerts.actions.case_changes import SAME
from push.alerts.actions.proposals import CaseChange, Part, Rewording, Widening, change_request_of
from tests.support.processes.deployment import CASE
from tests.support.updates import update_of

SUSPECT = "https://police.example/suspect.jpg"
CHILD = "https://police.example/child.jpg"
NEWER = "https://police.example/newer.jpg"
RICH: dict[str, Any] = CASE | {
    "child": CASE["child"] | {"photo_url": CHILD, "features": "左眉有痣", "nicknames": ["明明"]},
    "companions": [{"relation": "suspect", "sex": "male", "looks": "黑色外套"}],
    "vehicle": {"plate": "粤B12345", "colour": "白色"},
    "guidance": "切勿靠近",
    "photos": [{"url": SUSPECT, "of": "companion"}],
}


def _merged(case: dict[str, Any], **given: object) -> MergedCase:
    result = merged(msgspec.json.encode(case), update_of(**given))
    assert isinstance(result, MergedCase), result
    return result


def _kept(case: dict[str, Any]) -> bytes:
    read = read_case(msgspec.json.encode(case))
    assert not isinstance(read, list)
    return kept(read)


@pytest.mark.parametrize(
    ("given", "case", "part"),
    [
        ({"guidance": "只拨打110"}, {"guidance": "只拨打110"}, Part.GUIDANCE),
        ({"vehicle": {"plate": "粤B99999"}}, {"vehicle": {"plate": "粤B99999", "colour": "白色"}}, Part.VEHICLE),
        ({"companions": []}, {"companions": []}, Part.COMPANIONS),
        ({"photos": [{"url": NEWER, "of": "child"}]}, {"photos": [{"url": NEWER, "of": "child"}]}, Part.PHOTO),
        ({"child": {"clothing": "红色外套"}}, {"child": RICH["child"] | {"clothing": "红色外套"}}, Part.MISSING),
        ({"child": {"photo_url": NEWER}}, {"child": RICH["child"] | {"photo_url": NEWER}}, Part.PHOTO),
        (
            {"contact": {"phone": "0755-84450000"}},
            {"contact": {"name": "福田分局", "phone": "0755-84450000"}},
            Part.CONTACT,
        ),
        ({"last_seen": {"place": "罗湖口岸"}}, {"last_seen": RICH["last_seen"] | {"place": "罗湖口岸"}}, Part.PLACE),
        ({"kind": "abducted"}, {"kind": "abducted"}, Part.KIND),
        ({"issuer": "深圳警方"}, {"issuer": "深圳警方"}, Part.ISSUER),
        (
            {"texts": {"ko": {"title": "실종", "body": "아이"}}},
            {"texts": {"ko": {"title": "실종", "body": "아이"}}},
            Part.TEXTS,
        ),
        ({"remove": ["vehicle"]}, {"vehicle": None}, Part.VEHICLE),
        ({"remove": ["child.features"]}, {"child": RICH["child"] | {"features": None}}, Part.MISSING),
        (
            {"children": [{"name": "小明"}, {"name": "小红"}]},
            {"child": None, "children": [{"name": "小明"}, {"name": "小红"}]},
            Part.MISSING,
        ),
    ],
)
def test_the_updated_case_is_the_case_filed_whole(given: dict[str, Any], case: dict[str, Any], part: Part) -> None:
    """Each field: merged into the case that stands, it has the bytes of the whole case; one part is named."""
    result = _merged(RICH, **given)
    assert kept(result.case) == _kept(RICH | case)
    assert part in parts_of(result.before, result.case)
    assert result.notes == ()


def test_what_is_absent_or_blank_stays() -> None:
    """Null and blank are not given, in an update as in a case."""
    result = _merged(RICH, guidance="", vehicle={"plate": None}, child={"features": "  "}, photos=None)
    assert kept(result.case) == _kept(RICH)
    assert parts_of(result.before, result.case) == ()


def test_what_is_sealed_is_neither_compared_nor_left_out() -> None:
    """The case that is kept has none of it: nothing is said to be as before, no part changes, and none is removed."""
    result = _merged(RICH, internal={"notes": "内部"}, basis={"criteria": {"at_risk": True}})
    assert kept(result.case) == _kept(RICH)
    assert (result.notes, parts_of(result.before, result.case)) == ((), ())
    removed = merged(msgspec.json.encode(RICH), update_of(remove=["internal", "basis"]))
    assert removed == [FieldError(f"$.remove[{place}]", "no field that an update can leave out") for place in range(2)]


def test_what_is_the_same_as_before_is_noted() -> None:
    """Field by field, also within an object; nothing of the values is said."""
    result = _merged(RICH, guidance=RICH["guidance"], vehicle={"plate": "粤B12345", "colour": "红色"})
    assert set(result.notes) == {f"$.guidance: {SAME}", f"$.vehicle.plate: {SAME}"}
    assert parts_of(result.before, result.case) == (Part.VEHICLE,)


def test_what_an_update_cannot_change_stays_and_is_noted_with_its_reason() -> None:
    """Every such field: the case keeps its own, and the note has the path and why."""
    place = {"at": CASE["last_seen"]["at"], "longitude": 114.1, "latitude": 22.6}
    given: dict[str, Any] = {
        "status": "test",
        "reported_at": "2026-01-01T00:00:00Z",
        "area": {"radius_km": 300, "reason": "by car"},
        "places": [place],
        "last_seen": {
            "at": "2026-01-01T00:00:00Z",
            "longitude": 113.0,
            "latitude": 23.0,
            "crs": "gcj02",
            "city": "440300",
        },
    }
    result = _merged(RICH, **given)
    assert kept(result.case) == _kept(RICH)
    for path, why in STAYS.items():
        name = "$." + ".".join(path)
        assert any(note.startswith(name) and note.endswith(why) for note in result.notes), name


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"child": {"photo_url": SUSPECT}}, "$.child.photo_url"),
        ({"photos": [{"url": SUSPECT, "of": "child"}]}, "$.photos[0].of"),
        ({"photos": [{"url": NEWER, "of": "vehicle"}, {"url": NEWER, "of": "child"}]}, "$.photos[1].of"),
        ({"photos": [], "child": {"photo_url": SUSPECT}}, "$.child.photo_url"),
        ({"children": [{"name": "小明"}, {"name": "小红", "photo_url": SUSPECT}]}, "$.children[1].photo_url"),
    ],
)
def test_a_suspects_picture_never_becomes_the_childs(given: dict[str, Any], path: str) -> None:
    """By whichever field, and also where the same update takes it from the companion."""
    assert merged(msgspec.json.encode(RICH), update_of(**given)) == [FieldError(path, OTHERS)]


@pytest.mark.parametrize(
    "given",
    [
        {"remove": ["contact"]},
        {"remove": ["status"]},
        {"remove": ["x"]},
        {"subject": {"kind": "dementia", "name": "王"}},
    ],
)
def test_a_case_that_could_not_be_filed_is_refused(given: dict[str, Any]) -> None:
    """Without whom to call, of another kind of person, or with a field that there is none of."""
    assert isinstance(merged(msgspec.json.encode(RICH), update_of(**given)), list)


def test_change_requests_of_earlier_versions_are_read() -> None:
    """As they stand in the record of a server that waits for approval while it is upgraded."""
    texts = '{"type":"update","texts":{"en":["Missing","A child"]}}'
    rings = '{"type":"rings","radius_km":200.0,"city":null,"by":"operator Chen","reason":"by car","people":5}'
    assert change_request_of(texts) == Rewording(texts={"en": ("Missing", "A child")})
    assert change_request_of(rings) == Widening(radius_km=200, city=None, by="operator Chen", reason="by car", people=5)
    revision = CaseChange(parts=(Part.PHOTO,), base=b"1", case="{}", digest=b"2")
    assert change_request_of(msgspec.json.encode(revision).decode()) == revision
