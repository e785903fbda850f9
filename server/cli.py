"""The command line: arguments flow in, the other modules do the work, short answers flow out.

What cannot be used (configuration, owned state) is said in one line and exits 2. Bounded: commands end when
their work does; `serve` ends on a signal.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click
import uvloop
from cryptography.fernet import Fernet

from server import collector, logs, registry
from server import stores as store_room
from server.command import config_option, on_record, settings_of
from server.embedded import EmbeddedStoreError, StateOwnedError
from server.file_case import send_case
from server.people_cli import devices_group, users_group
from server.registry_cli import authority_group, token_group
from server.serve import StoreDiedError, serve
from server.settings import SettingsError
from server.simulated.cli import simulate
from sql.migrate import MigrationError

UNUSABLE = 2
FAILED = 1


@click.group()
@click.option("--config", type=click.Path(path_type=Path), help="The configuration file (qq-alert.toml).")
@click.pass_context
def cli(context: click.Context, config: Path | None) -> None:
    """Turns a social network into a missing-child alert."""
    context.obj = config


@cli.command("serve")
@config_option
@click.pass_context
def serve_command(context: click.Context) -> None:
    """Run the server until SIGTERM or SIGINT."""
    settings = settings_of(context)
    if not settings.lanes:
        raise SettingsError("$.lanes: at least one lane is needed, or nobody can be reached")
    collector.spare()
    with store_room.opened(settings) as stores:
        uvloop.run(serve(settings, stores, lambda url: click.echo(f"QQ Alert listens on {url}")))


@cli.command("migrate")
@config_option
@click.pass_context
def migrate_command(context: click.Context) -> None:
    """Bring the database to the current schema."""
    on_record(context, lambda _, stores: store_room.migrate(stores))
    click.echo("the schema is current")


@cli.command("file-case")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--authority", required=True)
@click.option("--secret", required=True, help="whsec_...")
@click.option("--url", required=True)
def file_case(file: Path, authority: str, secret: str, url: str) -> None:
    """Sign and send a case, as the police would; prints the answer."""
    status, answer = uvloop.run(send_case(url, authority, secret, file.read_bytes()))
    click.echo(answer.decode())
    if status >= 400:  # noqa: PLR2004 - HTTP's errors begin here
        raise SystemExit(FAILED)


@cli.group("key")
def key_group() -> None:
    """The key that encrypts webhook secrets at rest."""


@key_group.command("generate")
def key_generate() -> None:
    """Print a new encryption key for [security] encryption_key."""
    click.echo(Fernet.generate_key().decode())


for group in (authority_group, token_group, devices_group, users_group, simulate):
    cli.add_command(group)


def main() -> None:
    """Run the command line."""
    try:
        cli(standalone_mode=True)
    except (SettingsError, StateOwnedError, registry.RegistryError) as error:
        click.echo(f"qq-alert: {error}", err=True)
        sys.exit(UNUSABLE)
    except (EmbeddedStoreError, MigrationError) as error:
        click.echo(f"qq-alert: {error}", err=True)
        sys.exit(FAILED)
    except (Exception, BaseExceptionGroup) as error:  # noqa: BLE001 - Python's own report of a bug would print values
        if isinstance(error, BaseExceptionGroup) and error.subgroup(StoreDiedError):
            click.echo("qq-alert: an embedded store ended by itself; its log is in the state folder", err=True)
        else:
            logs.report_bug(error)
        sys.exit(FAILED)


if __name__ == "__main__":
    main()
