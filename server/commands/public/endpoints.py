"""`qq-alert authority endpoint` and `qq-alert authority events`: what an authority is told, and where.

Bounded: as `server.administration.endpoints` bounds the work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

from handlers.administration.endpoints import PASSES_ON
from server.administration import endpoints
from server.commands.context import config_option, json_flag, on_record, print_result

if TYPE_CHECKING:
    from uuid import UUID

    from sql.police_events import EventRow


@click.command("endpoint")
@click.argument("authority")
@click.option("--url", help="https://..., where events are sent.")
@click.option("--passes-on", type=click.Choice(PASSES_ON), default="operator", show_default=True)
@click.option("--remove", is_flag=True, help="Tell it nothing any more.")
@json_flag
@config_option
@click.pass_context
def endpoint(
    context: click.Context, authority: str, url: str | None, passes_on: str, *, remove: bool, as_json: bool
) -> None:
    """Say where an authority hears of sightings; prints the secret that signs them, once."""
    if (url is None) is not remove:
        raise click.UsageError("either --url or --remove")
    if url is None:
        on_record(context, lambda s, stores: endpoints.remove(s, stores, authority))
        click.echo(f"{authority} is told nothing")
        return
    secret = on_record(context, lambda s, stores: endpoints.put(s, stores, authority, url, passes_on))
    print_result({"id": authority, "secret": secret}, f"{authority}: {secret}\n(shown once)", as_json=as_json)


@click.command("events")
@click.argument("authority")
@click.option("--dead", is_flag=True, help="Only what was not taken for a day.")
@click.option("--again", type=click.UUID, help="Send this dead event again.")
@json_flag
@config_option
@click.pass_context
def events(context: click.Context, authority: str, again: UUID | None, *, dead: bool, as_json: bool) -> None:
    """List what an authority was told, newest first, or send again what it did not take."""
    if again is not None:
        on_record(context, lambda s, stores: endpoints.send_again(s, stores, authority, again))
        click.echo(f"{again} is sent again")
        return
    rows = on_record(context, lambda s, stores: endpoints.events(s, stores, authority, dead=dead))
    print_result(msgspec.to_builtins(rows), "\n".join(map(_line, rows)) or "nothing", as_json=as_json)


def _line(row: EventRow) -> str:
    """Return an event in a line."""
    if row.delivered_at is not None:
        what = f"delivered {row.delivered_at:%Y-%m-%d %H:%M:%S}"
    else:
        what = f"{'dead' if row.dead_at is not None else 'waits'} after {row.attempts} attempts: {row.error or 'new'}"
    return f"{row.id}  {row.created_at:%Y-%m-%d %H:%M:%S}  {row.event:17}  {what}"
