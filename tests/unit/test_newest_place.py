"""The newest place in a message: it comes first, takes the place of the one before, and never of a newer one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from push.message.content import Content, Text
from push.message.newest_place import with_newest_place

SEEN_AT = datetime(2026, 11, 29, 4, 5, tzinfo=UTC)
CONTENT = Content(
    texts={
        "zh-CN": Text(title="寻找小明", body="蓝色校服。", call="110", elastic=("蓝色校服",)),
        "en": Text(title="Ming", body="Blue uniform.", call="110", elastic=("Blue uniform",)),
        "ug": Text(title="Ming", body="كۆك.", call="110"),
    },
    seen_at=SEEN_AT - timedelta(hours=1),
)


def test_a_newer_place_comes_first_in_every_language_in_the_time_of_the_place() -> None:
    """Whoever wrote the text: a language without a phrase has the time in numbers, and no words of another one."""
    bodies = {locale: text.body for locale, text in with_newest_place(CONTENT, SEEN_AT, "惠州站").texts.items()}
    assert bodies["zh-CN"].startswith("最新线索：11月29日12:05在")
    assert bodies["en"].startswith("Seen since: 12:05, 29/11, at ")
    assert bodies["ug"].startswith("2026-11-29 12:05: ")
    assert all("惠州站" in body for body in bodies.values())
    assert [body.rpartition(" ")[2][-1] for body in bodies.values()] == ["。", ".", "."]


def test_the_next_place_takes_its_place_and_an_older_one_changes_nothing() -> None:
    """However often: the text is that of the newest place alone, and what is shortened in it is that place."""
    first = with_newest_place(CONTENT, SEEN_AT, "惠州站")
    newer = with_newest_place(first, SEEN_AT + timedelta(minutes=9), "博罗")
    assert with_newest_place(newer, SEEN_AT, "惠州站") == newer
    assert with_newest_place(newer, SEEN_AT + timedelta(minutes=9), "博罗") == newer
    for locale, text in newer.texts.items():
        assert "惠州站" not in text.body
        assert text.body.count("博罗") == 1
        assert text.body.endswith(CONTENT.texts[locale].body)
        assert len(text.elastic) == (2 if CONTENT.texts[locale].elastic else 0)


def test_a_place_without_a_name_says_when() -> None:
    """It says that the child was seen elsewhere, and the text stays what it was."""
    text = with_newest_place(CONTENT, SEEN_AT, None).texts["zh-CN"]
    assert text.body == "最新线索：11月29日12:05在另一处被看到。蓝色校服。"
