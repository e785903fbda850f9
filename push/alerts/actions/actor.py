"""Actors: who does something to an alert, and how the audit trail names them.

Bounded by the names of tokens and authorities.
"""

from __future__ import annotations

from typing import Final

import msgspec

from push.alerts.people.names import folded_name

SYSTEM_ROLE: Final = "system"
AUTHORITY_ROLE: Final = "authority"


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who does something: a person with a token, an authority with its signature, or the system by itself.

    `authority`: the one that the person belongs to, or that signed. `person_id` and `token_id`: of a token, None for
    all others.
    """

    role: str
    name: str
    authority: str | None = None
    person_id: int | None = None
    token_id: int | None = None

    @property
    def label(self) -> str:
        """How the audit trail names them."""
        return self.role if self.role == SYSTEM_ROLE else f"{self.role} {self.name}"

    @property
    def person(self) -> str:
        """The name as it compares, beside the person's id: what servers that did not know persons go by."""
        return folded_name(self.name)

    def is_person(self, person_id: int | None, name: str) -> bool:
        """Tell whether this is the person of a row; one of a server that did not know persons has the name alone."""
        return name == self.person if person_id is None else person_id == self.person_id


SYSTEM: Final = Actor(role=SYSTEM_ROLE, name=SYSTEM_ROLE)


def of_authority(authority: str) -> Actor:
    """Return an authority that signed something."""
    return Actor(role=AUTHORITY_ROLE, name=authority, authority=authority)
