"""What a CAP message says beyond its texts: fields of a case, events, pictures, texts for small screens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from handlers.police.cap.filing import filing_of
from handlers.police.cap.reception import ReceivedCase, receive_case
from push.message.parts import says
from push.notice import CaseKind, SubjectKind
from tests.property.fuzz.promises import PLAN
from tests.support.cap.documents import NOW, good
from tests.support.examples.shown import renderings
from tests.support.stores import boundaries

if TYPE_CHECKING:
    from handlers.http.problems import FieldError
    from handlers.police.cap.acceptance import CapCase
    from push.alerts.filing import Filing
    from push.message.content import Content

AGE = "<parameter><valueName>qq-alert:childAge</valueName><value>6</value></parameter>"
SECRET = "S3CRET-DETAIL"
PLATE, GUIDANCE = "粤B·7K529", "切勿靠近"


def _pairs(*pairs: tuple[str, str]) -> str:
    return "".join(
        f"<parameter><valueName>{name}</valueName><value>{value}</value></parameter>" for name, value in pairs
    )


def _read(*changes: tuple[str, str], count: int = 1) -> ReceivedCase | list[FieldError]:
    return receive_case(good(*changes, count=count), (), NOW)


def _case(*pairs: tuple[str, str], age: bool = True) -> CapCase:
    """Return the case of the valid document with more parameters in its first text."""
    received = _read((AGE, (AGE if age else "") + _pairs(*pairs)))
    assert isinstance(received, ReceivedCase), received
    return received.case


def _filing(case: CapCase) -> Filing:
    filing = filing_of(case, "sz", PLAN, boundaries.cities(), None, time_zone="Asia/Shanghai", unverified=None)
    assert not isinstance(filing, list), filing
    return filing


def _content(case: CapCase) -> Content:
    return _filing(case).message_content


def _as_person(code: str = "MEP", event: str = "Missing endangered person", *more: tuple[str, str]) -> CapCase:
    changes = [("<value>CAE<", f"<value>{code}<"), ("儿童失踪", event), ("Child missing", event)]
    received = receive_case(good(*changes, *more, count=-1), (), NOW)
    assert isinstance(received, ReceivedCase), received
    return received.case


def test_every_field_of_a_case_can_stand_in_a_parameter() -> None:
    """With or without `child`, in any case, with either spelling of colour; lists in one value or in several."""
    details = (
        _case(
            ("qq-alert:kind", "familyAbduction"),
            ("QQ-Alert:Nickname", "毛毛、豆豆"),
            ("qq-alert:childNickname", "石头"),
            ("qq-alert:build", "壮实"),
            ("qq-alert:childHair", "短发"),
            ("qq-alert:accent", "四川口音"),
            ("qq-alert:childLanguages", "四川话，普通话"),
            ("qq-alert:childSex", "男"),
            ("qq-alert:childHeight", "118 cm"),
            ("qq-alert:companionRelation", "父亲"),
            ("qq-alert:companionAge", "40"),
            ("qq-alert:companionRelation", "姑姑"),
            ("qq-alert:vehiclePlate", PLATE),
            ("qq-alert:vehicleColor", "白色"),
            ("qq-alert:vehicleMake", "面包车"),
            ("qq-alert:vehicleDirection", "往北"),
            ("qq-alert:guidance", GUIDANCE),
            ("qq-alert:issuer", "罗湖分局"),
        )
        .texts["zh-CN"]
        .more
    )
    (child,) = details.missing
    assert (child.name, child.age, child.sex, child.height_cm) == ("小明", 6, "male", 118)
    assert (child.nicknames, child.languages) == (("毛毛", "豆豆", "石头"), ("四川话", "普通话"))
    assert (child.build, child.hair, child.accent) == ("壮实", "短发", "四川口音")
    assert [(one.relation, one.age) for one in details.companions] == [("父亲", 40), ("姑姑", None)]
    assert details.vehicle is not None
    assert msgspec.structs.astuple(details.vehicle) == (PLATE, "白色", "面包车", "往北")
    assert (details.kind, details.guidance, details.issuer) == (CaseKind.FAMILY_ABDUCTION, GUIDANCE, "罗湖分局")


def test_several_children_each_have_the_values_behind_their_name() -> None:
    """Values that each of them has may also stand together behind all the names."""
    second_child = (
        ("qq-alert:childHair", "短发"),
        ("qq-alert:childName", "小红"),
        ("qq-alert:childFeatures", "缺门牙"),
    )
    first, second = _case(*second_child).texts["zh-CN"].more.missing
    assert (first.name, first.hair, first.features) == ("小明", "短发", None)
    assert (second.name, second.hair, second.features) == ("小红", None, "缺门牙")
    apart = _case(
        ("qq-alert:childName", "小红"),
        ("qq-alert:childSex", "男"),
        ("qq-alert:childSex", "女"),
    )
    assert [(one.name, one.sex) for one in apart.texts["zh-CN"].more.missing] == [("小明", "male"), ("小红", "female")]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("qq-alert:kind", "lost in thought"),
        ("qq-alert:subjectKind", "dog"),
        ("qq-alert:childHeight", "9"),
        ("qq-alert:companionAge", "old"),
        ("qq-alert:vehiclePlate", "7" * 21),
        ("qq-alert:guidance", "x" * 61),
    ],
)
def test_a_value_that_a_json_case_would_not_have_is_refused_and_not_repeated(name: str, value: str) -> None:
    """With the path of a parameter; the bounds are those of the fields."""
    errors = _read((AGE, AGE + _pairs((name, value))))
    assert isinstance(errors, list)
    assert "/parameter" in errors[0].path
    assert value not in errors[0].detail


def test_two_texts_that_differ_in_the_kind_are_refused() -> None:
    """Lost in Chinese and abducted in English is a contradiction."""
    both = good((AGE, AGE + _pairs(("qq-alert:kind", "lost")))).decode()
    head, _, tail = both.rpartition(AGE)
    errors = receive_case((head + AGE + _pairs(("qq-alert:kind", "abducted")) + tail).encode(), (), NOW)
    assert isinstance(errors, list)
    assert [error.detail for error in errors] == ["qq-alert:kind: another kind than before"]


@pytest.mark.parametrize(
    "name", ["internal", "internalMedical", "medical", "custody", "school", "childAddress", "notes"]
)
def test_what_is_internal_is_not_taken_from_a_public_message(name: str) -> None:
    """A note says so by the path; the value is kept nowhere."""
    case = _case((f"qq-alert:{name}", SECRET))
    assert ["internal" in note for note in case.notes] == [True]
    filing = _filing(case)
    assert SECRET not in repr(case)
    assert SECRET not in filing.content + msgspec.json.encode(filing.message_content).decode()


def test_what_is_left_aside_is_noted() -> None:
    """An unknown parameter of ours, a second vehicle, a second value, a text too long; what is of others is not."""
    case = _case(
        ("qq-alert:shoeSize", "32"),
        ("qq-alert:vehiclePlate", PLATE),
        ("qq-alert:vehiclePlate", "粤B·00000"),
        ("qq-alert:childHair", "短发"),
        ("qq-alert:childHair", "长发"),
        ("CMAMtext", "x" * 91),
        ("EAS-ORG", "CIV"),
    )
    places = [note.partition(":")[0].rpartition("/")[2] for note in case.notes]
    assert sorted(places) == ["parameter[3]", "parameter[5]", "parameter[7]", "parameter[8]"]


def test_a_message_without_new_parameters_is_the_same_message_as_before() -> None:
    """A retry by a server of another version: what the record compares has no new field."""
    kept = msgspec.json.decode(_filing(_case()).content)
    assert set(kept) == {"cap", "children", "child", "contact", "photo_url", "area"}
    assert set(kept["cap"]["texts"]["zh-CN"]) == {
        "event", "headline", "description", "instruction", "contact", "number", "web", "children", "ages", "clothing"
    }  # fmt: skip


def test_plate_and_guidance_stand_in_every_language_and_on_every_lane() -> None:
    """Also where only one text has them, and where the description is long."""
    received = _read(
        (AGE, AGE + _pairs(("qq-alert:vehiclePlate", PLATE), ("qq-alert:guidance", GUIDANCE))),
        ("红色外套", "红色外套，" * 300),
        ("A red coat", "A red coat, " * 100),
    )
    assert isinstance(received, ReceivedCase), received
    content = _content(received.case)
    for locale in ("zh-CN", "en"):
        for lane, one in renderings(content, locale).items():
            assert all(says(one.body, value) for value in (PLATE, GUIDANCE, "0755-110")), (lane, one.body)


def test_plate_guidance_and_number_that_no_lane_could_show_whole_are_refused() -> None:
    """They are never cut: so they must fit."""
    case = _case(("qq-alert:guidance", "切" * 55), ("qq-alert:vehiclePlate", PLATE))
    refused = filing_of(case, "sz", PLAN, boundaries.cities(), None, time_zone="UTC", unverified=None)
    assert isinstance(refused, list)
    assert refused[0].path == "/alert/info/parameter"


@pytest.mark.parametrize(
    "name", ["CMAMtext", "cmamtext", "CMAMlongtext", "CMAMLONGTEXT", "layer:SOREM:2.0:WirelessText"]
)
def test_a_short_text_stands_where_the_whole_one_would_be_cut(name: str) -> None:
    """As it was written, with plate, guidance and number; on lanes that have room the whole text stands."""
    short = "AMBER: boy 6, red coat"
    pairs = _pairs((name, short), ("qq-alert:vehiclePlate", PLATE), ("qq-alert:guidance", GUIDANCE))
    received = _read((AGE, AGE + pairs), ("红色外套", "红色外套，" * 60))
    assert isinstance(received, ReceivedCase), received
    for lane, one in renderings(_content(received.case), "zh-CN").items():
        is_whole = "红色外套，" * 60 in one.body
        assert is_whole != one.body.startswith(short), (lane, one.body)
        assert is_whole == (lane not in {"vivo", "xiaomi", "oppo"}), lane
        assert all(says(one.body, value) for value in (PLATE, GUIDANCE, "0755-110")), (lane, one.body)


def test_the_issuer_is_named_first_unless_a_text_names_it() -> None:
    """The parameter, else the sender's name; one that is too long for a title is left out of it."""
    assert _content(_case()).texts["zh-CN"].title == "深圳警方：寻找小明"
    assert _content(_case(("qq-alert:issuer", "罗湖分局"))).texts["zh-CN"].title == "罗湖分局：寻找小明"
    for sender, title in (("寻找小明", "寻找小明"), ("深" * 41, "寻找小明")):
        received = _read(("<senderName>深圳警方<", f"<senderName>{sender}<"))
        assert isinstance(received, ReceivedCase)
        assert _content(received.case).texts["zh-CN"].title == title


