"""Puts together what answers administrators.

Bounded by its parts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers.operators.administration.authorities import AuthorityReads
from handlers.operators.administration.authority_changes import AuthorityChanges
from handlers.operators.administration.enrolment import EnrolmentChanges
from handlers.operators.administration.lanes import Lanes
from handlers.operators.administration.routes import AdministrationHandlers
from handlers.operators.administration.tokens import Tokens

if TYPE_CHECKING:
    from handlers.auth.webhook_signatures import Vault
    from sql.database import Pool


def administration_of(pool: Pool, vault: Vault) -> AdministrationHandlers:
    """Return what answers administrators."""
    authorities = AuthorityReads(pool)
    return AdministrationHandlers(
        authorities=authorities,
        changes=AuthorityChanges(pool, vault, authorities),
        tokens=Tokens(pool),
        lanes=Lanes(pool),
        enrolment=EnrolmentChanges(pool),
    )
