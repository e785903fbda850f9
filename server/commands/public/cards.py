"""`qq-alert authority card`: whether share cards of an authority's alerts show who is missing.

Bounded: one transaction.
"""

from __future__ import annotations

from typing import Final

import click

from server.administration import access
from server.commands.context import config_option, on_record

SHOWS: Final = {"child": True, "nobody": False, "configured": None}


@click.command("card")
@click.argument("authority")
@click.argument("shows", type=click.Choice([*SHOWS]))
@config_option
@click.pass_context
def card(context: click.Context, authority: str, shows: str) -> None:
    """Say what share cards of an authority's alerts show: the child with the photo, or nobody."""
    on_record(context, lambda s, stores: access.set_card(s, stores, authority, shows_child=SHOWS[shows]))
    click.echo(f"{authority}: {shows}")
