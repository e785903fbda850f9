"""Asks the issuer again about people whose sessions are used: who has left is out within a minute.

One process asks about a session at a time. While the issuer does not answer, sessions go on for a time that is set, and
an alarm stands. Bounded: `DUE_MAX` sessions a look, `AT_ONCE` questions at once, `AGAIN_S` after a failure; a request
waits `WAIT_S` at most, and only where its session was not confirmed for `STALE_S`.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import msgspec
import structlog

import sql.access
import sql.audit
import sql.confirmations
import sql.subjects
from handlers.console.signing_in.issuer.grants import Confirmed, Grant, PutOff, Refused
from handlers.console.signing_in.issuer.people import Acting, acting
from handlers.console.signing_in.issuer.roles import Standing, standing_of
from push.alarm_kinds import AlarmKind
from push.alarms import EVERY_LANE
from runtime.decoding import DECODE_ERRORS
from runtime.retry import retry_until_available
from runtime.tasks import raise_if_cancelled
from sql.audit import AuditEvent
from sql.database import UNAVAILABLE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Callable

    from handlers.console.signing_in.issuer.grants import Grants
    from handlers.console.signing_in.issuer.sealing import Sealed
    from handlers.console.signing_in.issuer.settings import OidcSettings
    from push.alarms import AlarmBoard
    from sql.confirmations import Claimed
    from sql.database import Connection, Pool

LABEL: Final = "qq-alert grant of an issuer"
TOKEN_LASTS: Final = timedelta(hours=12)
"""So long after the issuer said last that a person is there what they approved counts: a shift with its hand-over."""

MINUTE: Final = timedelta(minutes=1)
IN_USE: Final = timedelta(minutes=3)
"""The use of a session is noted once a minute."""

STALE_S: Final = 50.0
LOOK_S: Final = 5.0
AGAIN_S: Final = 5.0
CLAIM: Final = timedelta(seconds=20)
"""Longer than all requests about one session take: a process that died no longer asks."""

WAIT_S: Final = 12.0
WAIT_EVERY_S: Final = 0.1
DUE_MAX: Final = 500
AT_ONCE: Final = 8

LEFT: Final = "left"
"""Why a session ended: the issuer does not confirm its person any more."""

NO_ROLE: Final = "no_role"
"""Why a session ended: no group of its person gives a role here any more."""

_log = structlog.get_logger("handlers.console.signing_in.issuer.rechecks")


class Rechecks:
    """Asks again about sessions."""

    def __init__(
        self,
        pool: Pool,
        settings: OidcSettings,
        grants: Grants,
        sealed: Sealed,
        alarms: AlarmBoard,
        feeds: Callable[[], list[bytes]],
    ) -> None:
        """`feeds`: the digests of the tokens that have an open feed here."""
        self._pool = pool
        self._settings = settings
        self._grants = grants
        self._sealed = sealed
        self._alarms = alarms
        self._feeds = feeds
        self._away_until_s = 0.0
        self.issuer = settings.issuer
        self.outage = timedelta(seconds=settings.outage_s)
        self._fresh = timedelta(seconds=settings.recheck_s)

    def seal(self, grant: Grant) -> bytes:
        """Return a grant as it is stored."""
        return self._sealed.seal(msgspec.json.encode(grant))

    async def run(self) -> None:
        """Ask about all sessions in use, until cancelled."""
        while True:
            await retry_until_available(self.look, UNAVAILABLE_ERRORS, "postgresql")
            await asyncio.sleep(min(LOOK_S, self._settings.recheck_s / 2))

    async def look(self) -> None:
        """Ask about each session in use that was not confirmed for a while."""
        if self._is_away():
            return
        due = await sql.confirmations.due(self._pool, self._fresh, IN_USE, self._feeds(), CLAIM, DUE_MAX)
        at_once = asyncio.Semaphore(AT_ONCE)

        async def ask(session_id: int) -> None:
            async with at_once:
                if self._is_away():
                    return
                try:
                    await self.ask(session_id)
                except UNAVAILABLE_ERRORS as error:
                    # It is asked about again once the claim has ended; the next look waits for the record.
                    raise_if_cancelled()
                    _log.warning("issuer.recheck_failed", error=type(error).__name__)

        async with asyncio.TaskGroup() as group:
            for one in due:
                group.create_task(ask(one), name="issuer recheck")

    async def before_request(self, session_id: int, unconfirmed: timedelta) -> bool:
        """Ask about a session of which the issuer said nothing for long; tells whether to read it again."""
        if unconfirmed.total_seconds() < max(STALE_S, self._settings.recheck_s) or self._is_away():
            return False
        if not await self.ask(session_id):
            # Another request or process asks: what it hears decides this one as well.
            await asyncio.sleep(WAIT_EVERY_S)
        return True

    async def ask(self, session_id: int) -> bool:
        """Ask about a session and note the answer; False: it was confirmed just now, or another process asks."""
        claimed = await sql.confirmations.claim(self._pool, session_id, self._fresh, CLAIM)
        if claimed is None:
            return False
        grant = self._opened(claimed)
        answer = (
            Refused("a grant that no key opens") if grant is None else await self._grants.again(grant, claimed.subject)
        )
        self._note(answer)
        if isinstance(answer, PutOff):
            await sql.confirmations.put_off(self._pool, session_id, self.seal(answer.grant))
            return True
        async with self._pool.acquire() as connection, connection.transaction():
            if isinstance(answer, Confirmed):
                await self._confirm(connection, session_id, claimed, answer)
            else:
                await self._refuse(connection, session_id, claimed, LEFT)
        return True

    async def _confirm(self, connection: Connection, session_id: int, claimed: Claimed, said: Confirmed) -> None:
        """Note that a person is there, and what they may do now."""
        if not said.claims:
            # The issuer says that they are there, and nothing of their groups: it has no place for that.
            await sql.confirmations.confirm(
                connection, session_id, self.seal(said.grant), claimed.token_id, TOKEN_LASTS
            )
            return
        subject = await sql.subjects.by_id(connection, claimed.subject_id)
        standing = standing_of(said.claims, self._settings)
        token = (
            None if subject is None or standing is None else await acting(connection, subject, standing, TOKEN_LASTS)
        )
        if standing is None or not isinstance(token, Acting):
            await self._refuse(connection, session_id, claimed, NO_ROLE)
            return
        await sql.confirmations.confirm(connection, session_id, self.seal(said.grant), token.token_id, TOKEN_LASTS)
        if token.token_id != claimed.token_id:
            role = {"subject": claimed.subject_id, "role": standing.role.value, "authority": standing.authority}
            await _append(connection, token.name, standing, "role changed by the issuer", token.token_id, role)

    async def _refuse(self, connection: Connection, session_id: int, claimed: Claimed, why: str) -> None:
        """End a session; with the last one of a person what they approved counts no longer."""
        ended = await sql.confirmations.refuse(connection, session_id, why, MINUTE)
        if ended is None:
            return
        token_id, has_others = ended
        if why == NO_ROLE or not has_others:
            await sql.access.revoke_token(connection, token_id)
        await sql.access.notify_change(connection)
        details = {"subject": claimed.subject_id, "why": why}
        event = AuditEvent(actor="issuer", action="session ended by the issuer", details=details, token=token_id)
        await sql.audit.append(connection, event)

    def _opened(self, claimed: Claimed) -> Grant | None:
        opened = self._sealed.open(claimed.grant)
        try:
            return None if opened is None else msgspec.json.decode(opened, type=Grant)
        except DECODE_ERRORS:
            return None

    def _is_away(self) -> bool:
        return asyncio.get_running_loop().time() < self._away_until_s

    def _note(self, answer: Confirmed | Refused | PutOff) -> None:
        """Raise the alarm of an issuer that does not answer, or end it."""
        if not isinstance(answer, PutOff):
            self._alarms.clear(AlarmKind.ISSUER_AWAY, EVERY_LANE, None)
            return
        self._away_until_s = asyncio.get_running_loop().time() + min(AGAIN_S, self._settings.recheck_s)
        minutes = self._settings.outage_s / 60
        detail = f"{answer.reason}; who is signed in stays so for {minutes:g} min after the issuer's last word"
        self._alarms.restate(AlarmKind.ISSUER_AWAY, EVERY_LANE, None, detail)


async def _append(
    connection: Connection, name: str, standing: Standing, action: str, token_id: int, details: dict[str, Any]
) -> None:
    event = AuditEvent(actor=f"{standing.role.value} {name}", action=action, details=details, token=token_id)
    await sql.audit.append(connection, event)
