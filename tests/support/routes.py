"""The table of routes, for tests that only look at it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

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
