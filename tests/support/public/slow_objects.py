"""Objects in a folder that are slow, or whose puts are written later than they are answered, as a test says.

Over a real folder. Bounded by the test.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from public.objects import Listed, Objects, Trouble, objects_of
from public.settings import PublicSettings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def nothing(_: str, __: bytes) -> bool:
    """Say that no put is meant."""
    return False


class SlowObjects(Objects):
    """`waits`: which puts wait until `go_on`, by path and content; `is_late`: which fail, and are written at `land`."""

    def __init__(self, folder: Path) -> None:
        whole = objects_of(PublicSettings(objects=folder.as_uri()), folder)
        super().__init__(whole._store, folder)  # noqa: SLF001 - the same store
        self.waits: Callable[[str, bytes], bool] = nothing
        self.is_late: Callable[[str, bytes], bool] = nothing
        self.lists_wait = False
        self.waiting = asyncio.Event()
        self.go_on = asyncio.Event()
        self._late: dict[str, bytes] = {}

    async def put(self, path: str, content: bytes, **attributes: object) -> Trouble | None:
        """Put at once, later, or when the test says so."""
        if self.is_late(path, content):
            self._late[path] = content
            return Trouble.UNAVAILABLE
        if self.waits(path, content):
            await self._wait()
        return await super().put(path, content, **attributes)  # type: ignore[arg-type]

    async def list(self, folder: str, at_most: int = 1_000) -> list[Listed] | Trouble:
        """List at once, or when the test says so."""
        if self.lists_wait:
            await self._wait()
        return await super().list(folder, at_most)

    async def land(self) -> None:
        """Write what was late."""
        assert self._late
        for path, content in self._late.items():
            assert await super().put(path, content) is None

    async def _wait(self) -> None:
        self.waiting.set()
        await self.go_on.wait()
