"""What the record keeps in English is said in the reader's language, and its words are those that the code writes."""

from __future__ import annotations

import itertools
import re
from string import Formatter
from typing import TYPE_CHECKING

import pytest

from handlers.console.showing.texts import LOCALES, texts_of
from handlers.console.showing.words import PATTERNS, actor, alarm_detail
from public.photos.fetching.plan import FetchFault
from public.photos.picture import PictureFault
from push.alarm_kinds import AlarmKind
from tests.support.alarm_details import PLACE, written

if TYPE_CHECKING:
    from datetime import datetime

VALUES = ("7", "2026-11-29T10:00:00+00:00", "two-person", "[0, 1]", "42%")
"""What stands in a detail: a number, a time, a word, rings, a share."""

CHINESE = re.compile("[\u4e00-\u9fff]")
WORDS_OF_OTHERS = {AlarmKind.THROTTLED, AlarmKind.MISCONFIGURED, AlarmKind.PHOTO_REFUSED}
"""Of these the detail is always what a provider says, or the name of a fault."""


def _time(at: datetime) -> str:
    return f"{at:%H:%M}"


@pytest.mark.parametrize("locale", LOCALES)
def test_every_pattern_has_a_text_with_the_names_that_it_finds(locale: str) -> None:
    """So none can fail when a page is shown."""
    for known in PATTERNS.values():
        for key, pattern in known:
            names = {name for _, name, _, _ in Formatter().parse(texts_of(locale).text(f"detail.{key}")) if name}
            assert names <= set(re.compile(pattern).groupindex), key


def test_every_kind_of_alarm_is_found_in_the_code() -> None:
    """With a detail that has words of ours, but for what providers say, and for the faults of photos."""
    found = written()
    assert {one.kind for one in found} == {kind.name for kind in AlarmKind}
    worded = {one.kind for one in found if one.text != PLACE}
    assert {kind.name for kind in AlarmKind} - worded == {kind.name for kind in WORDS_OF_OTHERS}


@pytest.mark.parametrize("locale", LOCALES)
def test_every_detail_that_the_code_writes_is_said_in_the_readers_language(locale: str) -> None:
    """A detail that is worded anew needs its pattern anew: else it stands in English among other words."""
    for one in written():
        if one.text == PLACE:
            continue
        said = _said(locale, AlarmKind[one.kind], one.text)
        assert said is not None, one
        assert locale == "en" or CHINESE.search(said), (one, said)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("fault", [*PictureFault, *FetchFault])
def test_every_fault_of_a_photo_is_said_in_words(locale: str, fault: str) -> None:
    """As the alarm has it."""
    t = texts_of(locale)
    assert alarm_detail(t, AlarmKind.PHOTO_REFUSED, fault, _time) == t("detail.photo", fault=t(f"photo_fault.{fault}"))


def _said(locale: str, kind: AlarmKind, text: str) -> str | None:
    """Return what is said of a detail with one of the values that may stand in it, None where it is not known."""
    # Two values side by side are one that may be anything.
    parts = re.split(f"{PLACE}+", text)
    for values in itertools.product(VALUES, repeat=len(parts) - 1):
        detail = parts[0] + "".join(value + part for value, part in zip(values, parts[1:], strict=True))
        said = alarm_detail(texts_of(locale), kind, detail, _time)
        if said is not None:
            return said
    return None


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
        (AlarmKind.OUTAGE, "no request was answered for 5 s", "已有 5 秒没有请求得到应答"),
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
