"""Names of persons: what a name may consist of, and which names are the same or look the same.

A person is an id (`sql.persons`); a name finds it. A name has one script, as UTS 39 has it for a highly restricted
identifier, and nothing that is not seen. Names are compared folded; names that only look alike are told by `skeleton`,
with the table in `look_alikes.toml`. Bounded: `NAME_MAX` characters, `MARKS_MAX` marks on one letter.
"""

from __future__ import annotations

import functools
import itertools
import tomllib
import unicodedata
from collections import Counter
from importlib import resources
from typing import Final

NAME_MAX: Final = 100
MARKS_MAX: Final = 4
"""A syllable of Tibetan stacks three; more hides a letter."""

PUNCTUATION: Final = frozenset("\u00b7\u2010\u2019\u2022\u2027\u30fb\u0f0b\u060c\u055a")
"""What parts a name, beside ASCII: middle dots, hyphens, apostrophes, the dot of Tibetan."""

UNSEEN: Final = (
    (0x00AD, 0x00AD),
    (0x034F, 0x034F),
    (0x061C, 0x061C),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x2028, 0x202E),
    (0x2800, 0x2800),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFFA0, 0xFFA0),
    (0xE0000, 0xE0FFF),
)
"""What is drawn as nothing without being a control or format character: the default ignorables of Unicode 16."""

UNSEEN_KINDS: Final = frozenset({"Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp"})
OVERLAYS: Final = range(0x0334, 0x0339)
"""Strokes through a letter make another letter of it."""

SHARED: Final = frozenset({"COMBINING", "MODIFIER", "KATAKANA-HIRAGANA"})
"""What stands with any script: accents, apostrophes that are letters."""

# fmt: off
SCRIPTS: Final = frozenset((
    "LATIN", "CJK", "CYRILLIC", "ARABIC", "TIBETAN", "MONGOLIAN", "YI", "TAI", "NEW", "HANGUL", "HIRAGANA",
    "KATAKANA", "GREEK", "ARMENIAN", "GEORGIAN", "HEBREW", "DEVANAGARI", "BENGALI", "GURMUKHI",
    "GUJARATI", "ORIYA", "TAMIL", "TELUGU", "KANNADA", "MALAYALAM", "SINHALA", "THAI", "LAO", "MYANMAR", "KHMER",
    "ETHIOPIC",
))
# fmt: on
"""Scripts in present use, as their characters' names begin; Bopomofo says how names sound, and looks like them."""

SYLLABLES: Final = range(0xAC00, 0xD7A4)
"""Of Hangul: its single letters make no name, and look like Chinese characters."""

TOGETHER: Final = (
    frozenset({"LATIN", "CJK", "HIRAGANA", "KATAKANA"}),
    frozenset({"LATIN", "CJK", "HANGUL"}),
)
"""Scripts that one name may have side by side: Chinese, Japanese and Korean names have initials."""

LATIN_MAX: Final = 0x024F
LATIN_ALSO: Final = range(0x1E00, 0x1F00)
SCHWA: Final = "\u0259"
"""Beyond these the Latin letters are those of phonetics, which look like others; the schwa is Azerbaijani."""


def fault_of(name: str) -> str | None:
    """Return in one sentence why a name is not taken, and which character it is; None for a name."""
    for sign in name:
        if _is_unseen(sign):
            return f"the name has {_named(sign)}, which nobody sees"
    text = unicodedata.normalize("NFKC", name).strip()
    if len(text) > NAME_MAX:
        return f"the name has more than {NAME_MAX} characters"
    if not any(unicodedata.category(sign)[0] == "L" for sign in folded_name(text)):
        return "the name has no letter"
    return _fault_of_signs(text) or _fault_of_marks(text) or _fault_of_scripts(text)


def displayed(name: str) -> str:
    """Return a name as it is stored and shown."""
    return " ".join(unicodedata.normalize("NFKC", name).split())


