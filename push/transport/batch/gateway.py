"""What gateways of batch lanes share that address devices: the check of token forms, and one request a batch.

The wire format of each provider is in its own file. Bounded: `recipients_max` tokens a request.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from push.message.truncation import MessageTooLargeError
from push.provider import withheld
from push.results import RecipientStatus, RequestStatus, SendResult, merge, message_too_large

if TYPE_CHECKING:
    from collections.abc import Sequence

    from push.message.content import Message
    from push.provider import Clearance
    from push.transport.batch.http import BatchHttp

RECIPIENTS_MAX = 1000
"""All of these providers take so many; what could be verified of it stands in their files."""


class BatchGateway:
    """Sends to the tokens of its provider's form, because one that cannot be its may spoil a thousand others.

    `url`: where its messages go.
    """

    recipients_max = RECIPIENTS_MAX

    def __init__(self, form: re.Pattern[bytes], http: BatchHttp, url: str) -> None:
        self._form = form
        # A whole batch at once: nearly always all tokens are well formed. Reports have no token with a line break.
        self._forms = re.compile(b"(?:%b)(?:\n(?:%b))*" % (form.pattern, form.pattern), form.flags)
        self._url = url
        self._http = http

    async def send(self, message: Message, recipients: Sequence[bytes], clearance: Clearance) -> SendResult:
        """Send one request; whatever the provider or the network does comes back as a value."""
        # Before anything else: who may not send needs no access token either.
        unsent = withheld(clearance, self._url, len(recipients))
        if unsent is not None:
            return unsent
        if self._forms.fullmatch(b"\n".join(recipients)):
            return await self._send_unless_too_large(message, recipients, clearance)
        rows = [row for row, token in enumerate(recipients) if self._form.fullmatch(token)]
        sent = SendResult(RequestStatus.ANSWERED, "no token of this provider's form", [], asked=False)
        if rows:
            sent = await self._send_unless_too_large(message, [recipients[row] for row in rows], clearance)
        return merge([(rows, sent)], len(recipients), decisive=sent, others=RecipientStatus.MALFORMED)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def _send_unless_too_large(
        self, message: Message, tokens: Sequence[bytes], clearance: Clearance
    ) -> SendResult:
        try:
            return await self._send(message, tokens, clearance)
        except MessageTooLargeError as error:
            return message_too_large(error, len(tokens))

    async def _send(self, message: Message, tokens: Sequence[bytes], clearance: Clearance) -> SendResult:
        """Send to tokens that are all of the provider's form."""
        raise NotImplementedError
