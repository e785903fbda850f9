"""The simulated providers: what they accept is what people are shown, and the truth by which all is judged.

A request that was started travels to the provider and is answered there, whatever becomes of the process. Bounded:
`RECIPIENTS_MAX` a request, `TIMEOUT_S` for its answer.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from push.provider import withheld
from push.results import RecipientStatus, RequestStatus, SendResult

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from push.message.content import Message
    from push.provider import Clearance
    from tests.simulation.world.process import SimulatedProcess
    from tests.simulation.world.world import World

RECIPIENTS_MAX: Final = 3
TIMEOUT_S: Final = 4.0
URL: Final = "https://provider.example"


@dataclass(slots=True, eq=False)
class Request:
    """A request to a provider. Times by the clock of the world, in seconds; None: not yet, or never.

    `ambiguous`: the process was not told what became of it. `own_s`: when it started, by the clock of its process.
    """

    process: SimulatedProcess
    lane: str
    alert: UUID
    notice: str
    version: int
    unit: int
    ring: int
    collapse_id: str
    locale: str
    users: list[int]
    started_s: float
    own_s: float
    accepted: list[int] = field(default_factory=list)
    accepted_s: float | None = None
    ambiguous: bool = False
    recorded: set[int] = field(default_factory=set)
    recorded_s: float | None = None


@dataclass(slots=True)
class ProviderFaults:
    """How a lane's provider fails now; shares of requests from 0 to 1."""

    failing: float = 0.0
    throttled: float = 0.0
    misconfigured: bool = False
    ambiguous: float = 0.0
    partial: float = 0.0
    slow: float = 0.0

    @property
    def any(self) -> bool:
        """Whether anything is wrong that keeps recipients from being accepted."""
        return bool(self.failing or self.throttled or self.misconfigured or self.ambiguous or self.partial or self.slow)


class SimulatedGateway:
    """The gateway of one lane in one process."""

    recipients_max = RECIPIENTS_MAX

    def __init__(self, world: World, process: SimulatedProcess, lane: str) -> None:
        self._world = world
        self._process = process
        self._lane = lane

    async def close(self) -> None:
        """Close nothing."""

    async def send(self, message: Message, recipients: Sequence[bytes], clearance: Clearance) -> SendResult:
        """Send to recipients."""
        world, process = self._world, self._process
        if process.over:
            raise asyncio.CancelledError
        stopped = withheld(clearance, URL, len(recipients))
        if stopped is not None:
            return stopped
        row: Any = clearance._unit.row  # type: ignore[attr-defined] # which version it says is not in a message
        request = Request(
            process=process,
            lane=self._lane,
            alert=message.alert_id,
            notice=message.notice,
            version=row.message_version,
            unit=row.id,
            ring=row.ring,
            collapse_id=message.collapse_id,
            locale=message.locale,
            users=[world.people.user_of(one) for one in recipients],
            started_s=world.loop.now_s,
            own_s=process.now_s,
        )
        world.started(request)
        answered: asyncio.Future[SendResult] = world.loop.create_future()
        self._travel(request, answered)
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await answered
        except TimeoutError:
            request.ambiguous = True
            return SendResult(RequestStatus.FAILING, "timeout", indeterminate=True)

    def _travel(self, request: Request, answered: asyncio.Future[SendResult]) -> None:
        world, faults = self._world, self._world.providers[self._lane]
        random = world.random
        there_s = 0.05 + 0.4 * random.random()
        back_s = 0.005 + 0.05 * random.random()
        if faults.slow and random.random() < faults.slow:
            back_s += 8.0 * random.random()
        world.loop.later_outside(there_s, self._judge, request, answered, back_s)

    def _judge(self, request: Request, answered: asyncio.Future[SendResult], back_s: float) -> None:
        """Accept or refuse a request, at the provider."""
        world, faults = self._world, self._world.providers[self._lane]
        chance = world.random.random
        if faults.misconfigured:
            result = SendResult(RequestStatus.MISCONFIGURED, "credentials")
        elif faults.failing and chance() < faults.failing:
            result = SendResult(RequestStatus.FAILING, "503")
        elif faults.throttled and chance() < faults.throttled:
            result = SendResult(RequestStatus.THROTTLED, "429", retry_after_s=0.5)
        else:
            result = self._accept(request)
            if faults.ambiguous and chance() < faults.ambiguous:
                request.ambiguous = True
                result = SendResult(RequestStatus.FAILING, "connection lost", indeterminate=True)
        world.loop.later_outside(back_s, _answer, answered, result)

    def _accept(self, request: Request) -> SendResult:
        world, faults = self._world, self._world.providers[self._lane]
        statuses = []
        for user in request.users:
            if world.people.is_dead(user, self._lane):
                statuses.append(RecipientStatus.INVALID)
            elif faults.partial and world.random.random() < faults.partial:
                statuses.append(RecipientStatus.RETRY)
            else:
                statuses.append(RecipientStatus.ACCEPTED)
        accepted = [user for user, one in zip(request.users, statuses, strict=True) if one is RecipientStatus.ACCEPTED]
        world.accepted(request, accepted)
        return SendResult(RequestStatus.ANSWERED, statuses=None if len(accepted) == len(statuses) else statuses)


def _answer(answered: asyncio.Future[SendResult], result: SendResult) -> None:
    if not answered.done():
        answered.set_result(result)
