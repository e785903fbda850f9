"""`qq-alert devices` and `qq-alert users`: import device reports, and forget users.

Bounded: as `server.administration` bounds the work.
"""

from __future__ import annotations

from pathlib import Path

import click

from server.administration.devices_import import import_file
from server.administration.users_forget import forget_file
from server.commands.context import config_option, on_record


@click.group("devices")
def devices_group() -> None:
    """Device reports: where people are, and how to reach them."""


@devices_group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@config_option
@click.pass_context
def devices_import(context: click.Context, file: Path) -> None:
    """Import device reports (NDJSON, or a JSON array)."""
    done = on_record(context, lambda s, stores: import_file(s, stores, file))
    click.echo(f"{done.accepted} accepted, {done.rejected} rejected")


@click.group("users")
def users_group() -> None:
    """Users, by the ids of the platform."""


@users_group.command("forget")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@config_option
@click.pass_context
def users_forget(context: click.Context, file: Path) -> None:
    """Forget users everywhere at once: positions, devices, and what is about to be sent (one id a line)."""
    done = on_record(context, lambda s, stores: forget_file(s, stores, file))
    click.echo(f"{done.forgotten} forgotten, {done.unknown} unknown, {done.rejected} rejected")
    if done.rejected:
        raise SystemExit(1)
