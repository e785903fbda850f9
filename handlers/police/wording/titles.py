"""Writes the title of a case: in whose name, how somebody came to be missing, who it is.

Bounded by `TITLE_BYTES`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from push.message.bidi import isolated
from push.message.truncation import TITLE_BYTES, shortened_title, utf8
from push.notice import CaseKind, SubjectKind

if TYPE_CHECKING:
    from handlers.police.case.case import Case
    from handlers.police.case.missing import Missing
    from push.message.catalogues import Catalogue
    from push.message.content import Text


def titled(text: Text, case: Case, words: Catalogue) -> Text:
    """Return a text with the title of a case, which fits beside the body in what every provider takes."""
    who = _who(case, words)
    issuer = None if case.issuer is None else isolated(case.issuer)
    names = tuple(name_of(one, words) for one in case.missing)
    whole = msgspec.structs.replace(
        text,
        title=who if issuer is None else words.issued.format(issuer=issuer, title=who),
        title_brief="" if issuer is None else who,
        title_elastic=names if issuer is None else (issuer, *names),
    )
    brief = msgspec.structs.replace(whole, title=who, title_elastic=names)
    return msgspec.structs.replace(
        whole,
        title=shortened_title(whole, TITLE_BYTES, utf8),
        title_brief="" if issuer is None else shortened_title(brief, TITLE_BYTES, utf8),
    )


def name_of(one: Missing, words: Catalogue) -> str:
    """Return by what somebody is called: the name, else the first nickname, else that it is unknown."""
    name = one.name or next(iter(one.nicknames), None)
    return words.unnamed if name is None else isolated(name)


def _who(case: Case, words: Catalogue) -> str:
    missing = _missing(case, words)
    if len(case.missing) == 1:
        (one,) = case.missing
        title = words.title if one.age is None else words.title_with_age
        return title.format(missing=missing, name=name_of(one, words), age=one.age)
    several = words.several
    named = [
        (several.one if one.age is None else several.one_with_age).format(name=name_of(one, words), age=one.age)
        for one in case.missing
    ]
    return several.title.format(missing=missing, children=several.between.join(named))


def _missing(case: Case, words: Catalogue) -> str:
    """Return how somebody came to be missing; a case that does not say so is of somebody lost."""
    phrases = words.missing[case.kind or CaseKind.LOST]
    match case.subject_kind:
        case SubjectKind.DEMENTIA:
            return phrases.dementia
        case SubjectKind.DISABILITY:
            return phrases.disability
        case SubjectKind.CHILD:
            return phrases.child if len(case.missing) == 1 else phrases.children
