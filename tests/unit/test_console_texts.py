"""The console's texts: every language has every text, and each can be filled in alike."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest

from handlers.console.showing.texts import LOCALES, texts_of

TEMPLATES = Path(__file__).parents[2] / "handlers" / "console" / "templates"


def _names(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("locale", LOCALES)
def test_every_language_has_every_text_with_the_same_names(locale: str) -> None:
    """A text that one language lacks, or a name in braces that one of them does not fill, is found here."""
    usual, other = texts_of(LOCALES[0]), texts_of(locale)
    assert other.keys == usual.keys
    assert [key for key in usual.keys if _names(usual.text(key)) != _names(other.text(key))] == []


@pytest.mark.parametrize("template", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: path.name)
def test_every_text_that_a_template_names_exists(template: Path) -> None:
    """Keys that are written out in a template stand in the catalogue."""
    keys = re.findall(r'(?<![a-z])t\("([a-z_.]+[a-z])"[),]', template.read_text(encoding="utf-8"))
    assert [key for key in keys if key not in texts_of(LOCALES[0])] == []


def test_chinese_texts_have_one_word_for_one_thing() -> None:
    """What is sent to people is 预警, what the system says of itself 告警, who sends pushes 推送服务, a ring 圈."""
    texts = texts_of("zh-CN")
    rooms = ("alarms.", "alarm_kind.", "shift.")
    of_alarms = {"nav.alarms", "refused.unknown_alarm", "done_as.acknowledge", "detail_name.alarm"}
    for key in texts.keys - of_alarms:
        text = texts.text(key)
        assert "告警" not in text or key.startswith(rooms), (key, text)
        assert not re.search("警报|推送商|提供商|环", text), (key, text)
