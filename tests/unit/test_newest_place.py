"""The newest place in a message: it comes first, takes the place of the one before, and never of a newer one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from push.message.catalogues.newest_place import said_again, with_newest_place
from push.message.content import Content, Text
from push.message.parts import Importance, Part
from push.message.truncation import truncate, width

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
        newest, whole = text.parts
        assert newest.importance is Importance.NEWEST
        assert [len(part.elastic) for part in (newest, whole)] == [1, 1]


def test_a_place_without_a_name_says_when() -> None:
    """It says that the child was seen elsewhere, and the text stays what it was."""
    text = with_newest_place(CONTENT, SEEN_AT, None).texts["zh-CN"]
    assert text.body == "最新线索：11月29日12:05在另一处被看到。蓝色校服。"


def test_texts_that_are_written_anew_say_the_place_that_is_the_newest() -> None:
    """By an operator, also from what the alert says now, or from the case; once, whatever it was written from."""
    content = with_newest_place(CONTENT, SEEN_AT, "惠州站")
    text = content.texts["en"]
    for body in ("Red coat.", f"{text.parts[0].text}. Red coat.", f"{text.parts[0].text}\nRed coat."):
        worded = text.reworded("Ming", body)
        assert worded.body == text.reworded("Ming", "Red coat.").body
        assert worded.body.startswith("Seen since: 12:05, 29/11, at ")
        assert worded.reworded("Ming", worded.body) == worded
    anew = said_again(replace(content, texts=CONTENT.texts | {"es": Text(title="Ming", body="Abrigo.", call="110")}))
    assert anew.texts["zh-CN"] == content.texts["zh-CN"]
    assert "惠州站" in anew.texts["es"].body
    newer = with_newest_place(content, SEEN_AT + timedelta(minutes=9), "博罗")
    assert "惠州站" not in said_again(replace(newer, texts=content.texts)).texts["en"].body


def test_where_there_is_little_room_the_newest_place_stands_longer_than_the_first_one() -> None:
    """It is shortened before it goes, goes after where the child was first, and before plate and number."""
    parts = (
        Part("Last seen 08:00, at the playground of the school", Importance.WHERE),
        Part("blue uniform of the school", Importance.FEATURES),
        Part("Plate 粤B12345", Importance.PLATE, least="粤B12345"),
    )
    text = Text(title="Ming", body="", call="110", phone="110").with_parts(parts, ". ")
    text = with_newest_place(replace(CONTENT, texts={"en": text}), SEEN_AT, "Huizhou Station, eastern hall").texts["en"]
    stood = [
        ["Last seen 08:00" in shown, "Seen since" in shown, "blue" in shown, "粤B12345" in shown and "110" in shown]
        for size in range(200, 20, -1)
        for shown in [truncate(text, size, width)]
    ]
    assert [list(one) for one in dict.fromkeys(map(tuple, stood))] == [
        [True, True, True, True],
        [False, True, True, True],
        [False, False, True, True],
        [False, False, False, True],
    ]


def test_a_short_text_of_the_author_stands_beside_the_newest_place() -> None:
    """The author wrote it before the child was seen there."""
    long, short = "Ming was last seen at the playground of the school. " * 9, "Ming, blue uniform."
    text = Text(title="Ming", body="", call="110", phone="110", short=(short,)).with_parts(
        (Part(long, Importance.AUTHORED),), ". "
    )
    text = with_newest_place(replace(CONTENT, texts={"en": text}), SEEN_AT, "Huizhou Station").texts["en"]
    shown = truncate(text, 100, width)
    assert shown.startswith("Seen since: 12:05, 29/11, at ")
    assert "Huizhou Station" in shown
    assert short in shown
