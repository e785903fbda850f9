"""The settings of an issuer.

Bounded: every value has its range.
"""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

Scope = Annotated[str, Meta(pattern=r"^[!#-\[\]-~]+\Z", max_length=100)]


class GroupRole(enum.StrEnum):
    """Which role a group of the issuer may give: all but the platform's, which is no person's."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    APPROVER = "approver"
    ADMIN = "admin"


class GroupSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What members of a group may do; `authority`: whose officers they are."""

    role: GroupRole
    authority: Annotated[str, Meta(min_length=1, max_length=100)] | None = None


class OidcSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An issuer (OpenID Connect), as which client we ask it, and which of its groups give a role.

    `groups_claim`: where the groups stand, with dots for what is within (`realm_access.roles`). `name_claim`: what
    people are called at their first sign-in. `ca_file` (PEM): who signed the issuer's certificate, if nobody public
    did.

    While a session is used the issuer is asked every `recheck_s` whether its person is there. While it does not answer,
    sessions go on for `outage_s`.
    """

    issuer: Annotated[str, Meta(pattern=r"^https?://[^\s?#]+\Z", max_length=300)]
    client_id: Annotated[str, Meta(min_length=1, max_length=200)]
    groups: Annotated[dict[str, GroupSettings], Meta(min_length=1, max_length=200)]
    client_secret: Annotated[str, Meta(min_length=1, max_length=1000)] | None = None
    groups_claim: Annotated[str, Meta(min_length=1, max_length=200)] = "groups"
    name_claim: Annotated[str, Meta(min_length=1, max_length=200)] = "name"
    scopes: Annotated[tuple[Scope, ...], Meta(max_length=20)] = ("openid", "profile")
    ca_file: Path | None = None
    recheck_s: Annotated[float, Meta(ge=0.2, le=40)] = 20.0
    outage_s: Annotated[float, Meta(ge=1, le=14_400)] = 1800.0
