"""Makes cases whose every text is hostile, out of the struct of a case: a field that is new is driven by itself.

Bounded: `DROPS_MAX` fields that refuse the text, which the case is then filed without.
"""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec
from msgspec import inspect

from handlers.police.case.case import Case, read_case
from tests.support.processes.deployment import CASE, SEEN_ON

DROPS_MAX: Final = 80
MARKS: Final = 10_000

SCRIPT: Final = '"><img src=x onerror=hacked=1><script>hacked=1</script>{{7*7}}'
TURNED: Final = "\u202ecod.exe\u202c\u2067\u05d0\u05d1\u202etxt"
TALL: Final = "e" + "\u0301\u0334\u0489" * (MARKS // 3)
HOSTILE: Final = {"script": SCRIPT, "bidi": TURNED, "marks": TALL}

GIVEN: Final[dict[str, Any]] = {
    "status": "actual",
    "reported_at": CASE["reported_at"],
    "at": f"{SEEN_ON}T15:40:00+08:00",
    "taken": f"{SEEN_ON}T15:40:00+08:00",
    "phone": "110",
    "longitude": 114.0579,
    "latitude": 22.5431,
    "age": 6,
    "policy": "qq",
    "radius_km": 120,
    "texts": None,
}
"""Values of fields that take no text, or that would change where an alert is."""

Tree: TypeAlias = Any


class Hostile(NamedTuple):
    """A case, its hostile texts by path, and the paths that refused them."""

    case: dict[str, Any]
    texts: dict[str, str]
    refused: list[str]


def hostile_case(text: str, case_number: str, person: str = "child") -> Hostile:
    """Return a case with a text in each field that takes one; without the fields that refuse it.

    `person`: who is missing, `child`, `children` or `subject`.
    """
    tree = _filled(inspect.type_info(Case), text, "case")
    assert isinstance(tree, dict)
    tree |= {"case_number": case_number, "texts": _texts(text)}
    tree |= {one: None for one in ("child", "children", "subject") if one != person}
    refused: list[str] = []
    for _ in range(DROPS_MAX):
        read = read_case(msgspec.json.encode(tree))
        if not isinstance(read, list):
            return Hostile(tree, dict(_leaves(tree, text)), refused)
        for fault in read:
            refused.append(fault.path)
            leave_out(tree, fault.path)
    raise AssertionError(f"no case is left: {refused[-5:]}")


def _texts(text: str) -> dict[str, dict[str, Any]]:
    """Return texts of the police in both languages of the console."""
    return {locale: {"title": text[:100], "body": text[:1000]} for locale in ("zh-CN", "en")}


def _filled(kind: inspect.Type, text: str, name: str) -> Tree:
    if name in GIVEN:
        return GIVEN[name]
    match kind:
        case inspect.StructType(fields=fields):
            return {one.encode_name: _filled(one.type, text, one.encode_name) for one in fields}
        case inspect.UnionType(types=types):
            return _filled(next(one for one in types if not isinstance(one, inspect.NoneType)), text, name)
        case inspect.ListType(item_type=item) | inspect.VarTupleType(item_type=item):
            return [_filled(item, text, name)]
        case inspect.Metadata(type=inner):
            return _filled(inner, text, name)
    return _plain(kind, text, name)


def _plain(kind: inspect.Type, text: str, name: str) -> Tree:
    match kind:
        case inspect.StrType(max_length=most):
            return text[:most]
        case inspect.BoolType():
            return name != "custody_dispute"
        case inspect.EnumType(cls=of):
            return next(iter(of)).value
        case inspect.LiteralType(values=values):
            return values[0]
        case inspect.IntType(ge=least) | inspect.FloatType(ge=least):
            return 100 if name.endswith("_cm") else least or 1
    return None


def _leaves(tree: Tree, text: str, path: str = "$") -> list[tuple[str, str]]:
    """Return the texts of a tree that are a part of the hostile one."""
    if isinstance(tree, dict):
        return [leaf for name, one in tree.items() for leaf in _leaves(one, text, f"{path}.{name}")]
    if isinstance(tree, list):
        return [leaf for index, one in enumerate(tree) for leaf in _leaves(one, text, f"{path}[{index}]")]
    return [(path, tree)] if isinstance(tree, str) and len(tree) > 1 and text.startswith(tree) else []


def leave_out(tree: Tree, path: str) -> None:
    """Take what a path names out of a tree, and what holds it where that cannot be without it."""
    *parents, last = re.findall(r"\w+(?:-\w+)?", path)
    here = tree
    for one in parents:
        here = here[int(one)] if isinstance(here, list) else here[one]
    if isinstance(here, list):
        here.pop(int(last))
    else:
        here.pop(last, None)
