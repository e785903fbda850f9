"""Finds the addresses and the keys of the issuer.

Bounded: addresses are kept for `KEPT_S` and keys as long, `KEYS_MAX` of them; keys are fetched again for one that is
not known, once in `AGAIN_S`. While the issuer does not answer, what was kept goes on.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urlsplit

import jwt
import msgspec

from handlers.console.signing_in.issuer.fetching import HTTP_OK, Unreachable
from push.delivery.clearance import on_this_machine
from runtime.decoding import DECODE_ERRORS

if TYPE_CHECKING:
    from handlers.console.signing_in.issuer.fetching import Fetching

PATH: Final = "/.well-known/openid-configuration"
KEPT_S: Final = 3600.0
AGAIN_S: Final = 10.0
KEYS_MAX: Final = 50
RSA_BITS_MIN: Final = 2048
KEY_TYPES: Final = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
"""Which keys sign with which family of algorithms."""

T = TypeVar("T", bound=msgspec.Struct)


class Addresses(msgspec.Struct, frozen=True, kw_only=True):
    """What we need of the issuer's description of itself."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)

    @property
    def urls(self) -> list[str]:
        """Where requests go."""
        own = [self.authorization_endpoint, self.token_endpoint, self.jwks_uri]
        return own if self.userinfo_endpoint is None else [*own, self.userinfo_endpoint]


class _Keys(msgspec.Struct, frozen=True):
    keys: list[dict[str, Any]]


class Discovery:
    """The issuer's addresses and keys, as it last gave them."""

    def __init__(self, issuer: str, fetching: Fetching) -> None:
        self._issuer = issuer
        self._fetching = fetching
        self._asking = asyncio.Lock()
        self._addresses: Addresses | None = None
        self._addresses_until_s = 0.0
        self._keys: list[jwt.PyJWK] = []
        self._keys_at_s = float("-inf")

    async def addresses(self) -> Addresses | Unreachable:
        """Return the issuer's addresses."""
        loop = asyncio.get_running_loop()
        async with self._asking:
            if self._addresses is not None and loop.time() < self._addresses_until_s:
                return self._addresses
            found = await self._fetched(self._issuer.rstrip("/") + PATH, Addresses)
            if isinstance(found, Addresses):
                found = self._fault_of(found) or found
            if isinstance(found, Unreachable):
                return self._addresses or found
            self._addresses, self._addresses_until_s = found, loop.time() + KEPT_S
            return found

    async def key(self, kid: str | None, algorithm: str) -> jwt.PyJWK | Unreachable | None:
        """Return the key that signs with an algorithm under a name, fetched again if it is not known; None: no such."""
        loop = asyncio.get_running_loop()
        addresses = await self.addresses()
        if isinstance(addresses, Unreachable):
            return addresses
        async with self._asking:
            known = _chosen(self._keys, kid, algorithm)
            age_s = loop.time() - self._keys_at_s
            if age_s < AGAIN_S or (known is not None and age_s < KEPT_S):
                return known
            found = await self._fetched(addresses.jwks_uri, _Keys)
            if isinstance(found, Unreachable):
                return known or found
            self._keys, self._keys_at_s = _read(found.keys), loop.time()
            return _chosen(self._keys, kid, algorithm)

    def _fault_of(self, found: Addresses) -> Unreachable | None:
        """Return what is wrong with a description: another's, or addresses that are not those of an issuer."""
        if found.issuer != self._issuer:
            return Unreachable("its description names another issuer")
        local = on_this_machine(self._issuer)
        try:
            encrypted = all(urlsplit(url).scheme == "https" or (local and on_this_machine(url)) for url in found.urls)
        except ValueError:
            return Unreachable("its description has an address that is none")
        if not encrypted:
            return Unreachable("its description has an address without TLS")
        return None

    async def _fetched(self, url: str, kind: type[T]) -> T | Unreachable:
        answer = await self._fetching.get(url)
        if isinstance(answer, Unreachable):
            return answer
        if answer.status != HTTP_OK:
            return Unreachable(f"status {answer.status}")
        try:
            return msgspec.json.decode(answer.body, type=kind)
        except DECODE_ERRORS:
            return Unreachable("an answer that is not of its type")


def _read(keys: list[dict[str, Any]]) -> list[jwt.PyJWK]:
    """Return the keys that can sign; one that cannot be read is left out."""
    read: list[jwt.PyJWK] = []
    for one in keys[:KEYS_MAX]:
        # A key that both sides have is none with which a third can show who signed.
        if one.get("use", "sig") != "sig" or one.get("kty") not in ("RSA", "EC", "OKP"):
            continue
        try:
            key = jwt.PyJWK(one)
        except (jwt.PyJWTError, ValueError, TypeError, KeyError):
            continue
        if getattr(key.key, "key_size", RSA_BITS_MIN) >= RSA_BITS_MIN or key.key_type != "RSA":
            read.append(key)
    return read


def _chosen(keys: list[jwt.PyJWK], kid: str | None, algorithm: str) -> jwt.PyJWK | None:
    """Return the key of a name that signs with an algorithm; without a name the only one that does."""
    fits = [key for key in keys if key.key_type == KEY_TYPES.get(algorithm[:2]) and kid in {None, key.key_id}]
    return fits[0] if len(fits) == 1 or (fits and kid is not None) else None
