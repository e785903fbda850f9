"""The registry of the queries: each function answers one query file, by name.

Bounded: the queries that `push` runs in the scenarios; any other raises LookupError, so that none is forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import sql.query

if TYPE_CHECKING:
    from tests.simulation.record.tables import Moment, Tables

Answer: TypeAlias = Callable[..., Iterable[tuple[Any, ...]] | None]

_FUNCTIONS: Final[dict[str, tuple[str, Answer, tuple[str, ...], bool]]] = {}


class Row(tuple[Any, ...]):  # noqa: SLOT001 - its names are of its own
    """A row of an answer: by index, or by name as asyncpg's rows."""

    names: tuple[str, ...]

    def keys(self) -> tuple[str, ...]:
        """Return the names of the columns."""
        return self.names

    def __getitem__(self, key: Any) -> Any:  # noqa: ANN401 - as asyncpg's Record
        """Return a column."""
        return tuple.__getitem__(self, self.names.index(key) if isinstance(key, str) else key)


def answers(name: str, columns: str = "", *, soft: bool = False) -> Callable[[Answer], Answer]:
    """Say that a function answers the query file `name`; `soft`: it does not wait for the disk."""
    text = sql.query.query(name)

    def registered(function: Answer) -> Answer:
        _FUNCTIONS[text] = name, function, tuple(columns.split()), soft
        return function

    return registered


def named(text: str) -> tuple[str, bool]:
    """Return the name of a query, and whether it waits for the disk; LookupError for one that is not simulated."""
    found = _FUNCTIONS.get(text)
    if found is None:
        raise LookupError(f"the double does not know this query: {text}")
    return found[0], found[3]


def run(text: str, tables: Tables, moment: Moment, arguments: tuple[Any, ...]) -> list[Row]:
    """Answer a query."""
    _, function, columns, _ = _FUNCTIONS[text]
    rows = []
    for one in function(tables, moment, *arguments) or ():
        row = Row(one)
        row.names = columns
        rows.append(row)
    return rows
