"""Puts together what makes and believes message authentication codes, with keys derived from the encryption key.

Bounded: one key for each use and encryption key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers.auth import tickets
from handlers.auth.authenticator import Authenticator
from handlers.auth.limits import Limits
from handlers.auth.token_store import TokenStore
from handlers.http.serving.turns import Turns
from push.alerts.watch import record_guard
from push.alerts.watch.record_guard import RecordGuard
from runtime.authentication_codes import AuthenticationCodes, key_material
from server.administration.encryption import encryption_key

if TYPE_CHECKING:
    from handlers.auth.failures import Failures
    from push.engine import Engine
    from server.settings import Settings


def _codes(settings: Settings, label: str) -> AuthenticationCodes:
    return AuthenticationCodes(key_material(encryption_key(settings)), label)


def guard_of(settings: Settings, engine: Engine) -> RecordGuard:
    """Return the guard of the engine's record."""
    stores, codes = engine.stores, _codes(settings, record_guard.LABEL)
    return RecordGuard(stores.pool, stores.client, engine.actions, engine.alarms, engine.claims, codes)


def authenticator_of(settings: Settings, engine: Engine, failures: Failures) -> Authenticator:
    """Return what lets requests in."""
    stores, leases = engine.stores, engine.claims.leases
    codes, redis = _codes(settings, tickets.LABEL), stores.client
    tokens = TokenStore(stores.requests_pool, redis, codes, stores.clock.now_ms)
    return Authenticator(tokens, Limits(redis, settings.limits), failures, Turns(lambda: bool(leases.ids)))