@pytest.mark.parametrize(
    ("code", "event", "words", "kind"),
    [
        ("MEP", "Missing endangered person", "阿尔茨海默", SubjectKind.DEMENTIA),
        ("MEP", "Silver Alert", "x", SubjectKind.DEMENTIA),
        ("MEP", "失踪人员", "自闭症", SubjectKind.DISABILITY),
        ("MEP", "Missing person", "autistic", SubjectKind.DISABILITY),
        ("MEP", "Missing child", "x", SubjectKind.CHILD),
        ("CAE", "Missing endangered person", "阿尔茨海默", SubjectKind.CHILD),
    ],
)
def test_the_code_and_the_words_say_who_is_missing(code: str, event: str, words: str, kind: SubjectKind) -> None:
    """MEP is of whoever is no AMBER case, CAE always of a child."""
    case = _as_person(code, event, ("红色外套", words), (AGE, ""))
    assert (case.subject_kind, _content(case).subject_kind) == (kind, kind)


def test_an_adult_has_any_age_and_a_child_is_under_eighteen() -> None:
    """By MEP or by the parameter; without either a guess by the age is noted."""
    case = _as_person("MEP", "失踪人员", (">6<", ">82<"))
    assert (case.subject_kind, case.texts["zh-CN"].ages) == (SubjectKind.DEMENTIA, (82,))
    assert ["subjectKind" in note for note in case.notes] == [True]
    said = AGE.replace("6", "24") + _pairs(("qq-alert:subjectKind", "disability"))
    sure = _as_person("MEP", "失踪人员", (AGE, said))
    assert (sure.subject_kind, sure.notes) == (SubjectKind.DISABILITY, [])
    assert isinstance(receive_case(good((">6<", ">18<"), count=-1), (), NOW), list)
    assert isinstance(receive_case(good((AGE, said), count=-1), (), NOW), list), "CAE is of a child"


def test_canadas_codes_of_events_are_known() -> None:
    """`amber` is of a child, `missingVPer` of somebody vulnerable."""
    same = "<valueName>SAME</valueName><value>CAE<"
    for value, kind in (("amber", SubjectKind.CHILD), ("missingVPer", SubjectKind.DEMENTIA)):
        canadian = f"<valueName>profile:CAP-CP:Event:0.4</valueName><value>{value}<"
        words = [("儿童失踪", "失智老人"), ("Child missing", "Alert"), (AGE, "")]
        received = receive_case(good((same, canadian), *words, count=-1), (), NOW)
        assert isinstance(received, ReceivedCase), received
        assert received.case.subject_kind is kind
