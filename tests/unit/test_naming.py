"""Names: however one is written it is the same, and what nobody sees makes no second person."""

from __future__ import annotations

import pytest

from push.life.actor import Actor
from push.life.naming import is_plain, says_any


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


def test_a_text_that_names_somebody_is_found_however_it_is_written() -> None:
    """With spaces, in another case or width; one character alone is no name."""
    assert says_any("小 明 was seen", ["小明"])
    assert says_any("MING-was seen", ["Ming"])
    assert says_any("call 138 0013 8000", ["13800138000"])
    assert not says_any("because of a test", ["明", "小明", ""])
