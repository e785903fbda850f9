"""The answer to a signed message: stored in the transaction of what the message did, so that a retry gets it again.

Bounded: one receipt a message, deleted after the time that receipts are kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sql.filing
import sql.progress
from sql.filing import ReceiptRow

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from sql.database import Connection, Pool
    from sql.progress import ListedAlert


class WebhookAnswer:
    """The answer to one message, known by `webhook_id`; `write` makes its body of the alert as it stands and notes."""

    def __init__(
        self,
        authority: str,
        webhook_id: str,
        body_digest: bytes,
        status: int,
        write: Callable[[ListedAlert, Sequence[str]], bytes],
    ) -> None:
        self._authority = authority
        self._webhook_id = webhook_id
        self.body_digest = body_digest
        self._status = status
        self._write = write
        self.body: bytes | None = None

    async def earlier(self, connection: Connection | Pool) -> ReceiptRow | None:
        """Return the answer that was given before to a message with this id, None when it is new."""
        return await sql.filing.find_receipt(connection, self._authority, self._webhook_id)

    async def is_given(self, connection: Connection) -> bool:
        """Tell whether there is an answer already, and let nobody else give one before the transaction ends."""
        await sql.filing.lock_webhook(connection, self._authority, self._webhook_id)
        return await self.earlier(connection) is not None

    async def keep(self, connection: Connection, alert_id: UUID, notes: Sequence[str]) -> None:
        """Write the answer and store it, within the caller's transaction."""
        listed = (await sql.progress.list_alerts(connection, alert_id))[0]
        body = self._write(listed, notes)
        receipt = ReceiptRow(self.body_digest, self._status, body)
        received_at = await sql.progress.record_time(connection)
        await sql.filing.add_receipt(connection, self._authority, self._webhook_id, receipt, received_at)
        self.body = body
