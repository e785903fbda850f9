"""Imports a file of device reports into the index, with a progress bar.

The file is NDJSON, or one JSON array. Bounded: `CHUNK_REPORTS` reports at a time, lines of `LINE_BYTES`, arrays of
`ARRAY_BYTES`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

import sql.rings
from geo.connection import connect
from geo.index.keys import generations
from geo.index.position_index import PositionIndex
from handlers.platform.reports import Rejected, Reports, Unreadable, decode
from server.lanes import token_readers
from server.stores import record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

    from server.settings import Settings
    from server.stores import Stores

CHUNK_REPORTS = 5000
LINE_BYTES = 16 * 1024
ARRAY_BYTES = 1024 * 1024 * 1024
SHOWN_REJECTIONS = 20


class Imported(msgspec.Struct, frozen=True):
    """The counts of an import."""

    accepted: int
    rejected: int


async def import_file(settings: Settings, stores: Stores, path: Path) -> Imported:
    """Import all reports of a file, and show the progress on standard error; live alerts are swept again after it."""
    redis = connect(stores.redis_url)
    index = PositionIndex(redis, tuple(settings.lanes), generations(settings.positions.kept_days))
    reports = Reports(index, token_readers(settings), index.record)
    accepted = rejected = shown = 0
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    try:
        with path.open("rb") as file, Progress(*columns, console=Console(stderr=True)) as bar:
            task = bar.add_task(f"reports of {path.name}", total=path.stat().st_size)
            first_line = 1
            for lines in _chunks(file):
                bad: list[Rejected] = []
                decoded = decode(b"\n".join(lines), "application/x-ndjson")
                if not isinstance(decoded, Unreadable):
                    good, bad = decoded
                    accepted += (await reports.take(good, bad)).accepted
                rejected += len(bad)
                for one in bad[: SHOWN_REJECTIONS - shown]:
                    click.echo(f"report {first_line + one.index}: {one.detail}", err=True)
                    shown += 1
                first_line += len(lines)
                bar.update(task, completed=min(file.tell(), path.stat().st_size))
    finally:
        await redis.aclose()
    # Nobody held these reports against live alerts: a pass finds who came into their areas.
    async with record(stores) as pool:
        await sql.rings.sweep_sooner(pool, None, timedelta())
    return Imported(accepted, rejected)


def _chunks(file: BinaryIO) -> Iterator[list[bytes]]:
    start = file.read(1)
    file.seek(0)
    if start == b"[":
        parts = [bytes(raw) for raw in msgspec.json.decode(file.read(ARRAY_BYTES), type=list[msgspec.Raw])]
        for begin in range(0, len(parts), CHUNK_REPORTS):
            yield parts[begin : begin + CHUNK_REPORTS]
        return
    lines: list[bytes] = []
    while line := file.readline(LINE_BYTES):
        if line.strip():
            lines.append(line.strip())
        if len(lines) == CHUNK_REPORTS:
            yield lines
            lines = []
    if lines:
        yield lines
