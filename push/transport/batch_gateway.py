"""Gateways of batch lanes that address devices: a message and tokens flow in, one request at a time flows out.

What each provider says on the wire is in its own file. Bounded: `recipients_max` tokens a request.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from push.clearance import withheld
from push.model import Answer, Fate, Verdict, unsayable
from push.said import DoesNotFitError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from push.clearance import Clearance
    from push.said import Message
    from push.transport.batch_http import BatchHttp

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

    async def send(self, message: Message, recipients: Sequence[bytes], clearance: Clearance) -> Answer:
        """Send one request; whatever the provider or the network does comes back as a value."""
        # Before anything else: who may not send needs no access token either.
        unsent = withheld(clearance, self._url, len(recipients))
        if unsent is not None:
            return unsent
        if self._forms.fullmatch(b"\n".join(recipients)):
            return await self._send_if_it_fits(message, recipients, clearance)
        rows = [row for row, token in enumerate(recipients) if self._form.fullmatch(token)]
        fates = [Fate.QUARANTINED] * len(recipients)
        if not rows:
            return Answer(Verdict.ANSWERED, "no token of this provider's form", fates, asked=False)
        answer = await self._send_if_it_fits(message, [recipients[row] for row in rows], clearance)
        for place, row in enumerate(rows):
            fates[row] = answer.fate if answer.fates is None else answer.fates[place]
        since_ms = {rows[place]: at_ms for place, at_ms in answer.dead_since_ms.items()}
        return msgspec.structs.replace(answer, fates=fates, dead_since_ms=since_ms)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def _send_if_it_fits(self, message: Message, tokens: Sequence[bytes], clearance: Clearance) -> Answer:
        try:
            return await self._send(message, tokens, clearance)
        except DoesNotFitError as error:
            return unsayable(error, len(tokens))

    async def _send(self, message: Message, tokens: Sequence[bytes], clearance: Clearance) -> Answer:
        """Send to tokens that are all of the provider's form."""
        raise NotImplementedError
