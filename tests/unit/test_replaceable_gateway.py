"""A gateway that is replaced ends what it began, and nothing else is sent with it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from push.results import RequestStatus, SendResult
from push.transport.replaceable import LAST_ANSWERS_S, ReplaceableGateway
from tests.support.processes import clock
from tests.support.providers.clearances import CLEAR
from tests.support.providers.messages import message_for_tests

if TYPE_CHECKING:
    from collections.abc import Sequence

    from push.message.content import Message
    from push.provider import Clearance


class _Slow:
    """A gateway that answers with its name once it is allowed to."""

    recipients_max = 10

    def __init__(self, name: str) -> None:
        self._name = name
        self.may_answer = asyncio.Event()
        self.closed = False

    async def send(self, message: Message, recipients: Sequence[bytes], clearance: Clearance) -> SendResult:
        assert not self.closed, (message, recipients, clearance)
        await self.may_answer.wait()
        return SendResult(RequestStatus.ANSWERED, self._name)

    async def close(self) -> None:
        self.closed = True


def test_a_request_ends_at_the_gateway_that_it_began_with() -> None:
    """The one before is closed once its last request is answered, and not sooner; others go to the new one at once."""

    async def scenario() -> None:
        old, new = _Slow("old"), _Slow("new")
        gateway = ReplaceableGateway(old)
        first = asyncio.create_task(gateway.send(message_for_tests(), [b"1"], CLEAR))
        await asyncio.sleep(0)
        closing = asyncio.create_task(gateway.replace(new).close_when_answered())
        new.may_answer.set()
        assert (await gateway.send(message_for_tests(), [b"2"], CLEAR)).reason == "new"
        assert not old.closed
        old.may_answer.set()
        await closing
        assert (await first).reason == "old"
        assert (old.closed, new.closed) == (True, False)

    clock.run(scenario())


def test_a_request_that_is_never_answered_holds_the_end_of_its_gateway_for_its_bound_only() -> None:
    """After `LAST_ANSWERS_S` it is closed; without any request at once."""

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        old, new = _Slow("old"), _Slow("new")
        gateway = ReplaceableGateway(old)
        request = asyncio.create_task(gateway.send(message_for_tests(), [b"1"], CLEAR))
        await asyncio.sleep(0)
        started_s = loop.time()
        await gateway.replace(new).close_when_answered()
        assert old.closed
        assert loop.time() - started_s == LAST_ANSWERS_S
        await gateway.replace(_Slow("newest")).close_when_answered()
        assert new.closed
        assert loop.time() - started_s == LAST_ANSWERS_S
        request.cancel()

    clock.run(scenario())
