"""Takes a signed message once: what it asks for, and that it was taken, is one transaction.

Bounded: receipts are deleted after a time, when a repeated message would fail its timestamp check.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

import sql.filing
import sql.progress
from push.alerts.actions.refusals import Refusal, Refused
from push.alerts.record.digests import is_digest
from sql.filing import ReceiptRow

if TYPE_CHECKING:
    from uuid import UUID

    from sql.database import Connection, Pool

OK: Final = 200


class Once(msgspec.Struct, frozen=True, kw_only=True):
    """A message of an authority, known by its webhook id; `secret`: with which old digests are hashed."""

    authority: str
    webhook_id: str
    body_digest: bytes
    secret: bytes

    async def refused(self, connection: Connection | Pool) -> Refused | None:
        """Refuse a message that was taken before, and another one that has its id."""
        receipt = await sql.filing.find_receipt(connection, self.authority, self.webhook_id)
        if receipt is None:
            return None
        again = is_digest(receipt.body_digest, self.body_digest, self.secret)
        return Refused(Refusal.TAKEN if again else Refusal.WEBHOOK_USED)

    async def keep(self, connection: Connection, alert_id: UUID) -> None:
        """Note within the caller's transaction that it is taken; its answer is the alert as it stands."""
        answer = msgspec.json.encode({"alert": {"id": alert_id}})
        now = await sql.progress.record_time(connection)
        receipt = ReceiptRow(self.body_digest, OK, answer)
        await sql.filing.add_receipt(connection, self.authority, self.webhook_id, receipt, now)
