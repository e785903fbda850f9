"""Who may call a route: bearers with a role, or callers that prove themselves in another way.

Bounded by its words.
"""

from __future__ import annotations

import enum
from typing import NamedTuple, TypeAlias


class Role(enum.StrEnum):
    """What a bearer may do."""

    PLATFORM = "platform"
    VIEWER = "viewer"
    OPERATOR = "operator"
    APPROVER = "approver"
    ADMIN = "admin"


class Proof(enum.StrEnum):
    """How a caller without a bearer token may come in: the route itself looks at it."""

    SIGNATURE = "signature"
    """A webhook or a document that its authority signed."""

    TICKET = "ticket"
    """The feed also takes a ticket, because browsers cannot set headers on a WebSocket."""

    PUBLISHED = "published"
    """Anybody, to read what is the same for everybody."""

    NONE = "none"
    """Anybody."""


class SignedIn(NamedTuple):
    """A person who is signed in at the console, with a role."""

    role: Role


Access: TypeAlias = Role | Proof | SignedIn

ALLOWS: dict[Role, frozenset[Role]] = {
    Role.PLATFORM: frozenset({Role.PLATFORM, Role.ADMIN}),
    Role.VIEWER: frozenset({Role.VIEWER, Role.OPERATOR, Role.APPROVER, Role.ADMIN}),
    Role.OPERATOR: frozenset({Role.OPERATOR, Role.APPROVER, Role.ADMIN}),
    Role.APPROVER: frozenset({Role.APPROVER, Role.ADMIN}),
    Role.ADMIN: frozenset({Role.ADMIN}),
}
"""Which bearers a route with a declared role lets in."""
