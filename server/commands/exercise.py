"""`qq-alert exercise`: enrols, withdraws and lists the users who agreed to receive exercises.

Bounded: as `handlers.administration.enrolment`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

import sql.enrolment
from handlers.administration import enrolment
from handlers.values.user import USER_MAX
from server.administration.access import done, here
from server.commands.context import config_option, json_flag, on_record, print_result
from server.stores import record

if TYPE_CHECKING:
    from server.settings import Settings
    from server.stores import Stores


class User(click.ParamType[int]):
    """A user's id."""

    name = "user"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the id as a number."""
        if not (value.isascii() and value.isdigit()) or not 1 <= int(value) <= USER_MAX:
            self.fail(f"{value!r} is no user: an id is a number from 1 to {USER_MAX}", param, ctx)
        return int(value)


_users = click.argument("users", type=User(), nargs=-1, required=True)


@click.group("exercise")
def exercise_group() -> None:
    """The users who receive exercises; no one else does."""


@exercise_group.command("enrol")
@_users
@click.option(
    "--consented-at",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%z"]),
    help="When they agreed (UTC, or with an offset); by default now.",
)
@config_option
@click.pass_context
def enrol(context: click.Context, users: tuple[int, ...], consented_at: datetime | None) -> None:
    """Add users who agreed."""
    now = datetime.now(UTC)
    at = now if consented_at is None else consented_at.replace(tzinfo=consented_at.tzinfo or UTC)
    if at > now:
        raise click.UsageError("nobody has agreed in the future")
    changed = on_record(context, lambda s, stores: change(s, stores, users, consented_at=at))
    _print_change(changed, users, "enrolled", "were before")


@exercise_group.command("withdraw")
@_users
@config_option
@click.pass_context
def withdraw(context: click.Context, users: tuple[int, ...]) -> None:
    """Remove users from the list."""
    changed = on_record(context, lambda s, stores: change(s, stores, users, consented_at=None))
    _print_change(changed, users, "withdrawn", "were not enrolled")


@exercise_group.command("list")
@json_flag
@config_option
@click.pass_context
def list_enrolled(context: click.Context, *, as_json: bool) -> None:
    """Show who is enrolled."""
    users = on_record(context, _enrolled)
    print_result(users, "\n".join(map(str, users)) or "nobody is enrolled", as_json=as_json)


@exercise_group.command("count")
@json_flag
@config_option
@click.pass_context
def count_enrolled(context: click.Context, *, as_json: bool) -> None:
    """Show how many are enrolled, without ids."""
    number = on_record(context, _count)
    print_result({"enrolled": number}, f"{number} enrolled", as_json=as_json)


async def change(_: Settings, stores: Stores, users: tuple[int, ...], *, consented_at: datetime | None) -> int:
    """Enrol users who agreed at a time, or withdraw them (None); returns how many changed. The trail gets no ids."""
    async with record(stores) as pool:
        if consented_at is None:
            return done(await enrolment.withdraw(pool, here(), users))
        return done(await enrolment.enrol(pool, here(), users, consented_at))


def _print_change(changed: int, users: tuple[int, ...], done: str, others: str) -> None:
    rest = len(set(users)) - changed
    click.echo(f"{changed} {done}" + (f"; {rest} {others}" if rest else ""))


async def _enrolled(_: Settings, stores: Stores) -> list[int]:
    async with record(stores) as pool:
        return await sql.enrolment.enrolled(pool)


async def _count(_: Settings, stores: Stores) -> int:
    async with record(stores) as pool:
        return await sql.enrolment.count(pool)
