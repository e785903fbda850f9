"""`qq-alert audit`: verifies, shows and sums up the audit trail.

Bounded: a page of the trail (`sql.audit.PAGE`) at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

import click
import msgspec

import sql.audit
from handlers.operators.audit import recorded
from handlers.operators.watching.funnel import summary_with_page
from push.alerts.disclosure.people import Disclosure
from push.alerts.record.audit import Anchor, Trail, verify
from push.alerts.record.summary import summarise
from server.administration.anchors import AnchorsError, read_anchors
from server.commands.context import config_option, json_flag, on_record, print_result
from server.stores import record
from sql.audit import Link

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from handlers.operators.watching.funnel import SummaryAnswer
    from server.settings import Settings
    from server.stores import Stores
    from sql.audit import Entry, Row

FAILED = 1
DIGEST_DIGITS = 64


@click.group("audit")
def audit_group() -> None:
    """Who did what to which alert, in a chain that cannot be changed unseen."""


def _digest(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    if value is None:
        return None
    digest = value.lower()
    if len(digest) != DIGEST_DIGITS or set(digest) - set("0123456789abcdef"):
        raise click.BadParameter(f"{DIGEST_DIGITS} hexadecimal digits, as printed by this command before")
    return digest


@audit_group.command("verify")
@click.option("--head", callback=_digest, help="A head that was printed before and written down elsewhere.")
@click.option("--at", "seq", type=click.IntRange(min=0), help="The number of events that was printed with it.")
@click.option(
    "--anchors",
    "anchors_file",
    type=click.File("rb"),
    help="A file of anchors, or log lines with them; - reads standard input.",
)
@json_flag
@config_option
@click.pass_context
def audit_verify(
    context: click.Context, head: str | None, seq: int | None, anchors_file: BinaryIO | None, *, as_json: bool
) -> None:
    """Verify the whole trail; exits 1 at the first event that is not what was written.

    Events cut off at the end leave a chain that holds: only what was written down elsewhere shows that. A server writes
    anchors to its log, and to [audit] anchor_file; or give a head that this command printed before.
    """
    written = _anchors(anchors_file)

    async def work(_: Settings, stores: Stores) -> Trail:
        async with record(stores) as pool:
            return await verify(pool, Anchor(head=head, seq=seq, heads=written))

    trail = on_record(context, work)
    held = f"\n{len(written)} anchors hold" if written and trail.fault is None else ""
    print_result(trail, _result(trail) + held, as_json=as_json)
    if trail.fault is not None:
        raise SystemExit(FAILED)


def _anchors(stream: BinaryIO | None) -> Mapping[int, frozenset[str]]:
    """Return the anchors of a file by the number of their event; lines that are no anchor any more are named."""
    if stream is None:
        return {}
    try:
        found = read_anchors(stream)
    except AnchorsError as error:
        raise click.UsageError(f"--anchors: {error}") from None
    if found.unreadable:
        click.echo(
            f"left out: {len(found.unreadable)} lines, from {found.unreadable[0]} on, are no whole anchor", err=True
        )
    return found.heads


def _result(trail: Trail) -> str:
    if trail.fault is not None:
        before = min(trail.events, trail.fault.seq - 1)
        return f"BROKEN at event {trail.fault.seq}: {trail.fault.what}\n({before} events before it hold)"
    return f"{trail.events} events hold; write this down elsewhere:\n--at {trail.events} --head {trail.head}"


@audit_group.command("show")
@click.option("--alert", "alert_id", type=click.UUID, help="Only what was done to this alert.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object a line, with the digest.")
@config_option
@click.pass_context
def audit_show(context: click.Context, alert_id: UUID | None, *, as_json: bool) -> None:
    """Print the events of the trail in order: number, time, who, what, states, alert, details, why."""

    async def work(_: Settings, stores: Stores) -> None:
        async with record(stores) as pool:
            async for row in sql.audit.read(pool, alert_id):
                click.echo(msgspec.json.encode(recorded(row)).decode() if as_json else _line(row))

    on_record(context, work)


def _line(row: Row) -> str:
    try:
        link = msgspec.json.decode(row.content, type=Link)
    except msgspec.DecodeError:
        return f"{row.seq}\tnot an event: 'audit verify' says what is wrong"
    event = link.event
    states = " -> ".join(state for state in (event.before, event.after) if state is not None)
    details = ", ".join(f"{name}={value}" for name, value in event.details.items() if value is not None)
    reason = row.reason or ("" if event.reason_digest is None else "(deleted with the child's data)")
    columns = [
        str(row.seq),
        link.at.isoformat(),
        _who(event),
        event.action,
        states,
        str(event.alert or ""),
        details,
        reason,
    ]
    return "\t".join(_on_one_line(column) for column in columns)


def _who(event: Entry) -> str:
    """Return who did it, with the token, or the user and machine of the command."""
    if (terminal := event.terminal) is not None:
        before = "" if terminal.login_user in {None, terminal.os_user} else f", login {terminal.login_user}"
        before += "" if terminal.sudo_user is None else f", sudo by {terminal.sudo_user}"
        return f"{event.actor} ({terminal.os_user}{before}, host {terminal.host})"
    return event.actor if event.token is None else f"{event.actor} (token {event.token})"


def _on_one_line(text: str) -> str:
    """Escape characters that move the cursor, so that no reason can look like another event."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


@audit_group.command("summary")
@click.argument("alert_id", type=click.UUID)
@json_flag
@config_option
@click.pass_context
def audit_summary(context: click.Context, alert_id: UUID, *, as_json: bool) -> None:
    """Print what may be published of an alert: counts, area and times, nothing of the child or of who acted."""

    async def work(settings: Settings, stores: Stores) -> SummaryAnswer | None:
        rule = Disclosure(settings.privacy.people_min)
        async with record(stores) as pool:
            return await summary_with_page(pool, await summarise(pool, alert_id, rule), rule)

    summary = on_record(context, work)
    if summary is None:
        click.echo("no such alert", err=True)
        raise SystemExit(FAILED)
    indented = msgspec.json.format(msgspec.json.encode(summary), indent=2).decode()
    print_result(summary, indented, as_json=as_json)
