"""Reads how a case ended from a Cancel or an Update: the parameter `qq-alert:outcome`.

CAP has no word of its own for it. It must be the same in every language of the message. Bounded by the message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from handlers.cap.model import MessageType
from handlers.http.problems import FieldError
from push.alerts.outcomes import CaseOutcome

if TYPE_CHECKING:
    from handlers.cap.model import Message

PARAMETER: Final = "qq-alert:outcome"


def outcome_of(message: Message) -> CaseOutcome | FieldError | None:
    """Return the outcome, None where none is said, or what is wrong with it."""
    said = {
        (number, parameter.value.strip())
        for number, info in enumerate(message.infos, 1)
        for parameter in info.parameters
        if parameter.name.strip().lower() == PARAMETER
    }
    if not said:
        return None
    number = min(number for number, _ in said)
    path, values = f"/alert/info[{number}]/parameter", {value for _, value in said}
    if message.message_type is MessageType.ALERT:
        return FieldError(path, f"{PARAMETER}: an Alert has no outcome")
    if len(values) > 1:
        return FieldError(path, f"{PARAMETER}: not the same everywhere")
    value = values.pop()
    if value not in set(CaseOutcome):
        return FieldError(path, f"{PARAMETER}: one of {', '.join(CaseOutcome)}")
    return CaseOutcome(value)
