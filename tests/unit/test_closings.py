"""The last words of an alert on every lane, in both languages: by outcome, and that a search goes on after all."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest

from handlers.police.case.case import Case, read_case
from handlers.police.wording import content_of
from push.alerts.actions.changes import reworded
from push.alerts.outcomes import CLOSINGS, CaseOutcome
from push.discovery import providers
from push.message.closings import Closing, closed_with, closing_of, going_on
from push.message.content import About, Content, Text
from push.message.rendering import Rendering
from tests.property.fuzz.promises import ALERT, lanes_of_every_provider
from tests.support.processes.deployment import CASE

NOW = datetime.now(ZoneInfo("UTC"))
DELETE = {"zh-CN": "请删除已转发的信息", "en": "Please delete what you shared"}
FOUND = {"zh-CN": "找到", "en": "found"}
JOY = {"zh-CN": "感谢", "en": "Thank you for looking"}
GOES_ON = {"zh-CN": "仍在寻找", "en": "Search goes on"}


def _content() -> Content:
    case = read_case(json.dumps(CASE).encode())
    assert isinstance(case, Case), case
    return content_of(case)


def _shown(content: Content, notice: str, locale: str) -> dict[str, Rendering]:
    about = About(alert_id=ALERT, notice=notice, status="actual", expires=NOW + timedelta(hours=72))
    message = content.message(about, locale)
    shown = {name: providers()[name].previewed(lane, message) for name, lane in lanes_of_every_provider().items()}
    return {name: one for name, one in shown.items() if isinstance(one, Rendering)}


def _text(shown: Rendering) -> str:
    return f"{shown.title} {shown.body}"


@pytest.mark.parametrize("locale", ["zh-CN", "en"])
@pytest.mark.parametrize("outcome", CaseOutcome)
def test_only_a_child_who_is_safe_is_found_with_joy(outcome: CaseOutcome, locale: str) -> None:
    """Every lane asks to delete what was shared; that of a death says neither found nor thanks in joy."""
    content = closed_with(_content(), CLOSINGS[outcome], NOW)
    shown = _shown(content, "found", locale)
    assert len(shown) == len(lanes_of_every_provider())
    for name, one in shown.items():
        assert DELETE[locale] in _text(one), name
        assert (FOUND[locale] in _text(one)) is (outcome is CaseOutcome.SAFE), name
        assert (JOY[locale] in _text(one)) is (outcome is CaseOutcome.SAFE), name
        assert outcome.value not in _text(one)


@pytest.mark.parametrize("locale", ["zh-CN", "en"])
@pytest.mark.parametrize("notice", ["cancel", "found"])
def test_every_last_word_asks_to_delete_what_was_shared(notice: str, locale: str) -> None:
    """Also what the public pages say once it has expired."""
    content = _content()
    for one in _shown(content, notice, locale).values():
        assert DELETE[locale] in _text(one)
    assert DELETE[locale] in content.follow_ups["expired"][locale].body


def test_a_closing_can_be_changed_and_changed_back() -> None:
    """What stands under `found` is what every version of the server sends."""
    first = _content()
    neutral = closed_with(first, Closing.NEUTRAL, NOW)
    over = closed_with(neutral, Closing.OVER, NOW)
    assert closing_of(over) is Closing.OVER
    assert over.of("found") == first.follow_ups["found_over"]
    assert closed_with(over, Closing.HAPPY, NOW).of("found") == first.of("found")


def test_an_alert_of_an_earlier_version_gets_the_text_in_the_languages_that_it_has() -> None:
    """Where a language has no text of its own, the usual one of its language, or English, stands."""
    old = msgspec.structs.replace(
        _content(), follow_ups={"found": {one: Text("t", "b", "") for one in ("zh-CN", "en-GB", "es")}}
    )
    closed = closed_with(old, Closing.NEUTRAL, NOW).of("found")
    assert [closed[locale].title for locale in ("zh-CN", "en-GB", "es")] == [
        "寻人已结束",
        "Search ended",
        "Search ended",
    ]


@pytest.mark.parametrize("locale", ["zh-CN", "en"])
def test_an_update_of_a_reopened_alert_says_so_and_shows_whom_to_look_for(locale: str) -> None:
    """On every lane; so do later updates with other texts. Who gets the alert now reads nothing of it."""
    content = going_on(closed_with(_content(), Closing.NEUTRAL, NOW), NOW)
    other = reworded(content, dict.fromkeys(content.texts, ("Other", "Text")))
    assert closing_of(content) is Closing.HAPPY
    for name, one in _shown(content, "update", locale).items():
        assert one.title.startswith(GOES_ON[locale]), name
        assert "110" in _text(one), name
    for name, one in _shown(other, "update", locale).items():
        assert one.title.startswith(GOES_ON[locale]), name
        assert "Other" in one.title, name
    for name, one in _shown(content, "alert", locale).items():
        assert GOES_ON[locale] not in _text(one), name
