"""Operations: does one thing to one alert, or says why not.

One transaction each: the alert is locked, the table of `push.alerts.lifecycle` asked, the change made, the event
appended. Every process is notified of a stop when it is committed, and this one before the request is answered.
Bounded: one alert at a time.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec
import structlog

import sql.access
import sql.audit
import sql.cap
import sql.filing
import sql.lifecycle
import sql.progress
import sql.work
from push.alerts.actions.actor import AUTHORITY_ROLE, Actor
from push.alerts.actions.refusals import Refusal, Refused
from push.alerts.lifecycle import HELD_NOTICE, Action, State, leads_to, possible
from push.alerts.record.digests import is_digest, keyed
from sql.audit import AuditEvent
from sql.cap import CapMessage
from sql.database import UNAVAILABLE_ERRORS
from sql.filing import ReceiptRow

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from uuid import UUID

    from push.fanout.precedence import Precedence
    from sql.database import Connection, Pool
    from sql.lifecycle import LockedAlert

_log = structlog.get_logger("push.alerts.actions.transaction")


class Webhook(msgspec.Struct, frozen=True):
    """The signed request that asks for something, done once: by its id, and the digest of its body."""

    authority: str
    id: str
    body_digest: bytes


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """Who wants something done, and why; `case_number` as typed where it cannot be undone, None: not asked for.

    `message`: the CAP message of one of its authorities that asks for it, taken once; `status`: the CAP status it has.
    `held_for`: what the case rests on since (`push.alerts.review.HeldFor`), which the change waits for.
    `sealed`: notes and basis that replace what is sealed, JSON.
    `webhook`: the signed request that asks for it, taken once.
    """

    actor: Actor
    reason: str = ""
    case_number: str | None = None
    message: CapMessage | None = None
    status: str | None = None
    webhook: Webhook | None = None
    held_for: tuple[str, ...] = ()
    sealed: bytes | None = None


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a change: the state after it, its details in the audit trail, and whether sending must stop.

    `keep`: what is still to be stored within the transaction once the alert stands as it will.
    """

    after: State
    details: dict[str, Any] = {}
    halts: bool = False
    through_alert: bool | None = None
    keep: "Callable[[Connection], Awaitable[None]] | None" = None


NOTICE: Final = "notice:"
"""Before the ids of such requests in the receipts, where those of cases are, too."""

_OF_ANYBODY = frozenset({Action.APPROVE, Action.RELEASE})
"""What an officer does to the alerts of other authorities: their own they never approve."""

Ready: TypeAlias = "Callable[[], Awaitable[Done]]"
"""A change that nothing speaks against, still to be done, within the same transaction."""

Change: TypeAlias = "Callable[[Connection, LockedAlert], Awaitable[Done | Refused]]"
"""What is done to a locked alert, within the transaction; a refusal must come before anything is written."""


