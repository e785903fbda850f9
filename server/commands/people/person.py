"""`qq-alert person`: who signs in at the console by an issuer, and which persons they are.

Bounded: as `server.administration.people.subjects` bounds the work.
"""

from __future__ import annotations

import click

from server.administration.people import subjects
from server.commands.context import config_option, json_flag, on_record, print_result


@click.group("person")
def person_group() -> None:
    """People who sign in at the console by an issuer."""


@person_group.command("list")
@json_flag
@config_option
@click.pass_context
def person_list(context: click.Context, *, as_json: bool) -> None:
    """List the subjects of the issuer, and which persons they are."""
    rows = on_record(context, subjects.listed)
    lines = [f"{one.id}\t{one.name}\t{one.subject}\t{_whose(one.person)}\t{one.issuer}" for one in rows]
    print_result(rows, "\n".join(lines), as_json=as_json)


def _whose(person: int | None) -> str:
    return "to be decided" if person is None else f"person {person}"


@person_group.command("is")
@click.argument("subject", type=int)
@click.option("--person", type=int, help="The person who has a token already, by the id that 'token list' shows.")
@click.option("--new", "is_new", is_flag=True, help="Somebody else, who only has the same name.")
@config_option
@click.pass_context
def person_is(context: click.Context, subject: int, person: int | None, *, is_new: bool) -> None:
    """Say which person a subject is, by the number that 'person list' shows."""
    if (person is None) is not is_new:
        raise click.UsageError("either --person ID or --new")
    owner = on_record(context, lambda s, stores: subjects.decide(s, stores, subject, person))
    click.echo(f"subject {subject} is person {owner.id} ({owner.name})")
