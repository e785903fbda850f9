"""`qq-alert passkey`: with what people sign what they do at the console.

Bounded: as `server.administration.people.passkeys` bounds the work.
"""

from __future__ import annotations

import click

from server.administration.people import passkeys
from server.commands.context import config_option, json_flag, on_record, print_result


@click.group("passkey")
def passkey_group() -> None:
    """Passkeys with which people sign what they do at the console."""


@passkey_group.command("list")
@click.option("--person", type=int, help="Of one person, by the id that 'token list' shows.")
@json_flag
@config_option
@click.pass_context
def passkey_list(context: click.Context, person: int | None, *, as_json: bool) -> None:
    """List passkeys."""
    rows = on_record(context, lambda s, stores: passkeys.listed(s, stores, person))
    lines = [f"{one.id}\t{one.name} (person {one.person})\t{one.label}\tmade {one.created_at:%F}" for one in rows]
    print_result(rows, "\n".join(lines), as_json=as_json)


@passkey_group.command("remove")
@click.argument("passkey", type=int)
@click.option("--reason", required=True, help="Why, for the audit trail: it is lost, say.")
@config_option
@click.pass_context
def passkey_remove(context: click.Context, passkey: int, reason: str) -> None:
    """Remove a passkey that is lost: it signs nothing from now on."""
    on_record(context, lambda s, stores: passkeys.remove(s, stores, passkey, reason))
    click.echo(f"passkey {passkey} is removed")
