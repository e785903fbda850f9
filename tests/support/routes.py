"""The table of routes and its document, for tests that only look at them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec

from handlers.http.openapi import document
from handlers.routes import Handlers, routes

if TYPE_CHECKING:
    from handlers.http.route import Route


class _Anything:
    """Stands for any handler: only the table is looked at, and nothing of it is called."""

    def __getattr__(self, _: str) -> Any:  # noqa: ANN401 - anything
        return self

    async def __call__(self, _: object) -> NoReturn:
        raise AssertionError("a handler was called")


def route_table() -> list[Route]:
    """Return every route, with handlers that must not be called."""
    anything: Any = _Anything()
    return routes(Handlers(*[anything] * len(Handlers._fields)))


def declared_problems() -> dict[tuple[str, int], set[str]]:
    """Return the codes that the OpenAPI document lists, by operation id and status."""
    described: dict[str, Any] = msgspec.json.decode(document(route_table()))
    return {
        (operation["operationId"], int(status)): set(re.findall(r"`(\w+)`: ", answer["description"]))
        for operations in described["paths"].values()
        for operation in operations.values()
        for status, answer in operation["responses"].items()
    }
