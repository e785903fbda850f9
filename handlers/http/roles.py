"""Roles: what a bearer token may do, and which bearers a route lets in.

Bounded by its words.
"""

from __future__ import annotations

import enum


class Role(enum.StrEnum):
    """What a bearer may do."""

    PLATFORM = "platform"
    VIEWER = "viewer"
    OPERATOR = "operator"
    APPROVER = "approver"
    ADMIN = "admin"


ALLOWS: dict[Role, frozenset[Role]] = {
    Role.PLATFORM: frozenset({Role.PLATFORM, Role.ADMIN}),
    Role.VIEWER: frozenset({Role.VIEWER, Role.OPERATOR, Role.APPROVER, Role.ADMIN}),
    Role.OPERATOR: frozenset({Role.OPERATOR, Role.APPROVER, Role.ADMIN}),
    Role.APPROVER: frozenset({Role.APPROVER, Role.ADMIN}),
    Role.ADMIN: frozenset({Role.ADMIN}),
}
"""Which bearers a route with a declared role lets in."""
