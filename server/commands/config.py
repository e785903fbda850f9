"""`qq-alert config` and `health`: says whether the configuration can be used, shows one, and asks a server how it is.

Bounded: `TIMEOUT_S` for the server's answer.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import click
import msgspec

from server.commands.context import config_option, settings_of
from server.settings_sections import Settings

TIMEOUT_S = 3.0
EXAMPLE = Path(__file__).parent / "qq-alert.toml"


@click.group("config")
def config_group() -> None:
    """The configuration of a server."""


@config_group.command("check")
@config_option
@click.pass_context
def config_check(context: click.Context) -> None:
    """Read file and environment as `serve` does; exits with 2 and names the first value that cannot be used."""
    settings = settings_of(context)
    click.echo(f"usable: listens on {settings.listen}, lanes: {', '.join(settings.lanes) or 'none'}")


@config_group.command("example")
def config_example() -> None:
    """Print a configuration to begin with."""
    click.echo(EXAMPLE.read_text(encoding="utf-8"), nl=False)


@config_group.command("schema")
def config_schema() -> None:
    """Print the JSON Schema of the configuration, without the sections of the lanes."""
    schema = msgspec.json.schema(Settings, schema_hook=lambda _: {"type": "string", "format": "path"})
    click.echo(msgspec.json.format(msgspec.json.encode(schema), indent=2).decode())


@click.command("health")
@config_option
@click.pass_context
def health(context: click.Context) -> None:
    """Ask the server of this configuration whether it lives; exits with 1 when it does not say so."""
    settings = settings_of(context)
    inner = settings.metrics.listen
    scheme = "https" if inner is None and settings.tls is not None else "http"
    _, _, port = (inner or settings.listen).rpartition(":")
    # It asks itself: the name in its certificate is that of the address that others use.
    unverified = ssl._create_unverified_context()  # noqa: S323, SLF001 - as above
    try:
        with urlopen(f"{scheme}://127.0.0.1:{port}/health", timeout=TIMEOUT_S, context=unverified) as answer:  # noqa: S310
            click.echo(answer.read().decode())
    except (URLError, OSError) as error:
        raise click.ClickException(f"no answer: {type(error).__name__}") from None
