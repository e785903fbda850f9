"""Reads out of what the issuer says of somebody what they may do here, and what they are called.

Pure. Bounded: `GROUPS_MAX` groups are looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from handlers.console.signing_in.issuer.settings import GroupRole
from push.alerts.people.names import displayed, fault_of

if TYPE_CHECKING:
    from handlers.console.signing_in.issuer.settings import OidcSettings

GROUPS_MAX: Final = 2000
STRENGTH: Final = (GroupRole.VIEWER, GroupRole.OPERATOR, GroupRole.APPROVER, GroupRole.ADMIN)
NAME_CLAIMS: Final = ("preferred_username", "email")
"""What people are called where the configured claim is missing, or has what no name has."""


class Standing(NamedTuple):
    """What somebody may do; `authority`: whose officer they are, None for all others."""

    role: GroupRole
    authority: str | None


def standing_of(claims: dict[str, Any], settings: OidcSettings) -> Standing | None:
    """Return what the groups of somebody give: the strongest role; None where no group gives one.

    Who is an officer of an authority by any group is one with every role: no group takes that limit away. An officer of
    two authorities has none that could be shown.
    """
    named = {name for name in _groups(claims, settings.groups_claim) if name in settings.groups}
    given = [settings.groups[name] for name in named]
    authorities = {one.authority for one in given if one.authority is not None}
    if not given or len(authorities) > 1:
        return None
    return Standing(max((one.role for one in given), key=STRENGTH.index), next(iter(authorities), None))


def name_of(claims: dict[str, Any], settings: OidcSettings) -> str | None:
    """Return what somebody is called, None where nothing that is said of them is a name (`people.names`)."""
    for claim in (settings.name_claim, *NAME_CLAIMS):
        name = claims.get(claim)
        if isinstance(name, str) and fault_of(name) is None:
            return displayed(name)
    return None


def _groups(claims: dict[str, Any], path: str) -> list[str]:
    """Return the groups that a claim names: under this name, or within others by its dots."""
    found: Any = claims.get(path)
    if found is None:
        found = claims
        for part in path.split("."):
            found = found.get(part) if isinstance(found, dict) else None
    if isinstance(found, str):
        return [found]
    return [one for one in found[:GROUPS_MAX] if isinstance(one, str)] if isinstance(found, list) else []
