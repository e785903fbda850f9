"""The structure of the code: no import cycles, folders and files of readable size."""

from __future__ import annotations

import ast
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("geo", "handlers", "public", "push", "runtime", "server", "sql")
FILES_MAX = 12
MEDIAN_LINES_MAX = 110
LINES_MAX = 300
WIDE = {"sql"}
"""Folders with one file for each group of tables."""


def _modules() -> dict[str, Path]:
    found = {}
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def _imports(name: str, path: Path, known: set[str]) -> set[str]:
    """Return the modules of ours that a module imports, also those imported only for type checking."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            found |= {f"{node.module}.{one.name}" for one in node.names if f"{node.module}.{one.name}" in known}
            found |= {node.module} if any(f"{node.module}.{one.name}" not in known for one in node.names) else set()
    return (found & known) - {name}


def _cycles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Return groups of modules that import one another (Tarjan's strongly connected components, without recursion)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    circles: list[list[str]] = []
    for root, reached in graph.items():
        work = [(root, iter(sorted(reached)))] if root not in index else []
        if work:
            index[root] = low[root] = len(index)
            stack.append(root)
        while work:
            node, following = work[-1]
            for other in following:
                if other not in index:
                    index[other] = low[other] = len(index)
                    stack.append(other)
                    work.append((other, iter(sorted(graph[other]))))
                    break
                if other in stack:
                    low[node] = min(low[node], index[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    group = stack[stack.index(node) :]
                    del stack[stack.index(node) :]
                    if len(group) > 1:
                        circles.append(sorted(group))
    return circles


def test_a_cycle_is_found() -> None:
    """The search itself: a cycle of three is found, a diamond is none."""
    assert _cycles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]
    assert _cycles({"a": {"b", "c"}, "b": {"d"}, "c": {"d"}, "d": set()}) == []


def test_no_modules_import_each_other() -> None:
    """Not even for their types: shared definitions are in a third module that both import."""
    modules = _modules()
    graph = {name: _imports(name, path, set(modules)) for name, path in modules.items()}
    assert _cycles(graph) == []


@pytest.mark.parametrize("room", ROOMS)
def test_no_folder_has_too_many_files(room: str) -> None:
    """At most a dozen files side by side."""
    crowded = {
        str(folder.relative_to(ROOT)): len(files)
        for folder in [ROOT / room, *(ROOT / room).rglob("*/")]
        if len(files := [*folder.glob("*.py")]) > FILES_MAX and folder.name not in WIDE
    }
    assert crowded == {}


def test_files_are_short() -> None:
    """Half of them have at most 110 lines, and none has more than 300."""
    lines = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in _modules().items()}
    assert {name: count for name, count in lines.items() if count > LINES_MAX} == {}
    assert median(lines.values()) <= MEDIAN_LINES_MAX
