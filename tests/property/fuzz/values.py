"""Draws values as people, programs and strangers write them: text of every kind, numbers, times and structures.

Bounded: text of `TEXT_MAX` characters, structures three deep.
"""

from __future__ import annotations

from typing import Any, Final

from hypothesis import strategies as st

TEXT_MAX: Final = 140

BLANK: Final = ("", " ", "\u3000", "\u200b", "\n", "\t \r\n", "\u2800", "\u3164", "\ufeff", "\u00ad\u2060", "\x00")
NAMES: Final = (
    "小明",
    "欧阳小明",
    "𠮷野家",
    "ئۈرۈمچى ساقچى",
    "ئەخمەت",
    "བཀྲ་ཤིས།",
    "Ölüdeniz",
    "Nguyễn Văn Ánh",
    "דניאל",
    "محمد ١٢٣",
    "👨‍👩‍👧‍👦",
    "a\u0301" * 12,
    "Z̸̢͎̗̟̤͍̝͛͗͊̑̋̉̕a̷l̴g̸o̷",
    "한국어",
    "ﬁ１２３",
    "\ue000\ue001",
    "\U00031350",
)
TURNING: Final = (
    "\u202e",
    "\u202d",
    "\u2066",
    "\u2067",
    "\u2068",
    "\u2069",
    "\u200f",
    "\u061c",
    "\u0007",
    "\u001b[31m",
)
BREAKING: Final = (
    "\n",
    "\r\n",
    "\u2028",
    "\x85",
    "\x0b",
    "\ud800",
    "\udfff",
    "\ufffe",
    "\U0001ffff",
    "<",
    "&",
    '"',
    "\\",
    "{",
    "{name}",
    "%s",
)
PHONES: Final = (
    "110",
    "１１０",
    "0755-84450000",
    "（0755）84450000",
    "0755 8445 0000转8012",
    "+86 755 8445 0000 ext. 5",
    "110 / 13800138000",
    "13800138000、0755-84450000",
    "--",
    "()",
    "**",
    "call me",
    "٠١٢٣٤",
    "1" * 30,
    "1-" * 40,
)
ADDRESSES: Final = (
    "https://police.example/1.jpg",
    "https://police.example/小明 1.jpg?a=b&c=%20#x",
    "https://公安.example/照片.jpg",
    "https://",
    "https://10.0.0.1/x.jpg",
    "https://user:secret@police.example/x.jpg",
    "http://police.example/x.jpg",
    "https://police.example/" + "a" * 600,
    "https://police.example/" + "a" * 2100,
    "https://[::1]/x",
    "https://police.example:99999/x",
    "javascript:alert(1)",
    "https://police.example/%zz",
)
CODES: Final = (
    "440300",
    "440304",
    "110105",
    "110100",
    "440304001",
    "440304001001",
    "152600",
    "429004",
    "81",
    "００",
    "4403000",
    "999999",
)
TAGS: Final = (
    "zh-CN",
    "zh_CN",
    "zh_CN_#Hans",
    "zh-Hans",
    "zh-Hant-TW",
    "en",
    "en_GB",
    "ug",
    "bo-CN",
    "x",
    "i-klingon",
    "zh-cmn-Hans-CN",
    "C",
    "POSIX",
    "und",
)
TIMES: Final = (
    "2026-11-26T17:30:00Z",
    "2026-11-27T01:30:00+08:00",
    "2026-11-26T17:30:00-00:00",
    "2026-11-26T12:30:00.123456789-05:00",
    "2569-11-26T17:30:00Z",
    "1405-09-05T17:30:00+03:30",
    "2026-11-26 17:30:00+08:00",
    "2026-11-26T17:30:00",
    "2026-11-26",
    "20261126T173000Z",
    "2026-11-26T24:00:00Z",
    "2016-12-31T23:59:60Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "2026-11-26T17:30:00+99:99",
    "۲۰۲۶-۱۱-۲۶T17:30:00Z",
    "1764178200",
)
NUMBERS: Final = (
    0,
    -0.0,
    -1,
    1,
    5,
    6.0,
    6.5,
    17,
    18,
    118,
    90.0,
    90.0001,
    180,
    -180.5,
    1e-320,
    1e308,
    1 << 63,
    -(1 << 63),
    1 << 64,
    10**400,
    True,
    False,
)

_known = st.sampled_from(
    (*NAMES, *PHONES, *ADDRESSES, *CODES, *TAGS, *TIMES, *BLANK, "actual", "male", "SZ-1\n", " SZ-1", "１２３")
)
_any_text = st.text(st.characters(), max_size=TEXT_MAX)
_joined = st.lists(st.sampled_from((*NAMES, *TURNING, *BREAKING, *PHONES, *BLANK)), min_size=2, max_size=8).map("".join)
_long = st.builds(
    lambda text, times: (text * times)[: 8 * TEXT_MAX], st.sampled_from((*NAMES, "a", "，", "😀")), st.integers(20, 300)
)

texts = st.one_of(_known, _any_text, _joined, _long)
numbers = st.one_of(st.sampled_from(NUMBERS), st.floats(-200, 200), st.integers(-5, 250))
structures = st.recursive(
    st.none() | st.booleans() | numbers | _known,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_known, inner, max_size=3),
    max_leaves=6,
)
anything: st.SearchStrategy[Any] = st.one_of(texts, texts, texts, numbers, st.none(), structures)
