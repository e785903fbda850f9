"""`qq-alert serve` and `qq-alert migrate`: run a server, or bring the database to the current schema.

Bounded: `serve` ends on SIGTERM, SIGINT or SIGQUIT, `migrate` with its work.
"""

from __future__ import annotations

from functools import partial

import click
import msgspec
import uvloop

from server import process
from server import stores as store_room
from server.commands.context import config_option, on_record, settings_of, variables_of
from server.serve import serve
from server.settings import SettingsError, load
from server.upkeep import descriptors


@click.command("serve")
@click.option("--no-migrate", is_flag=True, help="Refuse to start on an older schema instead of migrating it.")
@click.option("--hold", is_flag=True, help="Pause every live alert first, as after a restore.")
@config_option
@click.pass_context
def serve_command(context: click.Context, *, no_migrate: bool, hold: bool) -> None:
    """Run the server until SIGTERM, SIGINT or SIGQUIT."""
    settings = settings_of(context)
    if not settings.lanes:
        raise SettingsError("$.lanes: at least one lane is needed to reach people")
    descriptors.raise_limit()
    process.tune_garbage_collector()
    with store_room.opened(settings) as stores:
        if no_migrate:
            uvloop.run(store_room.refuse_older(stores))
        read = partial(load, context.obj, variables_of(context))
        chosen = msgspec.structs.replace(stores, owner_url=None) if no_migrate else stores
        uvloop.run(serve(settings, chosen, read, lambda url: click.echo(f"QQ Alert listens on {url}"), hold=hold))


@click.command("migrate")
@config_option
@click.pass_context
def migrate_command(context: click.Context) -> None:
    """Bring the database to the current schema."""
    on_record(context, lambda _, stores: store_room.migrate(stores))
    click.echo("the schema is current")