def folded_name(name: str) -> str:
    """Return a name as it compares: letters, marks and digits, whatever the case, width and punctuation."""
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return unicodedata.normalize("NFKC", "".join(map(_compared, text)).casefold())


def skeleton(name: str) -> str:
    """Return what a name looks like; two names of one skeleton cannot be told apart."""
    text = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", name))
    looks = "".join(map(_compared, text)).translate(_look_alikes())
    return unicodedata.normalize("NFKC", looks.casefold())


@functools.cache
def _look_alikes() -> dict[int, str]:
    table = tomllib.loads(
        resources.files("push.alerts.people").joinpath("look_alikes.toml").read_text(encoding="utf-8")
    )
    return {ord(sign): like for like, signs in table.items() for sign in signs}


def _compared(sign: str) -> str:
    """Return a character as it counts, nothing for what only parts or stretches letters."""
    if sign == "\u0640" or unicodedata.name(sign, "").startswith("MODIFIER LETTER"):
        return ""
    digit = unicodedata.decimal(sign, None)
    if digit is not None:
        return str(digit)
    return sign if unicodedata.category(sign)[0] in "LMN" and not _is_unseen(sign) else ""


def _is_unseen(sign: str) -> bool:
    code = ord(sign)
    return unicodedata.category(sign) in UNSEEN_KINDS or any(first <= code <= last for first, last in UNSEEN)


def _fault_of_signs(text: str) -> str | None:
    for sign in text:
        kind = unicodedata.category(sign)
        taken = sign in PUNCTUATION or (sign.isascii() and sign.isprintable()) or kind in {"Nd", "Mn", "Mc"}
        if not taken and kind[0] != "L":
            return f"the name has {_named(sign)}, which is no letter of a name"
        if _script(sign) == "HANGUL" and ord(sign) not in SYLLABLES:
            return f"the name has {_named(sign)}, which is no syllable"
        if _script(sign) == "LATIN" and not (ord(sign) <= LATIN_MAX or ord(sign) in LATIN_ALSO or sign == SCHWA):
            return f"the name has {_named(sign)}, which looks like another letter"
    return None


def _fault_of_marks(text: str) -> str | None:
    """Return the mark that stands on nothing, twice, through a letter, or on too many others."""
    for is_mark, run in itertools.groupby(
        enumerate(unicodedata.normalize("NFD", text)), lambda one: unicodedata.category(one[1])[0] == "M"
    ):
        if not is_mark:
            continue
        places, marks = zip(*run, strict=True)
        bad = next((one for place, one in enumerate(marks) if ord(one) in OVERLAYS or one in marks[:place]), None)
        if bad is None and (places[0] == 0 or len(marks) > MARKS_MAX):
            bad = marks[-1]
        if bad is not None:
            return f"the name has {_named(bad)} where no letter of a name has it"
    return None


def _fault_of_scripts(text: str) -> str | None:
    """Return the first letter of the script that stands least often, where scripts are mixed that no name mixes."""
    scripts = [(sign, script) for sign in text if (script := _script(sign)) is not None]
    strange = next((sign for sign, script in scripts if script not in SCRIPTS), None)
    if strange is not None:
        return f"the name has {_named(strange)}, and that script is not taken"
    counts = Counter(script for _, script in scripts)
    if len(counts) <= 1 or any(counts.keys() <= together for together in TOGETHER):
        return None
    rarest = min(counts, key=lambda script: (counts[script], script == "LATIN"))
    odd = next(sign for sign, script in scripts if script == rarest)
    return f"the name has {_named(odd)} among letters of another script"


def _script(sign: str) -> str | None:
    """Return the script of a letter or mark by its name, None for what stands with any script."""
    if unicodedata.category(sign)[0] not in "LM":
        return None
    script = unicodedata.name(sign, "UNNAMED").split()[0]
    return None if script in SHARED else script


def _named(sign: str) -> str:
    return f"U+{ord(sign):04X} {unicodedata.name(sign, 'without a name')}"