class Operations:
    """Does things to alerts."""

    def __init__(
        self,
        pool: Pool,
        secret: bytes,
        *,
        halt: Callable[[UUID], None],
        wake: Callable[[], None],
        precedence: Precedence,
    ) -> None:
        self._pool = pool
        self._precedence = precedence
        self._secret = secret
        self._halt = halt
        self._wake = wake

    async def do(self, alert_id: UUID, action: Action, order: Order, change: Change) -> Refused | None:
        """Do one thing to one alert; None when it is done.

        One of `sql.database.UNAVAILABLE_ERRORS`: nobody knows whether it was, if the answer to the commit was lost.
        This process then sends nothing more of the alert until the record says that it may.
        """
        try:
            with self._precedence.deciding():
                return await self._do(alert_id, action, order, change)
        except UNAVAILABLE_ERRORS:
            self._halt(alert_id)
            raise

    async def _do(self, alert_id: UUID, action: Action, order: Order, change: Change) -> Refused | None:
        async with self._pool.acquire() as connection, connection.transaction():
            alert = await sql.lifecycle.lock_alert(connection, alert_id)
            if alert is None:
                return Refused(Refusal.NO_ALERT)
            signer = order.actor.authority or alert.authority
            if (refused := await _revoked(connection, signer, order)) is not None:
                return refused
            taken = await self._taken(connection, alert_id, signer, order)
            if taken is True:
                return None
            refused = taken if isinstance(taken, Refused) else _admitted(alert_id, alert, action, order)
            if refused is not None or await _is_outdated(connection, alert_id, action, order):
                return refused or Refused(Refusal.OUTDATED)
            done = await change(connection, alert)
            if isinstance(done, Refused):
                return done
            before = State(alert.state)
            if done.after not in leads_to(before, action):
                raise AssertionError(f"{action} leads from {before} to {done.after}, which the table does not have")
            await sql.lifecycle.move(connection, alert_id, done.after, through_alert=done.through_alert)
            if order.webhook:
                await self._keep_receipt(connection, order.webhook)
            await _record(connection, alert_id, alert, action, order, done)
        if done.halts:
            self._halt(alert_id)
        self._wake()
        _log.info("alert.moved", alert=str(alert_id), action=action.value, state=done.after.value)
        return None

    async def _taken(self, connection: Connection, alert_id: UUID, signer: str, order: Order) -> bool | Refused:
        """Tell whether this very message or webhook was taken before; refuse another one under its name."""
        if (webhook := order.webhook) is not None:
            receipt = await sql.filing.find_receipt(connection, webhook.authority, f"{NOTICE}{webhook.id}")
            if receipt is None:
                return False
            is_same = is_digest(receipt.body_digest, webhook.body_digest, self._secret)
            return True if is_same else Refused(Refusal.WEBHOOK_USED)
        if (message := order.message) is None:
            return False
        known = await sql.cap.known(connection, signer, message)
        if not known:
            return False
        return True if self._is_again(known, alert_id, message) else Refused(Refusal.MESSAGE_USED)

    async def _keep_receipt(self, connection: Connection, webhook: Webhook) -> None:
        """Keep that a request was taken: an alert that ended may go on, so a late retry must not end it again."""
        receipt = ReceiptRow(keyed(webhook.body_digest, self._secret), HTTPStatus.OK, b"{}")
        now = await sql.progress.record_time(connection)
        await sql.filing.add_receipt(connection, webhook.authority, f"{NOTICE}{webhook.id}", receipt, now)

    def _is_again(self, known: tuple[UUID, str, bytes | None], alert_id: UUID, message: CapMessage) -> bool:
        """Tell whether a known message is this very one about this alert."""
        return known[:2] == (alert_id, message.kind) and is_digest(known[2], message.digest, self._secret)


async def _record(
    connection: Connection, alert_id: UUID, alert: LockedAlert, action: Action, order: Order, done: Done
) -> None:
    """Store what goes with a change: its message, its stop, its answer and, last, its event."""
    if order.message:
        await sql.cap.note(connection, order.actor.authority or alert.authority, order.message, alert_id)
        await sql.lifecycle.clear_unverified(connection, alert_id)
    if done.keep is not None:
        await done.keep(connection)
    if done.halts:
        await sql.work.halt(connection, alert_id)
    event = AuditEvent(
        actor=order.actor.label,
        action=action.value,
        alert=alert_id,
        before=alert.state,
        after=done.after.value,
        reason=order.reason,
        details=done.details,
        token=order.actor.token_id,
    )
    await sql.audit.append(connection, event)


async def _revoked(connection: Connection, authority: str, order: Order) -> Refused | None:
    """Refuse who was let in and has been revoked since: a request may take minutes to come."""
    actor = order.actor
    if actor.token_id is not None and not await sql.access.is_valid_token(connection, actor.token_id):
        return Refused(Refusal.REVOKED)
    if actor.role != AUTHORITY_ROLE:
        return None
    certificate = None if order.message is None else order.message.certificate
    stands = await sql.access.is_valid_authority(connection, authority, certificate)
    return None if stands else Refused(Refusal.NOT_BELIEVED)


async def _is_outdated(connection: Connection, alert_id: UUID, action: Action, order: Order) -> bool:
    """Tell whether a newer message has been taken before this one: they may come in any order."""
    if order.message is None or action is not Action.UPDATE:
        return False
    newest = await sql.cap.newest(connection, alert_id)
    return newest is not None and order.message.sent < newest


def _admitted(alert_id: UUID, alert: LockedAlert, action: Action, order: Order) -> Refused | None:
    """Refuse what the actor, the state or the typed case number rules out, whatever is wanted."""
    if order.actor.authority not in {None, *alert.authorities} and action not in _OF_ANYBODY:
        return Refused(Refusal.OTHER_AUTHORITY)
    if order.status not in {None, alert.status}:
        return Refused(Refusal.STATUS, f"the alert is: {alert.status}")
    state = State(alert.state)
    nothing_held = action is Action.RESUME and state in HELD_NOTICE and not alert.held
    if nothing_held or not leads_to(state, action):
        if alert.case_number.endswith(f"/ {alert_id}"):
            return Refused(Refusal.SUPERSEDED)
        offered = possible(state, proposed=alert.proposed, held=alert.held)
        return Refused(Refusal.IMPOSSIBLE, f"{action.value}: the alert is {alert.state}", tuple(offered))
    if order.case_number is not None and order.case_number != alert.case_number:
        return Refused(Refusal.CASE_NUMBER, "it is typed so that the right alert is meant")
    return None
