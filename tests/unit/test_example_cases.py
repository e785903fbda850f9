"""The example cases: what phones show of them is checked in, so that a change of wording shows where it is reviewed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from handlers.police.wording import unsayable
from push.message.language_tag import ENGLISH
from push.message.parts import says
from push.notice import SubjectKind
from tests.support.examples.shown import FOLDER, case_of, contents_of, filed_of, names, renderings, shown

LANES = 9


@pytest.mark.parametrize("name", names())
def test_what_phones_show_of_an_example_is_what_is_checked_in(name: str) -> None:
    """On nine lanes, as JSON and as CAP: `./run python -m tests.support.examples` writes it anew."""
    assert shown(name) == (FOLDER / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", names())
def test_an_example_says_the_same_as_json_and_as_cap(name: str) -> None:
    """Case number, kinds, status and photo; each is read without a fault, and both are shown in Chinese and English."""
    case, (received, filing) = case_of(name), filed_of(name)
    of_json, of_cap = contents_of(name).values()
    assert unsayable(case) == []
    assert (filing.case_number, filing.status) == (case.case_number, case.status)
    assert (of_cap.subject_kind, of_json.subject_kind) == (case.subject_kind, case.subject_kind)
    assert of_cap.kind == of_json.kind
    assert of_cap.photo_url == of_json.photo_url
    assert {"zh-CN", ENGLISH} <= set(of_json.texts)
    assert {"zh-CN", ENGLISH} <= set(of_cap.texts)
    assert {tag.partition("-")[0] for tag in case.texts or {}} <= {tag.partition("-")[0] for tag in of_cap.texts}
    assert all("never shown as the child's" in note for note in received.case.notes), received.case.notes


@pytest.mark.parametrize("name", names())
def test_plate_guidance_and_number_of_an_example_stand_on_every_lane(name: str) -> None:
    """Whole, in each language, as JSON and as CAP."""
    for form, content in contents_of(name).items():
        for locale, text in content.texts.items():
            essential = [part.least for part in text.parts if part.is_essential]
            lanes = renderings(content, locale)
            assert len(lanes) == LANES
            for lane, one in lanes.items():
                for value in (*essential, text.phone):
                    assert says(one.body, value), (form, locale, lane, value)


def test_the_examples_are_of_every_kind_that_the_police_know() -> None:
    """Ten: each way to come to be missing, each kind of person, several, no name, and texts in other languages."""
    cases = {name: case_of(name) for name in names()}
    assert len(cases) == 10
    assert {case.kind for case in cases.values()} == {None, "lost", "abducted", "family_abduction", "runaway"}
    assert {case.subject_kind for case in cases.values()} == set(SubjectKind)
    assert any(len(case.missing) > 1 for case in cases.values())
    assert any(one.name is None and one.age is None for case in cases.values() for one in case.missing)
    assert {tag for case in cases.values() for tag in case.texts or {}} == {"es", "ko", "ug"}
    assert all(case.reported_at - case.last_seen.at < timedelta(days=1) for case in cases.values())
