"""Makes inputs: a value in each field of each kind, in several encodings, and documents of which every field is drawn.

Bounded: `MIXED` documents an example, besides one for each field.
"""

from __future__ import annotations

import json
import re
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from xml.sax.saxutils import escape

from tests.property.fuzz.values import ADDRESSES, NAMES, PHONES, TIMES
from tests.support.cap.documents import good, signed_document
from tests.support.processes.deployment import CASE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

MIXED: Final = 12

Path = tuple[str | int, ...]


class Input(NamedTuple):
    """What comes in: its kind, its bytes, and where the drawn value stands in it."""

    kind: str
    body: bytes
    where: str


FULL_CASE: Final[dict[str, Any]] = {
    **CASE,
    "child": {**CASE["child"], "features": "左眉有痣", "photo_url": ADDRESSES[0]},
    "last_seen": {**CASE["last_seen"], "crs": "wgs84", "city": "440300"},
    "area": {"policy": "qq", "radius_km": 50, "reason": "河边"},
}
SIBLINGS: Final[dict[str, Any]] = {
    **{name: value for name, value in FULL_CASE.items() if name != "child"},
    "children": [FULL_CASE["child"], {"name": "小红", "age": 4}],
}
RICH: Final[dict[str, Any]] = {
    **FULL_CASE,
    "kind": "abducted",
    "issuer": "深圳市公安局",
    "guidance": "切勿靠近",
    "child": {"nicknames": ["明明"], "build": "slim", "hair": "短发", "languages": ["粤语"], "accent": "四川口音"},
    "companions": [{"name": "王强", "relation": "父亲", "sex": "male", "age": 35, "looks": "black coat"}],
    "vehicle": {"plate": "粤B12345", "colour": "白色", "make": "Volkswagen", "direction": "东莞方向"},
    "photos": [{"url": "https://police.example/2.jpg", "of": "companion"}],
    "texts": {"es": {"title": "Niño", "body": "Visto en el parque"}},
}
NOTICE: Final[dict[str, Any]] = {
    "case_number": "SZ-1",
    "notice": "found",
    "reason": "已找到",
    "through_alert": True,
}
UPDATE: Final[dict[str, Any]] = {
    "case_number": "SZ-1",
    "reason": "误报",
    "texts": {"zh-CN": {"title": "寻人", "body": "红色外套"}, "en": {"title": "Missing", "body": "A red coat"}},
}
BASES: Final[dict[str, dict[str, Any]]] = {
    "case": FULL_CASE,
    "siblings": SIBLINGS,
    "rich": RICH,
    "notice": NOTICE,
    "update": UPDATE,
}
CAP_FIELDS: Final = {
    "identifier": "SZ-2026-0525-1",
    "sender": ">alerts@police.example<",
    "sent": "2026-05-25T08:30:00+08:00",
    "language": ">zh-CN<",
    "event": "儿童失踪",
    "headline": "寻找小明",
    "description": "红色外套",
    "contact": "0755-110",
    "name": ">小明<",
    "age": ">6<",
    "photo": "https://police.example/1.jpg",
    "geocode": ">440300<",
    "circle": "22.55,114.12 30",
    "expires": "2026-05-26T08:30:00+08:00",
}


def report() -> dict[str, Any]:
    """Return a report of a device, made just now."""
    return {
        "user": 10_000_001,
        "lane": "fcm",
        "token": "f" * 140,
        "longitude": 114.05,
        "latitude": 22.54,
        "crs": "wgs84",
        "at": (datetime.now(UTC) - timedelta(seconds=1)).isoformat(),
        "locale": "zh-CN",
    }


SUBSCRIPTION: Final[dict[str, Any]] = {
    "endpoint": "https://push.example/abc",
    "keys": {
        "p256dh": "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8",
        "auth": "BTBZMqHH6r4Tts7J_aSIgg",
    },
}


def inputs(value: Any, encoding: int, random: Random) -> Iterator[Input]:  # noqa: ANN401 - any value of JSON
    """Yield inputs with a value in each field, the last of them in an odd encoding, and some of drawn fields."""
    for kind, base in BASES.items():
        for path in _paths(base):
            yield Input(kind, _json(_with(base, path, value)), ".".join(map(str, path)))
    yield from _cap(value)
    yield from _signed(value)
    yield from _reports(value)
    for _ in range(MIXED):
        yield Input("case", _json(_mixed(random)), "mixed")
    kind = random.choice([*BASES])
    yield Input(kind, _encoded(_with(BASES[kind], random.choice(_paths(BASES[kind])), value), encoding), "encoding")


