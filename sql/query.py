"""Reads the text of a query by the name of its file.

Modules read their queries once, at import. Errors: a name without a file is a bug and raises there.
"""

from __future__ import annotations

from importlib import resources


def query(name: str) -> str:
    """Return the text of `queries/NAME.sql`; FileNotFoundError when there is none."""
    return resources.files("sql").joinpath("queries", f"{name}.sql").read_text(encoding="utf-8")


def names() -> list[str]:
    """Return the names of all queries, sorted."""
    entries = resources.files("sql").joinpath("queries").iterdir()
    return sorted(entry.name.removesuffix(".sql") for entry in entries if entry.name.endswith(".sql"))
