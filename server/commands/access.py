"""`qq-alert authority` and `qq-alert token`: add, change, list and revoke them.

Bounded: as `server.administration.access` bounds the work.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from handlers.http.roles import Role
from push.alerts.review import Asked, Review
from server.administration import access
from server.administration.jurisdiction import read_jurisdiction
from server.commands.context import config_option, json_flag, on_record, print_result
from server.commands.lazy import LazyGroup

if TYPE_CHECKING:
    from push.alerts.actions.revocation import Distrusted
    from sql.access import TokenRow

keep_live_option = click.option(
    "--keep-live", is_flag=True, help="Go on with what is live: what waits is held all the same."
)
_geojson = click.Path(exists=True, dir_okay=False, path_type=Path)


def _zone(_: click.Context, __: click.Parameter, name: str | None) -> str | None:
    """Return the name of a time zone that there is."""
    try:
        return None if name is None else ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise click.BadParameter(f"no such time zone: {name}") from None


@click.group(
    "authority",
    cls=LazyGroup,
    lazy={
        "card": "server.commands.public.cards:card",
        "endpoint": "server.commands.public.endpoints:endpoint",
        "events": "server.commands.public.endpoints:events",
    },
)
def authority_group() -> None:
    """Police bodies that may file cases."""


@authority_group.command("add")
@click.argument("authority")
@click.option("--name", required=True)
@click.option("--jurisdiction", type=_geojson, help="GeoJSON; nobody outside of it is reached.")
@click.option("--time-zone", callback=_zone, help="In which its alerts give times, as Asia/Urumqi.")
@json_flag
@config_option
@click.pass_context
def authority_add(
    context: click.Context,
    authority: str,
    name: str,
    jurisdiction: Path | None,
    time_zone: str | None,
    *,
    as_json: bool,
) -> None:
    """Add an authority and print its webhook secret, once."""
    limit = None if jurisdiction is None else read_jurisdiction(jurisdiction)
    secret = on_record(context, lambda s, stores: access.add_authority(s, stores, authority, name, limit, time_zone))
    _print_secret(authority, secret, as_json=as_json)


@authority_group.command("rotate")
@click.argument("authority")
@json_flag
@config_option
@click.pass_context
def authority_rotate(context: click.Context, authority: str, *, as_json: bool) -> None:
    """Print a new secret; the old ones verify for seven days more."""
    secret = on_record(context, lambda s, stores: access.rotate(s, stores, authority))
    _print_secret(authority, secret, as_json=as_json)


def _print_secret(authority: str, secret: str, *, as_json: bool) -> None:
    print_result({"id": authority, "secret": secret}, f"{authority}: {secret}\n(shown once)", as_json=as_json)


@authority_group.command("limit")
@click.argument("authority")
@click.option("--jurisdiction", type=_geojson, help="GeoJSON; nobody outside of it is reached.")
@click.option("--none", "lifted", is_flag=True, help="Lift the limit.")
@config_option
@click.pass_context
def authority_limit(context: click.Context, authority: str, jurisdiction: Path | None, *, lifted: bool) -> None:
    """Set the jurisdiction of an authority; filed alerts keep the one they were filed with."""
    if (jurisdiction is None) is not lifted:
        raise click.UsageError("either --jurisdiction FILE or --none")
    limit = None if jurisdiction is None else read_jurisdiction(jurisdiction)
    on_record(context, lambda s, stores: access.limit_authority(s, stores, authority, limit))
    click.echo(f"{authority} reaches {'everybody' if limit is None else 'nobody outside of its jurisdiction'}")


@authority_group.command("time-zone")
@click.argument("authority")
@click.argument("time_zone", callback=_zone, required=False)
@click.option("--none", "configured", is_flag=True, help="Use the configured one again.")
@config_option
@click.pass_context
def authority_time_zone(context: click.Context, authority: str, time_zone: str | None, *, configured: bool) -> None:
    """Set the time zone in which an authority's alerts give times; filed alerts keep theirs."""
    if (time_zone is None) is not configured:
        raise click.UsageError("either a time zone, as Asia/Urumqi, or --none")
    on_record(context, lambda s, stores: access.set_time_zone(s, stores, authority, time_zone))
    click.echo(f"{authority}: {time_zone or 'the configured time zone'}")


@authority_group.command("review")
@click.argument("authority")
@click.option("--policy", type=click.Choice([review.value for review in Review]), required=True)
@click.option("--grace-s", type=click.IntRange(1, 1800), help="How long a case waits under 'grace' (60 at first).")
@config_option
@click.pass_context
def authority_review(context: click.Context, authority: str, policy: str, grace_s: int | None) -> None:
    """Set how the cases of an authority are reviewed before people are notified; filed cases keep their own policy."""
    on_record(context, lambda s, stores: access.review(s, stores, authority, Review(policy), grace_s))
    click.echo(f"{authority}: {policy}")


@authority_group.command("policy")
@click.argument("authority")
@click.option("--ask", "asks", type=click.Choice([asked.value for asked in Asked]), multiple=True, help="Repeatable.")
@click.option("--none", "nothing", is_flag=True, help="Ask for nothing.")
@config_option
@click.pass_context
def authority_policy(context: click.Context, authority: str, asks: tuple[str, ...], *, nothing: bool) -> None:
    """Set what a case of an authority must say to go out without approval: what is open or denied holds it."""
    if bool(asks) is nothing:
        raise click.UsageError("either --ask ITEM or --none")
    on_record(context, lambda s, stores: access.set_asks(s, stores, authority, [Asked(one) for one in asks]))
    click.echo(f"{authority} is asked for {', '.join(asks) or 'nothing'}")


