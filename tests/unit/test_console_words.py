"""What the record keeps in English is said in the reader's language, and its words are those that the code writes."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING

import pytest

from handlers.console.showing.texts import LOCALES, texts_of
from handlers.console.showing.words import PATTERNS, actor, alarm_detail
from push.alarm_kinds import AlarmKind

if TYPE_CHECKING:
    from datetime import datetime

ROOT = Path(__file__).parents[2]
SPECIAL = re.compile(r"[()\[\]\\?*+|<>.]")
WORDS_MIN = 12
"""Characters between special ones of a pattern: shorter ones may stand anywhere."""


def _time(at: datetime) -> str:
    return f"{at:%H:%M}"


@pytest.mark.parametrize("locale", LOCALES)
def test_every_pattern_has_a_text_with_the_names_that_it_finds(locale: str) -> None:
    """So none can fail when a page is shown."""
    for known in PATTERNS.values():
        for key, pattern in known:
            names = {name for _, name, _, _ in Formatter().parse(texts_of(locale).text(f"detail.{key}")) if name}
            assert names <= set(re.compile(pattern).groupindex), key


def test_patterns_have_the_words_that_the_code_writes() -> None:
    """A detail that is worded anew needs its pattern anew: else it stands in English among other words."""
    written = "".join(
        path.read_text(encoding="utf-8")
        for room in ("push", "handlers", "server")
        for path in (ROOT / room).rglob("*.py")
        if path.name != "words.py"
    )
    sources = re.sub(r'"\s*\n\s*f?"', "", written)
    for known in PATTERNS.values():
        for _, pattern in known:
            for words in SPECIAL.split(pattern):
                assert len(words) < WORDS_MIN or words.lstrip(":") in sources, (pattern, words)


@pytest.mark.parametrize(
    ("kind", "detail", "said"),
    [
        (AlarmKind.LATE, "42 s past the deadline at the present rate", "按目前速率将超过时限 42 秒"),
        (
            AlarmKind.REVIEW,
            "revision 2 waits for approval (two-person, 1 of 2 approved): rings, by approver Bo",
            "第 2 版等待批准（两人审批, 1/2）：扩大范围，由 审批员 Bo 提出",
        ),
        (
            AlarmKind.REVIEW,
            "UNVERIFIED: revision 1 waits for approval (approve): nobody is notified before",
            "未核实: 第 1 版等待批准（一人审批）：批准之前不通知任何人",
        ),
        (AlarmKind.EXPIRES_SOON, "token 4 ends at 2026-11-29T10:00:00+00:00", "token 4 于 10:00 到期"),
        (AlarmKind.OUTAGE, "the provider says whatever it says", None),
    ],
)
def test_what_an_alarm_says_is_said_in_chinese(kind: AlarmKind, detail: str, said: str | None) -> None:
    """Of its numbers, times, names and actions; a provider's own words stay as they are."""
    assert alarm_detail(texts_of("zh-CN"), kind, detail, _time) == said


def test_who_acts_is_named_with_the_role_in_words() -> None:
    """The name is theirs; what is no role stays as it is."""
    t = texts_of("zh-CN")
    labels = ("approver Anna", "authority sz", "system", "unverified sender", "frozen")
    assert [actor(t, label) for label in labels] == ["审批员 Anna", "机关 sz", "系统", "未核实的发送者", "frozen"]
