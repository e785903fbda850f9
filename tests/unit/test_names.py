"""Names: every spelling of a name is the same person, and invisible characters make no second person."""

from __future__ import annotations

import pytest

from push.alerts.actions.actor import Actor
from push.alerts.name_matching import names_child
from push.alerts.people.names import fault_of


@pytest.mark.parametrize(
    "name", ["Li Wei", "li wei", "LI\u3000WEI", "Li.Wei", "L\u200bi Wei", "Li\u00adWei", "Ｌｉ Ｗｅｉ"]
)
def test_every_spelling_of_a_name_is_one_person(name: str) -> None:
    """Case, width, spaces, points and invisible characters make no difference."""
    assert Actor(role="approver", name=name).person == Actor(role="approver", name="Li Wei").person


@pytest.mark.parametrize(("name", "plain"), [("Li Wei", True), ("李伟", True), ("L\u200bi", False), ("  ", False)])
def test_a_name_with_invisible_characters_is_refused(name: str, plain: bool) -> None:  # noqa: FBT001 - a case's answer
    """Two names that look alike must be equal."""
    assert (fault_of(name) is None) is plain


def test_an_identifier_that_contains_a_name_is_found_in_every_spelling() -> None:
    """With points, in another case or width; single characters and common parts of words are no names."""
    assert names_child("SZ-小.明-1", ["小明"])
    assert names_child("OUYANG-MING", ["Ouyang Ming"])
    assert names_child("SZ-138-0013-8000", ["13800138000"])
    assert not names_child("SZ-2026-明", ["明", "小明", ""])
    assert not names_child("POLICE-110", ["Li", "110"])
