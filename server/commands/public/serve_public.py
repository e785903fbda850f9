"""`qq-alert serve-public`: serve published pages, with no way to the stores of the alerts.

Bounded: it ends on SIGTERM, SIGINT or SIGQUIT.
"""

from __future__ import annotations

import click
import uvloop

from server import process
from server.commands.context import config_option, settings_of
from server.serve_public import serve_public
from server.upkeep import descriptors


@click.command("serve-public")
@config_option
@click.pass_context
def serve_public_command(context: click.Context) -> None:
    """Serve the public's pages until SIGTERM, SIGINT or SIGQUIT."""
    settings = settings_of(context)
    descriptors.raise_limit()
    process.tune_garbage_collector()
    uvloop.run(serve_public(settings, lambda url: click.echo(f"QQ Alert serves its pages on {url}")))
