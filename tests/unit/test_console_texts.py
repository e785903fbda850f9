"""The console's texts: every language has every text, and each can be filled in alike."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter
from typing import Any, Final

import jinja2
import pytest

from handlers.alert_answers import Proposed
from handlers.console.showing.figures import WORDS_OF, Figures
from handlers.console.showing.texts import LOCALES, texts_of
from push.alerts.actions.proposals import Part
from push.alerts.lifecycle import Action

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "handlers" / "console" / "templates"
NOTHING_ELSE: Final[dict[str, None]] = {"radius_km": None, "city": None, "people": None, "hours": None}


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


def test_every_text_of_the_catalogue_is_asked_for() -> None:
    """By its key, or by the beginning of it where the rest is a value of the record."""
    files = [path for kind in ("*.py", "*.html") for path in (ROOT / "handlers").rglob(kind)]
    written = "\n".join(path.read_text(encoding="utf-8") for path in files)
    named = set(re.findall(r"[\"']([a-z_]+(?:\.[a-z_]+)*\.?)(?:\{|[\"'])", written))
    words = {*re.findall(r"\bword\(\"([a-z_]+)\"", written), *WORDS_OF.values()}
    begun = {one for one in named if one.endswith((".", "_")) and "." in one} | {f"{one}." for one in words}
    keys = texts_of(LOCALES[0]).keys
    assert [key for key in sorted(keys - named) if not key.startswith(tuple(begun))] == []


@pytest.mark.parametrize("locale", LOCALES)
def test_what_of_a_case_a_proposal_changes_is_said_in_words(locale: str) -> None:
    """Every part that the record names; not the record's own words."""
    proposed = Proposed(action=Action.UPDATE, by="authority sz", at=datetime.now(UTC), parts=[*Part], **NOTHING_ELSE)
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True)
    module: Any = environment.get_template("parts/proposal.html").module
    t = texts_of(locale)
    shown = str(module.proposal(t, proposed, Figures(t, UTC)))
    assert ", ".join(t(f"detail_part.{part.value}") for part in Part) in shown
    assert "contact" not in shown or locale == "en"


def test_chinese_texts_have_one_word_for_one_thing() -> None:
    """What is sent to people is 预警, what the system says of itself 告警, who sends pushes 推送服务, a ring 圈.

    An exercise is 演习, an authority 机关; 本单位 is who runs the console, and 单元 a unit of work.
    """
    texts = texts_of("zh-CN")
    rooms = ("alarms.", "alarm_kind.", "shift.")
    of_alarms = {"nav.alarms", "refused.unknown_alarm", "done_as.acknowledge", "detail_name.alarm"}
    for key in texts.keys - of_alarms:
        text = texts.text(key)
        assert "告警" not in text or key.startswith(rooms), (key, text)
        assert not re.search("警报|推送商|提供商|环|演练|(?<!本)单位", text), (key, text)
