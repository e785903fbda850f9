"""Refused messages: tells a message that a provider does not take from tokens and settings that it does not take.

A message that is refused is sent once more without its photo, because a picture is what providers refuse most, and an
alert without one is better than none. What is refused then is the message's own fault where the lane has accepted
another one: those who were to get it are settled as refused, and the lane goes on for all other alerts. Where nothing
was ever accepted, the settings may be at fault, and nobody is settled. Bounded: `KNOWN_MAX` messages are remembered.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
import structlog

from push.alarm_kinds import AlarmKind
from push.results import RecipientStatus, RequestStatus, SendResult, merge

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from push.alarms import AlarmBoard
    from push.message.content import Message
    from push.provider import Clearance, Gateway

KNOWN_MAX: Final = 256
"""Ten alerts in two languages with all their notices, many times over."""

DOUBTS_MIN: Final = 20
"""So many tokens refused in one request, and none accepted: the message is at fault, and not each of the tokens."""

_DOUBTFUL: Final = frozenset({RecipientStatus.MESSAGE_REFUSED, RecipientStatus.TOKEN_OR_MESSAGE})

_log = structlog.get_logger("push.delivery.refused_messages")


class _Name(NamedTuple):
    """Which message it is: a notice of an alert in one language, with or without its photo."""

    alert_id: UUID
    notice: str
    locale: str
    has_photo: bool


class RefusedMessages:
    """Sends by one lane's gateway, and settles what is refused because of the message."""

    def __init__(self, lane: str, gateway: Gateway, alarms: AlarmBoard) -> None:
        self._lane = lane
        self._gateway = gateway
        self._alarms = alarms
        self._accepted: OrderedDict[_Name, None] = OrderedDict()
        self._refused_photos: OrderedDict[_Name, None] = OrderedDict()

    async def send(self, message: Message, recipients: Sequence[bytes], clearance: Clearance) -> SendResult:
        """Send to recipients, once more without the photo where that is refused; as a gateway does it."""
        if _name(message) in self._refused_photos:
            message = msgspec.structs.replace(message, photo_url=None)
        result = await self._send(message, recipients, clearance)
        rows = _doubtful(result)
        if rows and message.photo_url is not None and _name(message) not in self._accepted:
            plain = msgspec.structs.replace(message, photo_url=None)
            again = await self._send(plain, [recipients[row] for row in rows], clearance)
            if _name(plain) in self._accepted:
                self._drop_photo(message, result.reason)
            result = merge([(range(len(recipients)), result), (rows, again)], len(recipients), decisive=again)
            message = plain
        return self._settled(message, result)

    def forget(self) -> None:
        """Forget what was accepted and refused: it says nothing of what other settings and credentials are answered."""
        self._accepted.clear()
        self._refused_photos.clear()

    async def _send(self, message: Message, recipients: Sequence[bytes], clearance: Clearance) -> SendResult:
        """Send, and note whether anybody was; a refusal of the whole request is one of each recipient."""
        result = await self._gateway.send(message, recipients, clearance)
        if result.request_status is RequestStatus.MESSAGE_REFUSED and result.statuses is None:
            return msgspec.structs.replace(result, statuses=[RecipientStatus.MESSAGE_REFUSED] * len(recipients))
        answered = result.request_status is RequestStatus.ANSWERED
        if answered and (result.statuses is None or RecipientStatus.ACCEPTED in result.statuses):
            _remember(self._accepted, _name(message))
        return result

    def _settled(self, message: Message, result: SendResult) -> SendResult:
        """Return a result in which no recipient's status is in doubt any more."""
        rows = _doubtful(result)
        if not rows or result.statuses is None:
            return result
        name = _name(message)
        doubts = sum(status is RecipientStatus.TOKEN_OR_MESSAGE for status in result.statuses)
        if doubts == len(rows) and (name in self._accepted or doubts < DOUBTS_MIN):
            return _with(result, rows, RecipientStatus.QUARANTINED, RequestStatus.ANSWERED)
        if RecipientStatus.ACCEPTED in result.statuses:
            return _with(result, rows, RecipientStatus.REFUSED, RequestStatus.ANSWERED)
        if name in self._accepted:
            # What was taken before is not at fault: the provider has changed its mind about us.
            return _with(result, rows, RecipientStatus.RETRY, RequestStatus.MISCONFIGURED)
        if any(other != name for other in self._accepted):
            reason = result.reason or "the message is not well formed for it"
            detail = f"the provider takes other messages, and not this one: {reason}"
            self._alarms.raise_alarm(AlarmKind.MESSAGE_REFUSED, self._lane, str(name.alert_id), detail)
            return _with(result, rows, RecipientStatus.REFUSED, RequestStatus.ANSWERED)
        return _with(result, rows, RecipientStatus.RETRY, RequestStatus.MISCONFIGURED)

    def _drop_photo(self, message: Message, reason: str) -> None:
        name = _name(message)
        if name not in self._refused_photos:
            _log.warning("message.without_photo", lane=self._lane, alert=str(name.alert_id), reason=reason)
        _remember(self._refused_photos, name)


def _name(message: Message) -> _Name:
    return _Name(message.alert_id, message.notice, message.locale, message.photo_url is not None)


def _doubtful(result: SendResult) -> list[int]:
    return [row for row, status in enumerate(result.statuses or ()) if status in _DOUBTFUL]


def _with(
    result: SendResult, rows: Sequence[int], recipient_status: RecipientStatus, request_status: RequestStatus
) -> SendResult:
    """Return a result with one status for some recipients; a request status that is about us stands."""
    statuses = list(result.statuses or ())
    for row in rows:
        statuses[row] = recipient_status
    own = result.request_status not in {RequestStatus.ANSWERED, RequestStatus.MESSAGE_REFUSED}
    return msgspec.structs.replace(
        result, request_status=result.request_status if own else request_status, statuses=statuses
    )


def _remember(names: OrderedDict[_Name, None], name: _Name) -> None:
    names[name] = None
    names.move_to_end(name)
    while len(names) > KNOWN_MAX:
        names.popitem(last=False)