def _cap(value: object) -> Iterator[Input]:
    if not isinstance(value, str):
        return
    typed = escape(value).encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    for name, standing in CAP_FIELDS.items():
        marks = (">", "<") if standing.startswith(">") else ("", "")
        yield Input("cap", good((standing, f"{marks[0]}{typed}{marks[1]}")), name)


def _signed(value: object) -> Iterator[Input]:
    """Yield signed documents with a value as a namespace, and in an attribute and a text of the signature."""
    if not isinstance(value, str):
        return
    typed = escape(value, {'"': "&quot;"}).encode("utf-8", "surrogatepass").decode("utf-8", "replace").encode()
    document = signed_document()
    root = document.index(b"<", document.index(b"?>")) if document.startswith(b"<?") else 0
    name_end = document.index(b" ", root)
    yield Input("signed", document[:name_end] + b' xmlns:x="' + typed + b'"' + document[name_end:], "namespace")
    signature = document.index(b"Signature ")
    for place, pattern in (("attribute", rb'="([^"]*)"'), ("text", rb">([^<>\s][^<>]*)<")):
        spans = [found.span(1) for found in re.finditer(pattern, document[signature:])]
        start, end = spans[len(value) % len(spans)]
        yield Input("signed", document[: signature + start] + typed + document[signature + end :], place)


def _reports(value: object) -> Iterator[Input]:
    base = report()
    for path in _paths(base):
        yield Input("reports", _json([base, _with(base, path, value)]), str(path[0]))
    for path in _paths(SUBSCRIPTION):
        token = json.dumps(_with(SUBSCRIPTION, path, value))
        yield Input("reports", _json([base, base | {"lane": "webpush", "token": token}]), f"subscription {path[-1]}")
    for lane in ("apns", "huawei", "xiaomi", "vivo", "oppo", "honor", "tpns"):
        yield Input("reports", _json([base, base | {"lane": lane, "token": value}]), f"token of {lane}")


def _mixed(random: Random) -> dict[str, Any]:
    """Return a case as police of any place could file it, with fields of every length."""

    def said(most: int) -> str:
        words = (random.choice(NAMES) for _ in range(random.randint(1, 12)))
        return random.choice(["", " ", "，"]).join(words)[: random.randint(1, most)] or "x"

    child: dict[str, Any] = {"name": said(100), "age": random.choice([None, 0, 6, 17]), "clothing": said(500)}
    child |= {"features": said(500), "photo_url": random.choice([None, *ADDRESSES[:3]])}
    seen = FULL_CASE["last_seen"] | {
        "place": said(500),
        "at": random.choice([FULL_CASE["last_seen"]["at"], *TIMES[:4]]),
    }
    contact = {"name": said(100), "phone": random.choice(PHONES[:8])}
    return FULL_CASE | {"child": child, "last_seen": seen, "contact": contact}


def _encoded(tree: object, number: int) -> bytes:
    """Return a body as some program would write it, or as somebody who means harm."""
    text = json.dumps(tree)
    plain = json.dumps(tree, ensure_ascii=False).encode("utf-8", "surrogatepass")
    forms = (
        lambda: plain.decode("utf-8", "replace").encode("gb18030", "replace"),
        partial(text.encode, "utf-16"),
        lambda: b"\xef\xbb\xbf" + text.encode(),
        plain.strip,
        text[: len(text) // 2].encode,
        (text[:-1] + ", " + text[1:]).encode,
        lambda: text.replace('"status"', '"status": "test", "status"', 1).encode(),
        lambda: text.replace("114.0579", "NaN", 1).encode(),
        (text[:-1] + ', "deep": ' + "[" * 2000 + "]" * 2000 + "}").encode,
        lambda: text.replace('"name"', '"n\\u0061me"', 1).encode(),
        partial(text.encode, "utf-32"),
        lambda: b"[" + text.encode() + b"]",
    )
    return forms[number % len(forms)]()


def _json(tree: object) -> bytes:
    return json.dumps(tree).encode()


def _paths(tree: object, here: Path = ()) -> list[Path]:
    """Return the paths of all values in a tree, those of objects included."""
    pairs: list[tuple[str | int, object]] = []
    if isinstance(tree, dict):
        pairs = list(tree.items())
    elif isinstance(tree, list):
        pairs = list(enumerate(tree))
    return [path for name, one in pairs for path in ((*here, name), *_paths(one, (*here, name)))]


def _with(tree: Any, path: Path, value: object) -> Any:  # noqa: ANN401 - a tree of JSON
    changed = deepcopy(tree)
    node = changed
    for name in path[:-1]:
        node = node[name]
    node[path[-1]] = value
    return changed
