"""Deletes the users of a file from the index, from exercises and from every running sweep.

Bounded: `CHUNK_USERS` users at a time, lines of `LINE_BYTES`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

import sql.enrolment
import sql.forgotten
from geo.connection import connect
from geo.index.forgetting import Forgetting
from geo.index.keys import generations
from geo.index.position_index import PositionIndex
from handlers.values.user import USER_MAX
from server.settings import Settings, SettingsError
from server.stores import record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from server.stores import Stores

CHUNK_USERS = 5000
LINE_BYTES = 64


class Forgotten(msgspec.Struct, frozen=True):
    """The lines of a file by outcome."""

    forgotten: int
    unknown: int
    rejected: int


async def forget_file(settings: Settings, stores: Stores, path: Path) -> Forgotten:
    """Forget all users of a file, and show the progress on standard error; lines without a user id are counted."""
    if not settings.lanes:
        raise SettingsError("$.lanes: without the server's lanes no position would be found and removed")
    client = connect(stores.redis_url)
    index = PositionIndex(client, tuple(settings.lanes), generations(settings.positions.kept_days))
    forgetting = Forgetting(client)
    forgotten = asked = rejected = 0
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    try:
        async with record(stores) as pool:
            with Progress(*columns, console=Console(stderr=True)) as bar:
                task = bar.add_task(f"users of {path.name}", total=path.stat().st_size)
                for users, bad, size in _chunks(path):
                    await sql.forgotten.add(pool, users)
                    await sql.enrolment.withdraw(pool, users)
                    forgotten += await index.forget(users)
                    await forgetting.announce(users)
                    asked, rejected = asked + len(users), rejected + bad
                    bar.update(task, advance=size)
    finally:
        await client.aclose()
    return Forgotten(forgotten, asked - forgotten, rejected)


def _chunks(path: Path) -> Iterator[tuple[list[int], int, int]]:
    """Yield (users, lines without a user id, bytes read)."""
    with path.open("rb") as file:
        users: set[int] = set()
        bad = size = 0
        while line := file.readline(LINE_BYTES):
            size += len(line)
            text, rest, is_whole = line.strip(), line, True
            # The rest of a line that is too long must not be read as the id of another user.
            while not rest.endswith(b"\n") and (rest := file.readline(LINE_BYTES)):
                size, is_whole = size + len(rest), False
            if is_whole and text.isdigit() and 1 <= int(text) <= USER_MAX:
                users.add(int(text))
            elif text or not is_whole:
                bad += 1
            if len(users) == CHUNK_USERS:
                yield sorted(users), bad, size
                users, bad, size = set(), 0, 0
        yield sorted(users), bad, size
