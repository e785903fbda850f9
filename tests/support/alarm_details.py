"""Finds in the code what alarms say: of each kind the details that it is raised with, as they are written there.

A detail is read off the syntax: its words, and a place for each value that is only known when it runs. Bounded by the
code: `DEPTH_MAX` steps from the call that raises to the words.
"""

from __future__ import annotations

import ast
import functools
import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parents[2]
ROOMS: Final = ("push", "handlers", "server", "public")
PLACE: Final = "\0"
"""Where a value stands."""

FROM_TABLES: Final = (
    ("POLICE_UNREACHABLE", "server/sightings/police.py", "NOT_TAKEN"),
    ("POLICE_UNREACHABLE", "handlers/administration/endpoints.py", "link_fault()"),
)
"""Details that are kept in a table before they are raised: the kind, and what they are in which file."""

DEPTH_MAX: Final = 12
Function = ast.FunctionDef | ast.AsyncFunctionDef


class Sink(NamedTuple):
    """A function that raises an alarm: which of its arguments are the kind, or its name, and the detail."""

    kind: int | str
    detail: int


BOARD: Final = {"raise_alarm": Sink(0, 3), "restate": Sink(0, 3), "lane": Sink(1, 2)}
"""Of `push.alarms.AlarmBoard`."""

CALLED_BACK: Final = {"push/delivery/invalid_tokens.py": {"_stop": Sink("INVALID_TOKENS", 0)}}
"""Functions that are given to a module, which raise an alarm elsewhere."""


class Written(NamedTuple):
    """A detail as it is written: the kind's name, its text with `PLACE`s, and where."""

    kind: str
    text: str
    where: str


@functools.cache
def written() -> list[Written]:
    """Return every detail of the code."""
    found: list[Written] = []
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            if path.name != "alarms.py" or room != "push":
                found += _Module(path).written()
    for kind, file, name in FROM_TABLES:
        found += [Written(kind, text, file) for text in _Module(ROOT / file).texts_of(name)]
    return found


class _Module:
    """A module, in which names are looked up."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._tree = ast.parse(path.read_text(encoding="utf-8"))
        self._functions = [one for one in ast.walk(self._tree) if isinstance(one, Function)]

    def written(self) -> list[Written]:
        found: list[Written] = []
        sinks, known = BOARD | CALLED_BACK.get(str(self._path.relative_to(ROOT)), {}), 0
        while len(sinks) != known:
            known, found = len(sinks), []
            for function in self._functions:
                for call in (one for one in ast.walk(function) if isinstance(one, ast.Call)):
                    found += self._of_call(function, call, sinks)
        return found

    def texts_of(self, name: str) -> set[str]:
        """Return what an expression of the module may be."""
        [nothing] = ast.parse("def nothing(): pass").body
        assert isinstance(nothing, Function)
        return self._texts(nothing, ast.parse(name, mode="eval").body) - {PLACE}

    def _of_call(self, function: Function, call: ast.Call, sinks: dict[str, Sink]) -> Iterator[Written]:
        name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        sink = sinks.get(name)
        if sink is None or len(call.args) <= sink.detail or name == function.name:
            return
        parameters = [one.arg for one in function.args.args if one.arg != "self"]
        kind = sink.kind if isinstance(sink.kind, str) else _kind_of(call.args[sink.kind], parameters)
        detail = call.args[sink.detail]
        passed = parameters.index(detail.id) if isinstance(detail, ast.Name) and detail.id in parameters else None
        if kind is None:
            return
        if passed is not None:
            sinks.setdefault(function.name, Sink(kind, passed))
        for text in [] if passed is not None and self._is_called(function.name) else self._texts(function, detail):
            for one in [kind] if isinstance(kind, str) else self._kinds(function.name, kind):
                if text:
                    yield Written(one, text, f"{self._path.relative_to(ROOT)}:{call.lineno}")

    def _is_called(self, name: str) -> bool:
        return any(isinstance(one, ast.Call) and _called(one) == name for one in ast.walk(self._tree))

    def _kinds(self, name: str, argument: int) -> set[str]:
        """Return the kinds that a function of the module is called with."""
        calls = [one for one in ast.walk(self._tree) if isinstance(one, ast.Call) and _called(one) == name]
        return {kind for one in calls if isinstance(kind := _kind_of(one.args[argument], []), str)}

    def _texts(self, function: Function, node: ast.expr, depth: int = 0) -> set[str]:
        """Return what an expression may be, with a place for each value that is not written out."""
        if depth > DEPTH_MAX:
            return {PLACE}
        match node:
            case ast.Constant(value=str() as text):
                return {text}
            case ast.JoinedStr(values=parts):
                each = [self._texts(function, part, depth + 1) for part in parts]
                return {"".join(one) for one in itertools.product(*each)}
            case ast.FormattedValue(value=value, format_spec=None):
                return self._texts(function, value, depth + 1)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                before, after = (self._texts(function, side, depth + 1) for side in (left, right))
                return {one + other for one in before for other in after}
            case ast.IfExp(body=body, orelse=other):
                return self._texts(function, body, depth + 1) | self._texts(function, other, depth + 1)
            case ast.Name(id=name):
                values = _before(function, node) or [*_assigned(self._tree, name, only_top=True)]
                return set().union(*(self._texts(function, one, depth + 1) for one in values)) or {PLACE}
            case ast.Call() if (named := _called(node)) and (called := self._function(named)) is not None:
                returned = (one.value for one in ast.walk(called) if isinstance(one, ast.Return))
                return set().union(*(self._texts(called, one, depth + 1) for one in returned if one)) or {PLACE}
        return {PLACE}

    def _function(self, name: str) -> Function | None:
        return next((one for one in self._functions if one.name == name), None)


def _called(call: ast.Call) -> str:
    if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name) and call.func.value.id == "self":
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _kind_of(node: ast.expr, parameters: list[str]) -> str | int | None:
    """Return the name of a kind that is written out, or which parameter it is."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "AlarmKind":
        return node.attr
    return parameters.index(node.id) if isinstance(node, ast.Name) and node.id in parameters else None


def _before(function: Function, name: ast.Name) -> list[ast.expr]:
    """Return what a name may have been set to: back to where it is set whatever is the case."""
    found: list[ast.expr] = []
    earlier = [one for one in ast.walk(function) if isinstance(one, ast.Assign) and one.lineno < name.lineno]
    for one in sorted(earlier, key=lambda one: -one.lineno):
        values = [*_assigned(ast.Module([one], []), name.id)]
        found += values
        if values and one.col_offset <= _statement_offset(function, name):
            break
    return found


def _statement_offset(function: Function, name: ast.Name) -> int:
    """Return how far the statement is indented in which a name stands."""
    around = [one for one in ast.walk(function) if isinstance(one, ast.stmt) and name in ast.walk(one)]
    return around[-1].col_offset


def _assigned(scope: ast.AST, name: str, *, only_top: bool = False) -> Iterator[ast.expr]:
    """Return what a name is set to."""
    for one in ast.iter_child_nodes(scope) if only_top else ast.walk(scope):
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name) and one.target.id == name and one.value:
            yield one.value
        if not isinstance(one, ast.Assign):
            continue
        for target in one.targets:
            if isinstance(target, ast.Name) and target.id == name:
                yield one.value
            if isinstance(target, ast.Tuple) and isinstance(one.value, ast.Tuple):
                pairs = zip(target.elts, one.value.elts, strict=True)
                yield from (value for part, value in pairs if isinstance(part, ast.Name) and part.id == name)
