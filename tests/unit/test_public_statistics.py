"""The published numbers: with their definitions, in each language, and never a small number of people."""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, datetime
from importlib import resources
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from public.funnel.statistics.figures import DEFINITIONS, Figures, figures_of
from public.funnel.statistics.page import NUMBERS, page_of
from sql.page_counts import StatisticsRow

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 29, 16, 30, tzinfo=UTC)
LANGUAGES = ("zh-CN", "en")


def _figures(people: int, people_min: int = 100, alerts: int = 3) -> Figures:
    row = StatisticsRow(
        alerts=alerts,
        found=2,
        through_alert=1,
        through_alert_unknown=1,
        since=None if not alerts else NOW,
        people=people,
    )
    return figures_of(row, people_min, NOW, SHANGHAI)


@given(st.integers(0, 10**9), st.sampled_from([1, 10, 100, 1000]))
def test_people_are_shown_in_steps_and_few_of_them_not_at_all(people: int, people_min: int) -> None:
    """Two publications differ by no less than the threshold, so that nobody is seen to come in."""
    shown = _figures(people, people_min).people_notified
    if people < people_min and people_min > 1:
        assert shown is None
    else:
        assert shown is not None
        assert shown % people_min == 0
        assert 0 <= people - shown < people_min


def test_found_and_found_through_the_alert_are_two_numbers_with_their_definitions() -> None:
    """Programs read both, and what each means; what nobody said is a number of its own."""
    read = msgspec.json.decode(msgspec.json.encode(_figures(14_000_000)))
    assert (read["found"], read["found_through_alert"], read["found_unknown_how"]) == (2, 1, 1)
    assert set(DEFINITIONS) == set(NUMBERS) == set(read["definitions"])
    assert read["since"] == "2026-11-30", "the day where the service is"


def test_the_page_has_every_number_in_both_languages_and_loads_nothing() -> None:
    """No script, no picture, no other site; each language leads to the other and to the JSON."""
    for language, other in (LANGUAGES, LANGUAGES[::-1]):
        page = page_of(_figures(14_000_321), language, LANGUAGES, SHANGHAI)
        assert page is not None
        text = page.decode()
        assert f'<html lang="{language}">' in text
        assert re.findall(r'data-number="(\w+)">([^<]+)<', text)[:2] == [
            ("alerts", "3"),
            ("people_notified", "14,000,300"),
        ]
        assert f'href="/statistics/{other}"' in text
        assert 'href="/statistics.json"' in text
        assert "<script" not in text
        assert not re.search(r"(?:src|href)=\"(?:https?:)?//", text)


def test_a_page_of_no_alerts_says_so_and_few_people_are_named_by_the_threshold() -> None:
    """Nothing is published as a zero that is not one."""
    page = page_of(_figures(40, alerts=0), "en", LANGUAGES, SHANGHAI)
    assert page is not None
    assert "No alert has been sent yet." in page.decode()
    assert "fewer than 100" in page.decode()
    assert page_of(_figures(1), "ug", LANGUAGES, SHANGHAI) is None, "a language without a catalogue"


def test_both_catalogues_have_the_same_texts() -> None:
    """A text that one language lacks would end the publication of its page."""

    def keys(tree: dict[str, object], before: str = "") -> set[str]:
        found: set[str] = set()
        for name, value in tree.items():
            found |= keys(value, f"{before}{name}.") if isinstance(value, dict) else {before + name}
        return found

    folder = resources.files("public.funnel.statistics") / "catalogues"
    texts = [keys(tomllib.loads((folder / f"{one}.toml").read_text(encoding="utf-8"))) for one in LANGUAGES]
    assert texts[0] == texts[1]
