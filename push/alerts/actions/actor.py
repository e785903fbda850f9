"""Actors: who does something to an alert, and how the audit trail names them.

Bounded by the names of tokens and authorities.
"""

from __future__ import annotations

from typing import Final

import msgspec

from push.alerts.name_matching import folded

SYSTEM_ROLE: Final = "system"
AUTHORITY_ROLE: Final = "authority"


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who does something: a person with a token, an authority with its signature, or the system by itself.

    `authority`: the one that the person belongs to, or that signed.
    """

    role: str
    name: str
    authority: str | None = None

    @property
    def label(self) -> str:
        """How the audit trail names them."""
        return self.role if self.role == SYSTEM_ROLE else f"{self.role} {self.name}"

    @property
    def person(self) -> str:
        """The person: two tokens of the same name are one, however the name is typed."""
        return folded(self.name)


SYSTEM: Final = Actor(role=SYSTEM_ROLE, name=SYSTEM_ROLE)


def of_authority(authority: str) -> Actor:
    """Return an authority that signed something."""
    return Actor(role=AUTHORITY_ROLE, name=authority, authority=authority)
