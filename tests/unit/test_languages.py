"""In which language each recipient was notified: the first one, by rows of the ledger; one row where there is one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from push.delivery.outcomes import Addressed
from push.delivery.recording.rows import rows_of
from push.discovery import providers
from push.fanout.claims.languages import UNKNOWN, Languages
from push.fanout.claims.unit import Batch, HeldUnit
from push.fanout.packing import unpack
from push.message.closings import going_on
from push.message.content import About, Content, Text
from push.message.rendering import Rendering
from push.results import Outcome
from tests.property.fuzz.promises import lanes_of_every_provider
from tests.support.unit_rows import unit_row

TEXT: Final = Text("t", "b", "110")
LOCALES: Final = ("zh-CN", "en", "es", None)
CONTENT: Final = Content(
    texts=dict.fromkeys(("zh-CN", "en", "es", "ug"), TEXT), follow_ups={"found": dict.fromkeys(("zh-CN", "en"), TEXT)}
)


@given(
    rows=st.lists(st.tuples(st.sampled_from(LOCALES), st.sets(st.integers(0, 40), min_size=1, max_size=20)), max_size=8)
)
def test_each_recipient_has_the_language_of_the_first_row_that_has_them(
    rows: list[tuple[str | None, set[int]]],
) -> None:
    """Everybody once, in order; rows of an earlier version say no language."""
    languages = Languages(CONTENT, "update")
    users = languages.note_first([(locale, np.array(sorted(some), dtype=np.int64)) for locale, some in rows])
    expected: dict[int, str | None] = {}
    for locale, some in rows:
        for user in some:
            expected.setdefault(user, locale)
    assert users.tolist() == sorted(expected)
    found = languages.first_of(users)
    numbers = [] if found is None else found.tolist()
    assert [None if number == UNKNOWN else languages.name(number) for number in numbers] == [
        expected[user] for user in sorted(expected)
    ]


def test_a_language_without_a_follow_up_is_followed_in_english() -> None:
    """Never in Chinese, and in the own language where the police wrote one."""
    found = Languages(CONTENT, "found")
    assert [found.name(found.number(one)) for one in ("es", "ug", "en", "zh-CN", "zh-Hant-TW")] == [
        "en",
        "en",
        "en",
        "zh-CN",
        "zh-CN",
    ]
    own = msgspec.structs.replace(CONTENT, own_follow_ups={"found": {"es": TEXT}})
    spanish = Languages(own, "found")
    assert [spanish.name(spanish.number(one)) for one in ("es", "es-MX", "ug")] == ["es", "es", "en"]
    ended_otherwise = Languages(msgspec.structs.replace(own, closing="found_neutral"), "found")
    assert ended_otherwise.name(ended_otherwise.number("es")) == "en", (
        "what was written for a happy end is not for others"
    )


def test_an_update_of_a_reopened_alert_is_in_one_language_as_a_whole() -> None:
    """Where there are no words for "the search goes on", all of it is English: never these words before others."""
    written = {"zh-CN": ("寻人", "小明"), "en": ("Missing", "A child"), "es": ("Niño", "Rojo")}
    texts = {locale: Text(title, body, "110") for locale, (title, body) in written.items()}
    reopened = going_on(Content(texts=texts), datetime(2026, 11, 29, tzinfo=UTC))
    titles = {
        locale: reopened.message(
            About(alert_id=uuid4(), notice="update", status="actual", expires=datetime(2026, 12, 2, tzinfo=UTC)), locale
        ).text.title
        for locale in texts
    }
    assert titles == {"zh-CN": "仍在寻找｜寻人", "en": "Search goes on: Missing", "es": "Search goes on: Missing"}
    assert reopened.text_for("es", "alert")[0] == "es", "who comes in anew gets the alert in Spanish"
    only = going_on(Content(texts={"es": texts["es"]}), datetime(2026, 11, 29, tzinfo=UTC))
    assert only.text_for("es", "update") == ("es", texts["es"]), "the police wrote nothing else"


def test_every_lane_shows_each_recipient_the_notice_in_the_first_language() -> None:
    """All nine: what the batch is split into is what each gateway renders."""
    follow_ups = {"found": {"zh-CN": Text("已找到", "谢谢", ""), "en": Text("Found", "Thank you", "")}}
    own = {"found": {"es": Text("Encontrado", "Gracias", "")}}
    content = msgspec.structs.replace(CONTENT, follow_ups=follow_ups, own_follow_ups=own)
    row = msgspec.structs.replace(unit_row(), notice="found", content=msgspec.json.encode(content).decode())
    unit = HeldUnit(row, 0.0, 0.0, 1.0)
    notified = {"zh-CN": [1, 5], "en": [2], "es": [3], "ug": [4]}
    users = unit.languages.note_first([(one, np.array(some, dtype=np.int64)) for one, some in notified.items()])
    numbers = unit.languages.first_of(users)
    assert numbers is not None
    addressed = Addressed([b"%d" % user for user in users.tolist()], numbers, unit.languages, by_token=True, read_ms=0)
    parts = {locale: users[[*rows]].tolist() for locale, rows in addressed.by_locale(10)}
    assert parts == {"zh-CN": [1, 5], "en": [2, 4], "es": [3]}
    for name, lane in lanes_of_every_provider().items():
        for locale, title in (("zh-CN", "已找到"), ("en", "Found"), ("es", "Encontrado")):
            shown = providers()[name].previewed(lane, unit.message(locale))
            assert isinstance(shown, Rendering), name
            assert shown.title == title, name


def _batch(*locales: str) -> Batch:
    row = msgspec.structs.replace(unit_row(), content=msgspec.json.encode(CONTENT).decode())
    unit = HeldUnit(row, 0.0, 0.0, 1.0)
    users = np.arange(len(locales), dtype=np.int64)
    batch = Batch(unit, [b"%d" % user for user in users.tolist()], users)
    batch.languages = np.array([unit.languages.number(one) for one in locales], dtype=np.int16)
    return batch


def test_the_ledger_has_one_row_where_all_read_one_language_and_one_each_where_they_differ() -> None:
    """With numbers of their own, so that none is taken for another; outcomes that nobody follows are not split."""
    [row] = rows_of(_batch("es", "es-MX", "es"), {Outcome.ACCEPTED: None}, "tpns")
    assert (row.locale, row.recipients) == ("es", 3)
    batch = _batch("zh-CN", "es", "zh-CN", "en")
    rows = rows_of(batch, {Outcome.ACCEPTED: None}, "tpns")
    assert {row.locale: unpack(row.packed).tolist() for row in rows} == {"zh-CN": [0, 2], "es": [1], "en": [3]}
    assert len({row.batch_id for row in rows}) == len(rows)
    refused = rows_of(batch, {Outcome.REFUSED: np.array([True, True, False, False])}, "tpns")
    assert [(row.locale, row.recipients) for row in refused] == [(None, 2)]


def test_who_may_have_been_notified_is_tried_again_in_the_same_language() -> None:
    """All others are tried again in the language that they read then."""
    batch = _batch("zh-CN", "es", "en")
    batch.add_indeterminate(np.array([True, False, True]))
    rest = batch.rest(np.array([False, True, True]))
    assert rest.keeps_language().tolist() == [False, True]
    both = rest.with_others(Batch(batch.unit, [b"9"], np.array([9], dtype=np.int64)))
    assert both.keeps_language().tolist() == [False, True, False]
