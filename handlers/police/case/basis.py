"""On what an alert rests: which criteria the police checked, and whether a guardian agreed to it.

What is missing holds an alert for approval; it never refuses one. Bounded by the fields.
"""

from __future__ import annotations

import msgspec

from handlers.moments import Moment
from handlers.police.case.fields import ShortText, Text


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
    """A guardian's consent: `relation` to the child, when it was given, for what; or why it is waived."""

    relation: ShortText | None = None
    at: Moment | None = None
    scope: Text | None = None
    waived: Text | None = None


class Basis(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Criteria and consent."""

    criteria: Criteria | None = None
    consent: Consent | None = None