@authority_group.command("pin")
@click.argument("authority")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@config_option
@click.pass_context
def authority_pin(context: click.Context, authority: str, file: Path) -> None:
    """Trust these certificates (PEM) to sign CAP messages of an authority; prints their fingerprints."""
    pinned = on_record(context, lambda s, stores: access.pin(s, stores, authority, file.read_bytes()))
    click.echo("\n".join(pinned))


@authority_group.command("unpin")
@click.argument("authority")
@click.argument("fingerprint")
@keep_live_option
@config_option
@click.pass_context
def authority_unpin(context: click.Context, authority: str, fingerprint: str, *, keep_live: bool) -> None:
    """Stop trusting a certificate, from now on; what it signed is held or paused."""
    done = on_record(context, lambda s, stores: access.unpin(s, stores, authority, fingerprint, keep_live=keep_live))
    _print_distrusted(f"{fingerprint} is unpinned", done)


@authority_group.command("list")
@json_flag
@config_option
@click.pass_context
def authority_list(context: click.Context, *, as_json: bool) -> None:
    """List authorities."""
    rows = on_record(context, access.list_authorities)
    marks = [f"{' (limited)' if r.limited else ''}{' (revoked)' if r.revoked_at else ''}" for r in rows]
    lines = [
        f"{row.id}\t{row.name}\t{row.review}\t{row.secrets} {'secret' if row.secrets == 1 else 'secrets'}{mark}"
        for row, mark in zip(rows, marks, strict=True)
    ]
    print_result(rows, "\n".join(lines), as_json=as_json)


@authority_group.command("revoke")
@click.argument("authority")
@keep_live_option
@config_option
@click.pass_context
def authority_revoke(context: click.Context, authority: str, *, keep_live: bool) -> None:
    """Revoke an authority: its signatures fail from now on; what it filed is held or paused."""
    done = on_record(context, lambda s, stores: access.revoke_authority(s, stores, authority, keep_live=keep_live))
    _print_distrusted(f"{authority} is revoked", done)


def _print_distrusted(done: str, distrusted: Distrusted) -> None:
    lines = [done]
    lines += [f"{alert}\tpaused: 'resume' or 'cancel' it" for alert in distrusted.paused]
    lines += [f"{alert}\theld: 'approval' or 'cancel' decides" for alert in distrusted.held]
    lines += [f"{alert}\tits end is held: 'resume', or say it again" for alert in distrusted.ends]
    click.echo("\n".join(lines))


@click.group("token")
def token_group() -> None:
    """Bearer tokens of operators and of the platform."""


@token_group.command("create")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--name", help="Whose token it is: the person of this name, added if there is none.")
@click.option("--person", type=int, help="Whose token it is, by the id that 'token list' shows.")
@click.option(
    "--days",
    type=click.IntRange(1, access.TOKEN_DAYS_MAX),
    default=access.TOKEN_DAYS,
    show_default=True,
    help="It expires after so many days.",
)
@click.option("--authority", help="The authority whose officer it is for.")
@json_flag
@config_option
@click.pass_context
def token_create(
    context: click.Context,
    role: str,
    name: str | None,
    person: int | None,
    days: int,
    authority: str | None,
    *,
    as_json: bool,
) -> None:
    """Create a token and print it, once."""
    if (name is None) is (person is None):
        raise click.UsageError("either --name NAME or --person ID")
    token_id, token = on_record(
        context,
        lambda s, stores: access.create_token(
            s, stores, Role(role), name or "", days=days, authority=authority, person=person
        ),
    )
    print_result(
        {"id": token_id, "token": token},
        f"{token}\n(shown once; its id, for 'token revoke', is {token_id})",
        as_json=as_json,
    )


@token_group.command("list")
@json_flag
@config_option
@click.pass_context
def token_list(context: click.Context, *, as_json: bool) -> None:
    """List tokens, without their texts."""
    rows = on_record(context, access.list_tokens)
    print_result(rows, "\n".join(map(_token_line, rows)), as_json=as_json)


def _token_line(row: TokenRow) -> str:
    used = "never used" if row.last_used_at is None else f"used {row.last_used_at:%F %R}"
    mark = " (revoked)" if row.revoked_at else " (over)" if row.expires_at <= datetime.now(UTC) else ""
    whose = f"{row.name} (person {row.person})"
    return f"{row.id}\t{row.role}\t{whose}\t{row.authority or '-'}\tends {row.expires_at:%F}\t{used}{mark}"


@token_group.command("revoke")
@click.argument("token_id", type=int)
@keep_live_option
@config_option
@click.pass_context
def token_revoke(context: click.Context, token_id: int, *, keep_live: bool) -> None:
    """Revoke a token; what is sent because of what it did is paused."""
    done = on_record(context, lambda s, stores: access.revoke_token(s, stores, token_id, keep_live=keep_live))
    _print_distrusted(f"token {token_id} is revoked", done)
