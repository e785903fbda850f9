"""Rotates the webhook secrets of authorities: a new one is returned once, the earlier ones verify for `OVERLAP` more.

Bounded: `SECRETS_MAX` secrets of an authority verify at one time.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import sql.access
import sql.administration
import sql.audit
from handlers.administration.authorities import inactive
from handlers.administration.changing import Administrator, changed
from handlers.auth.webhook_signatures import SECRETS_MAX, Vault, new_secret
from handlers.http.problem_codes import ProblemCode
from handlers.http.problems import Refusal

if TYPE_CHECKING:
    from sql.database import Connection, Pool

OVERLAP: Final = timedelta(days=7)
"""So that the police change over without a gap."""


async def rotate(
    pool: Pool, by: Administrator, vault: Vault, authority: str, newest: int | None = None
) -> str | Refusal:
    """Add a secret and return it; the earlier ones verify for another `OVERLAP`.

    `newest`: the id of the newest secret that somebody saw; where there is a newer one, nothing is done.
    """
    secret = new_secret()

    async def work(connection: Connection) -> str | Refusal:
        if not await sql.administration.lock_authority(connection, authority):
            return inactive(authority)
        known = await sql.administration.secrets(connection, authority)
        if newest is not None and newest != max((one.id for one in known), default=0):
            return Refusal(ProblemCode.SECRET_CHANGED, "a secret was added meanwhile; look at how it stands")
        await sql.access.expire_secrets(connection, authority, OVERLAP)
        await sql.access.add_secret(connection, authority, vault.seal(secret))
        if len(await sql.access.secrets_of(connection, authority, SECRETS_MAX + 1)) > SECRETS_MAX:
            detail = f"{SECRETS_MAX} secrets of {authority} verify already: wait until the first one ends"
            return Refusal(ProblemCode.TOO_MANY_SECRETS, detail)
        await sql.audit.append(connection, by.event("secret rotated", authority=authority))
        return secret

    return await changed(pool, by, work)
