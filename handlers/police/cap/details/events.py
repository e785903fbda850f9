"""Says of what kind of person a CAP message is: by its event codes, by its parameter, else by its words.

SAME has CAE (Child Abduction Emergency) and, since September 2025, MEP (Missing and Endangered Persons: in the United
States whoever is no AMBER case). Canada's profile (CAP-CP) writes `amber`, `missingPer` and `missingVPer` instead.
Bounded by the message.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from handlers.cap.model import EVENT_CODE, EVENT_SYSTEM, PERSON_EVENT_CODE
from handlers.http.problems import FieldError
from handlers.police.cap.details.names import AGE, SUBJECT_KIND, field_of, word_of
from handlers.police.case.missing import AGE_MAX, CHILD_AGE_MAX
from push.notice import SubjectKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from handlers.cap.model import Info, Message, Named

CHILD_EVENTS: Final = re.compile(
    r"amber[ -]?alert|alerta amber|missing child|child (is )?missing|child abduction|abducted child"
    r"|儿童(失踪|走失|被拐)|(失踪|走失|被拐)儿童",
    re.IGNORECASE,
)
"""How an event of a child without a code is recognized by its `event`."""

PERSON_EVENTS: Final = re.compile(
    r"(missing|endangered)( and|,|/)? (endangered|missing|vulnerable)|silver[ -]?alert|ashanti alert"
    r"|missing (elder|elderly|senior|adult|person)|老人(失踪|走失)|(失踪|走失)(的)?老人"
    r"|(残疾|残障|智障)(人|人士)?(失踪|走失)|(失踪|走失)(残疾|残障|智障)",
    re.IGNORECASE,
)
"""The same of an event of somebody who is no child."""

DEMENTIA: Final = re.compile(
    r"dementia|alzheimer|silver[ -]?alert|demencia|치매|失智|痴呆|认知症|認知症|阿尔茨海默", re.IGNORECASE
)
DISABILITY: Final = re.compile(
    r"disab|autis|down syndrome|discapacidad|장애|残疾|残障|智障|智力|自闭|孤独症|精神障碍", re.IGNORECASE
)
ELDER_AGE_MIN: Final = 60
"""From this age on Chinese law calls people elders (Protection of the Rights of Older Persons, article 2)."""

CHILD_CODES: Final = {EVENT_SYSTEM: {EVENT_CODE}, "CAP-CP": {"AMBER"}}
PERSON_CODES: Final = {EVENT_SYSTEM: {PERSON_EVENT_CODE}, "CAP-CP": {"MISSINGPER", "MISSINGVPER"}}
_CANADIAN: Final = re.compile(r"profile:CAP-CP:Event\b", re.IGNORECASE)

GUESSED: Final = "/alert/info[1]/eventCode: MEP without qq-alert:subjectKind is taken as {kind}"


def is_missing_person(info: Info) -> bool:
    """Tell whether a text is about somebody missing, of any kind."""
    coded = any(_is_of(code, CHILD_CODES) or _is_of(code, PERSON_CODES) for code in info.event_codes)
    return coded or CHILD_EVENTS.search(info.event) is not None or PERSON_EVENTS.search(info.event) is not None


def is_other_event(info: Info) -> bool:
    """Tell whether a text has SAME's code of something else."""
    return any(_system_of(code) == EVENT_SYSTEM and not _is_missing(code) for code in info.event_codes)


def subject_of(message: Message) -> tuple[SubjectKind, list[str]] | list[FieldError]:
    """Return who is missing, with what the sender should know of it, or why that cannot be."""
    said = set(_said(message))
    coded = [code for info in message.infos for code in info.event_codes]
    of_child = any(_is_of(code, CHILD_CODES) for code in coded)
    if None in said or len(said) > 1:
        known = ", ".join(SubjectKind)
        return [FieldError("/alert/info[1]/parameter", f"qq-alert:subjectKind: one of {known}, the same in each info")]
    kind = next(iter(said), None)
    if kind is not None and kind is not SubjectKind.CHILD and of_child:
        detail = f"{EVENT_CODE} is of a child: {PERSON_EVENT_CODE} is the code of others"
        return [FieldError("/alert/info[1]/eventCode", detail)]
    if kind is not None:
        return kind, []
    of_person = any(_is_of(code, PERSON_CODES) for code in coded) or _is_of_person(message)
    return _guessed(message) if of_person and not of_child else (SubjectKind.CHILD, [])


def _said(message: Message) -> Iterator[SubjectKind | None]:
    """Return each kind that a parameter names, None for one that there is not."""
    known: dict[str, SubjectKind] = {kind.value: kind for kind in SubjectKind}
    for info in message.infos:
        for one in info.parameters:
            if field_of(one.name) == SUBJECT_KIND and word_of(one.value):
                yield known.get(word_of(one.value))


def _guessed(message: Message) -> tuple[SubjectKind, list[str]]:
    """Return what words and ages say; a guess is noted."""
    words = " ".join(f"{info.event} {info.headline} {info.description}" for info in message.infos)
    ages = [
        int(one.value)
        for info in message.infos
        for one in info.parameters
        if field_of(one.name) == AGE and one.value.isdecimal() and len(one.value) <= len(str(AGE_MAX))
    ]
    if (ages and max(ages) <= CHILD_AGE_MAX) or any(CHILD_EVENTS.search(info.event) for info in message.infos):
        return SubjectKind.CHILD, []
    if DEMENTIA.search(words):
        return SubjectKind.DEMENTIA, []
    if DISABILITY.search(words):
        return SubjectKind.DISABILITY, []
    kind = SubjectKind.DEMENTIA if ages and max(ages) >= ELDER_AGE_MIN else SubjectKind.DISABILITY
    return kind, [GUESSED.format(kind=kind)]


def _is_of_person(message: Message) -> bool:
    events = [info.event for info in message.infos]
    return not any(map(CHILD_EVENTS.search, events)) and any(map(PERSON_EVENTS.search, events))


def _is_missing(code: Named) -> bool:
    return _is_of(code, CHILD_CODES) or _is_of(code, PERSON_CODES)


def _is_of(code: Named, codes: dict[str, set[str]]) -> bool:
    return code.value.strip().upper() in codes.get(_system_of(code), ())


def _system_of(code: Named) -> str:
    return "CAP-CP" if _CANADIAN.match(code.name.strip()) else code.name.strip().upper()
