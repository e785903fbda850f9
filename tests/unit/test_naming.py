"""Names: however one is written it is the same, and what nobody sees makes no second person."""

from __future__ import annotations

import pytest

from push.alerts.actions.actor import Actor
from push.alerts.names import is_plain, names_child


@pytest.mark.parametrize(
    "name", ["Li Wei", "li wei", "LI\u3000WEI", "Li.Wei", "L\u200bi Wei", "Li\u00adWei", "Ｌｉ Ｗｅｉ"]
)
def test_one_person_is_one_however_the_name_is_typed(name: str) -> None:
    """Case, width, spaces, points and signs that nobody sees make nobody else of them."""
    assert Actor(role="approver", name=name).person == Actor(role="approver", name="Li Wei").person


@pytest.mark.parametrize(("name", "plain"), [("Li Wei", True), ("李伟", True), ("L\u200bi", False), ("  ", False)])
def test_a_name_that_holds_what_nobody_sees_is_none(name: str, plain: bool) -> None:  # noqa: FBT001 - a case's answer
    """Two that look alike must be alike."""
    assert is_plain(name) is plain


def test_an_identifier_that_names_somebody_is_found_however_it_is_written() -> None:
    """With points, in another case or width; one character, or what stands in many a word by chance, is no name."""
    assert names_child("SZ-小.明-1", ["小明"])
    assert names_child("OUYANG-MING", ["Ouyang Ming"])
    assert names_child("SZ-138-0013-8000", ["13800138000"])
    assert not names_child("SZ-2026-明", ["明", "小明", ""])
    assert not names_child("POLICE-110", ["Li", "110"])
