"""The command line: arguments flow in, the other modules do the work, short answers flow out.

What cannot be used (configuration, owned state) is said in one line and exits 2. Bounded: commands end when
their work does; `serve` ends on a signal.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec
import uvloop
from cryptography.fernet import Fernet

from handlers.access import Role
from server import collector, logs, registry
from server import stores as store_room
from server.devices_import import import_file
from server.embedded import EmbeddedStoreError, StateOwnedError
from server.file_case import send_case
from server.serve import StoreDiedError, serve
from server.settings import Settings, SettingsError, load
from server.simulated.cli import simulate
from sql.migrate import MigrationError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from server.stores import Stores

T = TypeVar("T")

UNUSABLE = 2
FAILED = 1


@click.group()
@click.option("--config", type=click.Path(path_type=Path), help="The configuration file (qq-alert.toml).")
@click.pass_context
def cli(context: click.Context, config: Path | None) -> None:
    """Turns a social network into a missing-child alert."""
    context.obj = config


def _config_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Let every command take --config too, as people type it there."""

    def note(context: click.Context, _: click.Parameter, value: Path | None) -> None:
        if value is not None:
            context.obj = value

    kind = click.Path(path_type=Path)
    return click.option("--config", type=kind, expose_value=False, callback=note, help="The configuration file.")(
        command
    )


def _settings(context: click.Context) -> Settings:
    settings = load(context.obj)
    logs.configure(settings.log.format, settings.log.level)
    return settings


def _on_record(context: click.Context, work: Callable[[Settings, Stores], Coroutine[Any, Any, T]]) -> T:
    settings = _settings(context)
    with store_room.reached(settings) as stores:
        return uvloop.run(work(settings, stores))


def _say(content: object, text: str, *, as_json: bool) -> None:
    click.echo(msgspec.json.encode(content).decode() if as_json else text)


_json_flag = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@cli.command("serve")
@_config_option
@click.pass_context
def serve_command(context: click.Context) -> None:
    """Run the server until SIGTERM or SIGINT."""
    settings = _settings(context)
    if not settings.lanes:
        raise SettingsError("$.lanes: at least one lane is needed, or nobody can be reached")
    collector.spare()
    with store_room.opened(settings) as stores:
        uvloop.run(serve(settings, stores, lambda url: click.echo(f"QQ Alert listens on {url}")))


@cli.command("migrate")
@_config_option
@click.pass_context
def migrate_command(context: click.Context) -> None:
    """Bring the database to the current schema."""
    _on_record(context, lambda _, stores: store_room.migrate(stores))
    click.echo("the schema is current")


@cli.group("authority")
def authority_group() -> None:
    """Police bodies that may file cases."""


@authority_group.command("add")
@click.argument("authority")
@click.option("--name", required=True)
@_json_flag
@_config_option
@click.pass_context
def authority_add(context: click.Context, authority: str, name: str, *, as_json: bool) -> None:
    """Add an authority and print its webhook secret, once."""
    secret = _on_record(context, lambda s, stores: registry.add_authority(s, stores, authority, name))
    _say({"id": authority, "secret": secret}, f"{authority}: {secret}\n(shown once)", as_json=as_json)


@authority_group.command("rotate")
@click.argument("authority")
@_json_flag
@_config_option
@click.pass_context
def authority_rotate(context: click.Context, authority: str, *, as_json: bool) -> None:
    """Print a new secret; the old ones verify for seven days more."""
    secret = _on_record(context, lambda s, stores: registry.rotate(s, stores, authority))
    _say({"id": authority, "secret": secret}, f"{authority}: {secret}\n(shown once)", as_json=as_json)


@authority_group.command("list")
@_json_flag
@_config_option
@click.pass_context
def authority_list(context: click.Context, *, as_json: bool) -> None:
    """List authorities."""
    rows = _on_record(context, registry.list_authorities)
    lines = [f"{r.id}\t{r.name}\t{r.secrets} secrets{' (revoked)' if r.revoked_at else ''}" for r in rows]
    _say(rows, "\n".join(lines), as_json=as_json)


@authority_group.command("revoke")
@click.argument("authority")
@_config_option
@click.pass_context
def authority_revoke(context: click.Context, authority: str) -> None:
    """Make an authority's signatures worthless at once."""
    _on_record(context, lambda s, stores: registry.revoke_authority(s, stores, authority))
    click.echo(f"{authority} is revoked")


@cli.group("token")
def token_group() -> None:
    """Bearer tokens of operators and of the platform."""


@token_group.command("create")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--name", required=True)
@_json_flag
@_config_option
@click.pass_context
def token_create(context: click.Context, role: str, name: str, *, as_json: bool) -> None:
    """Create a token and print it, once."""
    token_id, token = _on_record(context, lambda s, stores: registry.create_token(s, stores, Role(role), name))
    _say({"id": token_id, "token": token}, f"{token_id}: {token}\n(shown once)", as_json=as_json)


@token_group.command("list")
@_json_flag
@_config_option
@click.pass_context
def token_list(context: click.Context, *, as_json: bool) -> None:
    """List tokens without showing them."""
    rows = _on_record(context, registry.list_tokens)
    lines = [f"{r.id}\t{r.role}\t{r.name}{' (revoked)' if r.revoked_at else ''}" for r in rows]
    _say(rows, "\n".join(lines), as_json=as_json)


@token_group.command("revoke")
@click.argument("token_id", type=int)
@_config_option
@click.pass_context
def token_revoke(context: click.Context, token_id: int) -> None:
    """Make a token worthless."""
    _on_record(context, lambda s, stores: registry.revoke_token(s, stores, token_id))
    click.echo(f"token {token_id} is revoked")


@cli.group("devices")
def devices_group() -> None:
    """Where people's devices are."""


@devices_group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_config_option
@click.pass_context
def devices_import(context: click.Context, file: Path) -> None:
    """Import device reports (NDJSON, or a JSON array)."""
    done = _on_record(context, lambda s, stores: import_file(s, stores, file))
    click.echo(f"{done.accepted} accepted, {done.rejected} rejected")


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


cli.add_command(simulate)


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
