"""Language tags: BCP 47 as systems write it (Java, POSIX and Android write it otherwise), and which text it gets.

Bounded: `TAG_MAX` characters, as of the longest tag that is registered.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

TAG_MAX: Final = 35
SIMPLIFIED_CHINESE: Final = "zh-CN"
ENGLISH: Final = "en"
_SUBTAG: Final = re.compile(r"[A-Za-z0-9]{1,8}")
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}")
_SCRIPT_LETTERS: Final = 4
_REGION_LETTERS: Final = 2
_SIMPLIFIED_REGIONS: Final = frozenset({"cn", "sg", "my"})


def read_tag(text: str) -> str | None:
    """Return a tag in the usual spelling (`zh-Hans-CN`); None when it cannot be read.

    Takes `zh_CN`, `zh_CN_#Hans` (Java), `zh-rCN` (Android's resources) and `zh_CN.UTF-8@pinyin` (POSIX).
    """
    plain = re.split(r"[.@]", text.strip(), maxsplit=1)[0].replace("_", "-").replace("#", "")
    subtags = [re.sub(r"^r(?=[A-Z]{2}$)", "", one) for one in plain.split("-") if one]
    if not subtags or len(plain) > TAG_MAX or not _LANGUAGE.fullmatch(subtags[0]):
        return None
    if not all(_SUBTAG.fullmatch(one) for one in subtags):
        return None
    language, *rest = subtags
    scripts = [one.title() for one in rest if len(one) == _SCRIPT_LETTERS and one.isalpha()]
    regions = [one.upper() for one in rest if len(one) == _REGION_LETTERS and one.isalpha()]
    others = [one.lower() for one in rest if one.title() not in scripts and one.upper() not in regions]
    return "-".join([language.lower(), *scripts[:1], *regions[:1], *others])


def is_simplified_chinese(tag: str) -> bool:
    """Tell whether a tag is of Chinese in simplified letters, which a tag without script or region is as well."""
    language, *rest = tag.lower().split("-")
    if language not in {"zh", "cmn"} or "hant" in rest:
        return False
    regions = [one for one in rest if len(one) == _REGION_LETTERS and one.isalpha()]
    return "hans" in rest or not regions or regions[0] in _SIMPLIFIED_REGIONS


def readers_of(tag: str) -> str:
    """Return our locale for a language: all of Chinese in simplified letters is zh-CN, all of English is en."""
    known = read_tag(tag) or tag
    if is_simplified_chinese(known):
        return SIMPLIFIED_CHINESE
    return ENGLISH if known.partition("-")[0] == ENGLISH else known


def look_up(tag: str, known: Iterable[str]) -> str | None:
    """Return which of `known` a tag gets, shortened from its end until one fits (RFC 4647, 3.4); None: none does."""
    by_name = {one.lower(): one for one in known}
    parts = tag.lower().split("-")
    while parts:
        found = by_name.get("-".join(parts))
        if found is not None:
            return found
        parts.pop()
        if parts and len(parts[-1]) == 1:
            parts.pop()
    return None
