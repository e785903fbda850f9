"""Message content: in the reader's language, truncated to a provider's limit, never within the phone number."""

from __future__ import annotations

from uuid import UUID

import msgspec
import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from handlers.police.case.case import Case
from handlers.police.wording import content_of
from push.message.catalogues import catalogues
from push.message.content import Content, Text
from push.message.links import Links
from push.message.truncation import ELLIPSIS, truncate, truncate_parts
from tests.support.processes.deployment import CASE
from tests.support.providers.messages import message_for_tests

CALL = "请联系福田分局：13800138000"


def _bytes(text: str) -> int:
    return len(msgspec.json.encode(text))


@given(body=st.text(min_size=1, max_size=400), room=st.integers(60, 600))
def test_a_text_is_truncated_at_a_grapheme_and_never_within_the_phone_number(body: str, room: int) -> None:
    """Within the limit in bytes; the body keeps whole graphemes, and the call to action stays whole at the end."""
    text = Text("t", body, CALL)
    said = truncate(text, room, _bytes)
    assert _bytes(said) <= room
    assert said.endswith(CALL)
    if said != text.joined():
        left = said.removesuffix(CALL).removesuffix(ELLIPSIS)
        graphemes = regex.findall(r"\X", body)
        assert any("".join(graphemes[:count]) == left for count in range(len(graphemes) + 1))


def test_an_emoji_of_several_code_points_is_not_split() -> None:
    """It stays whole or goes whole."""
    family = "👨‍👩‍👧‍👦"
    for room in range(_bytes(CALL) + 3, _bytes(CALL) + 3 + 3 * len(family.encode())):
        said = truncate(Text("t", family * 2, CALL), room, _bytes)
        left = said.removesuffix(CALL).removesuffix(ELLIPSIS).removesuffix("。")
        assert left in {"", family, family * 2}


def test_a_message_that_cannot_fit_is_an_error() -> None:
    """When the call to action alone is too large, no message is made, rather than a shorter phone number."""
    try:
        truncate(Text("t", "body", CALL), _bytes(CALL) - 1, _bytes)
    except ValueError:
        return
    raise AssertionError("it was cut in the call")


def test_without_room_for_the_call_to_action_the_phone_number_stands_alone() -> None:
    """A long name of a police station never displaces the number, which is never truncated."""
    text = Text("t", "body", CALL, phone="13800138000")
    for room in range(_bytes("…13800138000"), _bytes("…" + CALL)):
        assert truncate(text, room, _bytes).endswith("…13800138000")


@given(title=st.text(min_size=1, max_size=80))
def test_a_title_is_truncated_to_the_limit_of_the_provider(title: str) -> None:
    """To whole graphemes within the limit; a title that fits is unchanged."""
    cut, body = truncate_parts(Text(title, "body", CALL), title_max=20, body_max=100, size_of=len)
    assert len(cut) <= 20
    assert cut == title if len(title) <= 20 else title.startswith(cut.removesuffix(ELLIPSIS))
    assert body == f"body. {CALL}"


@pytest.mark.parametrize(
    ("body", "call", "said"),
    [
        ("Call 110", "If you know anything, call 110", "Call 110. If you know anything, call 110"),
        ("Seen at the river.", "Call 110", "Seen at the river. Call 110"),
        ("Seen at the river! ", "Call 110", "Seen at the river! Call 110"),
        ("见于福田", CALL, f"见于福田。{CALL}"),
        ("见于福田。", CALL, f"见于福田。{CALL}"),
        ("见于福田！", CALL, f"见于福田！{CALL}"),
        ("男孩，身高110厘米", "110", "男孩，身高110厘米。110"),
        ("Last seen on road 110", "110", "Last seen on road 110. 110"),
        ("Seen at the river (call 0755-110110)", "0755-110110", "Seen at the river (call 0755-110110)"),
        ("电话13800138000联系", "13800138000", "电话13800138000联系"),
        ("电话138001380009", "13800138000", "电话138001380009. 13800138000"),
        ("In the car 913800138000", "13800138000", "In the car 913800138000. 13800138000"),
        ("Seen (at the river)", "Call 110", "Seen (at the river). Call 110"),
        ("The child has been found.", "", "The child has been found."),
        ("", CALL, CALL),
    ],
)
def test_the_call_to_action_is_a_sentence_of_its_own(body: str, call: str, said: str) -> None:
    """However the operator's text ends; a number that the text already contains is not repeated."""
    assert Text("t", body, call).joined() == said


def test_follow_up_notices_replace_the_alert_on_the_phone() -> None:
    """All notices and repeats of an alert share one collapse id; another alert has another."""
    first = message_for_tests()
    later = msgspec.structs.replace(first, notice="found", locale="en")
    other = message_for_tests()
    assert (first.collapse_id, first.collapse_number) == (later.collapse_id, later.collapse_number)
    assert first.collapse_id != other.collapse_id
    assert len(first.collapse_id.encode()) <= 64


def test_links_lead_to_the_alert() -> None:
    """The alert's id replaces the placeholder of the configuration; without a template there is no link."""
    alert = UUID(int=7)
    content = Content(texts={"zh-CN": Text("t", "b", "c")})
    linked = Links(deep_link="qq://alert/{alert}?from=push", web_link="https://a.example/{alert}").put_in(
        content, alert
    )
    assert (linked.deep_link, linked.web_link) == (f"qq://alert/{alert}?from=push", f"https://a.example/{alert}")
    assert Links().put_in(content, alert) == content


def test_a_reader_gets_the_same_language_then_english_then_the_first() -> None:
    """en-GB reads en, zh-TW reads zh-CN, fr reads en; who says no language reads the usual one."""
    content = Content(texts={locale: Text(locale, "", "") for locale in ("en", "zh-CN")})
    chosen = {asked: content.text_for(asked)[0] for asked in ("en", "en-GB", "zh-CN", "zh-TW", "fr", "")}
    assert chosen == {"en": "en", "en-GB": "en", "zh-CN": "zh-CN", "zh-TW": "zh-CN", "fr": "en", "": "zh-CN"}
    other = Content(texts={locale: Text(locale, "", "") for locale in ("fr", "zh-Hant", "zh-CN")})
    chosen = {asked: other.text_for(asked)[0] for asked in ("fr-CA", "zh-TW", "zh-SG", "ug")}
    assert chosen == {"fr-CA": "fr", "zh-TW": "zh-Hant", "zh-SG": "zh-CN", "ug": "zh-CN"}
    assert Content(texts={"es": Text("es", "", "")}).text_for("ug")[0] == "es"


def test_every_catalogue_has_name_age_place_and_phone() -> None:
    """The same facts in every language, looks in their own, and no placeholder left."""
    content = content_of(msgspec.convert(CASE, Case))
    assert set(content.texts) == set(catalogues()) == {"zh-CN", "en"}
    for text in content.texts.values():
        whole = text.title + text.joined()
        assert all(fact in whole for fact in ("小明", "6", "118", "莲花山公园", "110", "15:40"))
        assert "{" not in whole
        assert text.call.endswith("110")
    assert "蓝色校服" in content.texts["zh-CN"].body
    assert "蓝色校服" not in content.texts["en"].body
