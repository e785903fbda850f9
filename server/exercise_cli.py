"""`qq-alert exercise`: users who agreed to be reached by exercises flow in and out of the record.

Bounded: `sql.enrolment.ENROLLED_MAX` users in all, `USERS_MAX` a command.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

import sql.enrolment
from push.life import enrolment
from server.command import config_option, json_flag, on_record, say
from server.registry import COMMAND_LINE, RegistryError
from server.stores import record

if TYPE_CHECKING:
    from server.settings import Settings
    from server.stores import Stores

USERS_MAX: Final = 10_000

_users = click.argument("users", type=click.IntRange(min=1, max=2**63 - 1), nargs=-1, required=True)


@click.group("exercise")
def exercise_group() -> None:
    """People whom exercises reach: nobody else hears of one."""


@exercise_group.command("enrol")
@_users
@config_option
@click.pass_context
def enrol(context: click.Context, users: tuple[int, ...]) -> None:
    """Add users who agreed."""
    on_record(context, lambda s, stores: change(s, stores, users, enrols=True))
    click.echo(f"{len(users)} enrolled")


@exercise_group.command("withdraw")
@_users
@config_option
@click.pass_context
def withdraw(context: click.Context, users: tuple[int, ...]) -> None:
    """Take users out."""
    on_record(context, lambda s, stores: change(s, stores, users, enrols=False))
    click.echo(f"{len(users)} withdrawn")


@exercise_group.command("list")
@json_flag
@config_option
@click.pass_context
def list_enrolled(context: click.Context, *, as_json: bool) -> None:
    """Show who is enrolled."""
    users = on_record(context, _enrolled)
    say(users, "\n".join(map(str, users)) or "nobody is enrolled", as_json=as_json)


@exercise_group.command("count")
@json_flag
@config_option
@click.pass_context
def count_enrolled(context: click.Context, *, as_json: bool) -> None:
    """Show how many are enrolled, and nobody's id."""
    number = on_record(context, _count)
    say({"enrolled": number}, f"{number} enrolled", as_json=as_json)


async def change(_: Settings, stores: Stores, users: tuple[int, ...], *, enrols: bool) -> None:
    """Enrol or withdraw users; the audit trail has how many, and names none of them."""
    if len(users) > USERS_MAX:
        raise RegistryError(f"at most {USERS_MAX} users at once")
    async with record(stores) as pool:
        if not await enrolment.change(pool, users, COMMAND_LINE, enrols=enrols):
            raise RegistryError(f"at most {sql.enrolment.ENROLLED_MAX} users can be enrolled")


async def _enrolled(_: Settings, stores: Stores) -> list[int]:
    async with record(stores) as pool:
        return await sql.enrolment.enrolled(pool)


async def _count(_: Settings, stores: Stores) -> int:
    async with record(stores) as pool:
        return await sql.enrolment.count(pool)
