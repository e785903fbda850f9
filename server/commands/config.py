"""`qq-alert config` and `health`: says whether the configuration can be used, shows one, and asks a server how it is.

Bounded: `TIMEOUT_S` for the server's answer.
"""

from __future__ import annotations

import ssl
from http.client import HTTPException
from pathlib import Path
from socket import create_connection
from typing import Final
from urllib.parse import urlsplit
from urllib.request import urlopen

import click
import msgspec

from server.commands.context import config_option, settings_of
from server.settings import address
from server.settings_sections import DatabaseSettings, Settings
from server.upkeep.descriptors import budget

TIMEOUT_S = 3.0
EVERY_ADDRESS: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # nosec B104 # noqa: S104 - what is listened on, not what listens
"""What a server listens on that listens on all of its addresses, and where it is asked then."""

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
    if (warning := unprotected(settings.database)) is not None:
        click.echo(f"warning: {warning}", err=True)
    left = budget(settings)
    click.echo(
        f"usable: listens on {settings.listen}, lanes: {', '.join(settings.lanes) or 'none'}; "
        f"up to {left.connections} connections, of one address {left.connections_per_address} "
        f"({left.reserved} of {left.limit} descriptors are for stores, providers and files)"
    )


def unprotected(database: DatabaseSettings) -> str | None:
    """Return why the audit trail is not protected from the server, as far as the settings say; None where it is."""
    remedy = "what runs as that role can change the audit trail unseen (docs/operations.md)"
    if database.url is None:
        return None
    if database.owner_url is None:
        return f"[database] owner_url is not set: where the role of url owns the schema, {remedy}"
    same = urlsplit(database.owner_url).username == urlsplit(database.url).username
    return f"[database] url and owner_url name one role: {remedy}" if same else None


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
    """Ask the server of this configuration whether it lives; exits with 1 when it does not say so.

    Where every client needs a certificate, an answer to the handshake of TLS is what it says.
    """
    settings = settings_of(context)
    inner = settings.metrics.listen
    host, port = address(inner or settings.listen, "$.listen")
    host = EVERY_ADDRESS.get(host, host)
    tls = None if inner is not None else settings.tls
    # It asks itself: the name in its certificate is that of the address that others use.
    unverified = ssl._create_unverified_context()  # nosec B323 # noqa: S323, SLF001 - as above
    try:
        if tls is not None and tls.client_ca is not None:
            # A client without a certificate learns in TLS 1.3 that it is refused only after the server's answer.
            unverified.minimum_version = ssl.TLSVersion.TLSv1_3
            with create_connection((host, port), TIMEOUT_S) as plain, unverified.wrap_socket(plain):
                click.echo("alive: it answers, and asks for a client's certificate")
            return
        where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        url = f"{'http' if tls is None else 'https'}://{where}/health"
        with urlopen(url, timeout=TIMEOUT_S, context=unverified) as answer:  # nosec B310 # noqa: S310 - as above
            click.echo(answer.read().decode())
    except (OSError, HTTPException) as error:
        raise click.ClickException(f"no answer: {type(error).__name__}") from None
