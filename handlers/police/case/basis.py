"""On what an alert rests: which criteria the police checked, and whether a guardian agreed to it.

What is missing holds an alert for approval; it never refuses one. Bounded by the fields.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from handlers.moments import Moment
from handlers.police.case.fields import ShortText, Text
from push.alerts.review import Asked, HeldFor

if TYPE_CHECKING:
    from collections.abc import Collection


class Criteria(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The checklist of the police, each item answered, or null while it is open.

    `is_missing`: the child is missing indeed. `at_risk`: there is reason to fear for the child. `describable`: there is
    enough that strangers can recognise. `custody_dispute`: parents or guardians disagree about where the child belongs.
    """

    is_missing: bool | None = None
    at_risk: bool | None = None
    describable: bool | None = None
    custody_dispute: bool | None = None


class Consent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A guardian's consent: `relation` to the child, when it was given, for what; or why it is waived, or refused."""

    relation: ShortText | None = None
    at: Moment | None = None
    scope: Text | None = None
    waived: Text | None = None
    refused: Text | None = None

    @property
    def is_whole(self) -> bool:
        """Whether it says who agreed, when and to what, or why nobody needs to."""
        return self.waived is not None or None not in {self.relation, self.at, self.scope}


class Basis(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Criteria and consent."""

    criteria: Criteria | None = None
    consent: Consent | None = None


_ANSWERS: Final = {
    Asked.IS_MISSING: (False, HeldFor.NOT_MISSING, HeldFor.IS_MISSING_OPEN),
    Asked.AT_RISK: (False, HeldFor.NOT_AT_RISK, HeldFor.AT_RISK_OPEN),
    Asked.DESCRIBABLE: (False, HeldFor.NOT_DESCRIBABLE, HeldFor.DESCRIBABLE_OPEN),
    Asked.CUSTODY_DISPUTE: (True, HeldFor.CUSTODY_DISPUTE, HeldFor.CUSTODY_DISPUTE_OPEN),
}
"""Which answer to each criterion holds a case, and as what; and as what it is held where the answer is asked for."""


def held_for(basis: Basis | None, asks: Collection[str]) -> tuple[HeldFor, ...]:
    """Return why a case is held for approval by its basis; `asks`: the items that its authority is asked for.

    What is given counts whether or not it is asked for.
    """
    criteria = (basis and basis.criteria) or Criteria()
    consent = (basis and basis.consent) or Consent()
    given = {asked: getattr(criteria, asked.value) for asked in _ANSWERS}
    words = [word for asked, (bad, word, _) in _ANSWERS.items() if given[asked] is bad]
    if consent.refused is not None:
        words.append(HeldFor.CONSENT_REFUSED)
    words += [word for asked, (_, _, word) in _ANSWERS.items() if given[asked] is None and asked in asks]
    if Asked.CONSENT in asks and consent.refused is None and not consent.is_whole:
        words.append(HeldFor.CONSENT_OPEN)
    return tuple(words)
