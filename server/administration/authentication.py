"""Puts together what makes and believes message authentication codes, with keys derived from the encryption key.

Bounded: one key for each use and encryption key.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import structlog

from handlers.auth import tickets
from handlers.auth.authenticator import Authenticator
from handlers.auth.limits import Limits
from handlers.auth.token_store import TokenStore
from handlers.http.serving.turns import Turns
from push.alerts.watch import record_guard
from push.alerts.watch.record_guard import RecordGuard
from runtime.authentication_codes import AuthenticationCodes, key_material
from server.administration.encryption import encryption_key
from server.upkeep.anchor_file import last

if TYPE_CHECKING:
    from handlers.auth.failures import Failures
    from push.engine import Engine
    from server.settings import Settings

READ_S: Final = 5.0
"""A disk that does not answer holds up no start."""

_log = structlog.get_logger("server.administration.authentication")


def _codes(settings: Settings, label: str) -> AuthenticationCodes:
    return AuthenticationCodes(key_material(encryption_key(settings)), label)


async def guard_of(settings: Settings, engine: Engine) -> RecordGuard:
    """Return the guard of the engine's record; without the last anchor where its file cannot be read."""
    stores, codes, file = engine.stores, _codes(settings, record_guard.LABEL), settings.audit.anchor_file
    anchored = None
    try:
        async with asyncio.timeout(READ_S):
            anchored = None if file is None else await asyncio.to_thread(last, file)
    except (OSError, TimeoutError) as error:
        _log.warning("anchor.unread", error=getattr(error, "strerror", None) or type(error).__name__)
    return RecordGuard(stores.pool, stores.client, engine.actions, engine.alarms, engine.claims, codes, anchored)


def authenticator_of(settings: Settings, engine: Engine, failures: Failures) -> Authenticator:
    """Return what lets requests in."""
    stores, leases = engine.stores, engine.claims.leases
    codes, redis = _codes(settings, tickets.LABEL), stores.client
    tokens = TokenStore(stores.requests_pool, redis, codes, stores.clock.now_ms, engine.alarms.is_record_away)
    return Authenticator(tokens, Limits(redis, settings.limits), failures, Turns(lambda: bool(leases.ids)))
