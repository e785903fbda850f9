"""Names of persons: which are the same, which look the same, and which are not taken."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from push.alerts.people.names import displayed, fault_of, folded_name, skeleton


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Anna", "𝐀nna"),
        ("Anna", "Ａｎｎａ"),
        ("Anna", "ᵃnna"),
        ("Anna", "ANNA "),
        ("Anna", "An-na"),
        ("José", "Jose\u0301"),
        ("Weiß", "WEISS"),
        ("محمد", "محـمد"),
        ("محمد", "ﻣﺤﻤﺪ"),
        ("Officer 7", "officer ٧"),
    ],
)
def test_a_name_is_the_same_however_it_is_typed(one: str, other: str) -> None:
    """Case, width, alphabets of mathematics, presentation forms, stretching, punctuation: one folded name."""
    assert folded_name(one) == folded_name(other)


@pytest.mark.parametrize(
    "name",
    [
        "李伟",
        "李伟 W.",
        "小明 Ming (福田)",
        "艾力·买买提",
        "ئەخمەت",
        "نۇرئەلى",
        "བཀྲ་ཤིས",
        "བསྒྲུབས",
        "Нұрсұлтан Әбішұлы",
        "José García-Müller",
        "O’Neil",
        "Nguyễn Văn An",
        "佐藤さくら",
        "김철수",
        "messenger-1",
        "ꆈꌠ",
    ],
)
def test_names_of_people_in_china_and_elsewhere_are_taken(name: str) -> None:
    """Chinese with initials, Uyghur, Tibetan, Kazakh, accents: stored as typed, in one form."""
    assert fault_of(name) is None
    assert displayed(name) == unicodedata.normalize("NFKC", name)


def test_vowels_of_tibetan_make_another_name() -> None:
    """Marks are letters there: without them two people would be one."""
    assert folded_name("བཀྲ་ཤིས") != folded_name("བཀྲ་ཤས")


@pytest.mark.parametrize(
    ("name", "sign"),
    [
        ("Аnna", "U+0410 CYRILLIC CAPITAL LETTER A"),
        ("Annа", "U+0430 CYRILLIC SMALL LETTER A"),
        ("Ann\u0391", "U+0391 GREEK CAPITAL LETTER ALPHA"),
        ("李伟а", "U+0430 CYRILLIC SMALL LETTER A"),
        ("An\u200bna", "U+200B ZERO WIDTH SPACE"),
        ("Anna\u00ad", "U+00AD SOFT HYPHEN"),
        ("An\u202ena", "U+202E RIGHT-TO-LEFT OVERRIDE"),
        ("An\u200fna", "U+200F RIGHT-TO-LEFT MARK"),
        ("Anna\ufe0f", "U+FE0F VARIATION SELECTOR-16"),
        ("Anna\u3164", "U+3164 HANGUL FILLER"),
        ("Anna\u2800", "U+2800 BRAILLE PATTERN BLANK"),
        ("Anna\U000e0041", "U+E0041 TAG LATIN CAPITAL LETTER A"),
        ("Anna\n", "U+000A without a name"),
        ("ɑnna", "U+0251 LATIN SMALL LETTER ALPHA"),
        ("ᴀnna", "U+1D00 LATIN LETTER SMALL CAPITAL A"),
        ("A\u0335nna", "U+0335 COMBINING SHORT STROKE OVERLAY"),
        ("A\u0301\u0301nna", "U+0301 COMBINING ACUTE ACCENT"),
        ("Anna😀", "U+1F600 GRINNING FACE"),
        ("ꓮꓠꓠꓮ", "U+A4EE LISU LETTER A"),
        ("ㄧ明", "U+3127 BOPOMOFO LETTER I"),
        ("王ㅁ", "U+1106 HANGUL CHOSEONG MIEUM"),
        ("王ㅣ", "U+1175 HANGUL JUNGSEONG I"),
    ],
)
def test_a_name_that_could_be_read_as_another_is_refused_with_its_character(name: str, sign: str) -> None:
    """Mixed scripts, invisible and bidirectional characters, letters of phonetics: one sentence names it."""
    fault = fault_of(name)
    assert fault is not None
    assert sign in fault
    assert "\n" not in fault


@pytest.mark.parametrize("name", ["", "  ", "7", "-", "ـ", "x" * 101])
def test_what_is_no_name_is_refused(name: str) -> None:
    """Without a letter, or over a hundred characters."""
    assert fault_of(name) is not None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        *[("Оса", "Oca"), ("Ian", "lan"), ("Tim", "Tirn"), ("ΑΝΝΑ", "ANNA"), ("Wei", "VVei"), ("Wei", "Vvei")],
        *[("王へ", "王ヘ"), ("王べ", "王ベ"), ("王り", "王リ"), ("王ノ", "王丿"), ("王ム", "王厶"), ("王メ", "王乂")],
        *[("王ヒ", "王匕"), ("王ヌ", "王又"), ("王イ", "王亻"), ("王T", "王丅")],
    ],
)
def test_names_that_look_alike_have_one_skeleton(one: str, other: str) -> None:
    """Each is a name by itself, and both cannot be told apart."""
    assert fault_of(one) is fault_of(other) is None
    assert folded_name(one) != folded_name(other)
    assert skeleton(one) == skeleton(other)


@pytest.mark.parametrize(("one", "other"), [("Anna", "Anne"), ("Elia", "Ella"), ("José", "Jose"), ("李伟", "李玮")])
def test_other_names_have_another_skeleton(one: str, other: str) -> None:
    """Names of different people stay apart."""
    assert skeleton(one) != skeleton(other)


@given(st.text(max_size=30))
def test_folding_and_skeletons_are_stable_and_no_text_is_too_odd(name: str) -> None:
    """What is folded folds to itself, a taken name is not lost by folding, and nothing raises."""
    folded = folded_name(name)
    assert folded_name(folded) == folded
    skeleton(name)
    if fault_of(name) is None:
        assert folded
        assert folded_name(displayed(name)) == folded
