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
