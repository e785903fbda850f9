"""Reads from a CAP message on what its case rests: the criteria that were checked, and a guardian's consent.

A value that cannot be read is open, as one that is left out: it holds the case where it is asked for, and refuses none.
Bounded by the message; a text by `TEXT_MAX`.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from handlers.police.case.basis import Basis, Consent, Criteria
from handlers.values.text import clean
from handlers.values.years import is_within_years

if TYPE_CHECKING:
    from handlers.cap.model import Message

CRITERIA: Final = "qq-alert:criteria:"
CONSENT: Final = "qq-alert:consent:"
TEXT_MAX: Final = 500
WORDS: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def basis_of(message: Message) -> Basis | None:
    """Return on what the case of a message rests, None where it says nothing of that.

    Where its texts answer a criterion differently, the answer that holds the case counts.
    """
    answers: dict[str, bool] = {}
    consent: dict[str, str] = {}
    for parameter in (one for info in message.infos for one in info.parameters):
        name, value = parameter.name.strip(), clean(parameter.value)
        criterion = name.removeprefix(CRITERIA)
        if (
            criterion != name
            and criterion in Criteria.__struct_fields__
            and (word := WORDS.get(value.lower())) is not None
        ):
            holds = criterion == "custody_dispute"
            answers[criterion] = word if answers.get(criterion) is not holds else holds
        part = name.removeprefix(CONSENT)
        if part != name and part in Consent.__struct_fields__ and value:
            consent.setdefault(part, value[:TEXT_MAX])
    if not answers and not consent:
        return None
    given = None if not consent else _consent(consent)
    return Basis(criteria=Criteria(**answers) if answers else None, consent=given)


def _consent(parts: dict[str, str]) -> Consent:
    moment = _moment(parts.pop("at", ""))
    return Consent(at=moment, **parts)


def _moment(text: str) -> datetime | None:
    """Return a moment that has an offset and can be meant."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None and is_within_years(moment) else None
