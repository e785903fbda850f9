"""Google service accounts: gets access tokens with a key file (RFC 7523).

Bounded: what `push.transport.access_token` bounds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

import jwt
import msgspec
from cryptography.exceptions import UnsupportedAlgorithm

from push.transport.access_token import Granted, RenewedToken, oauth_granted
from push.transport.batch.http import FORM
from runtime.clock import record_s

if TYPE_CHECKING:
    from pathlib import Path

    from push.results import SendResult
    from push.transport.batch.http import BatchHttp

ASSERTION_S: Final = 3600
ALGORITHM: Final = "RS256"
GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class Account(msgspec.Struct, frozen=True):
    """The fields of a key file that are used."""

    project_id: str
    private_key_id: str
    private_key: str
    client_email: str
    token_uri: str


def signing_key(pem: str, algorithm: str) -> str:
    """Return a private key that can sign; ValueError for anything else, which the first message would find out."""
    try:
        jwt.encode({}, pem, algorithm=algorithm)
    except (jwt.PyJWTError, UnsupportedAlgorithm, TypeError, ValueError):
        raise ValueError(f"not a private key for {algorithm}") from None
    return pem


def read_account(file: Path) -> Account:
    """Read an account's key file; OSError, msgspec.DecodeError or ValueError when it cannot be used."""
    account = msgspec.json.decode(file.read_bytes(), type=Account)
    signing_key(account.private_key, ALGORITHM)
    return account


class AccessToken(RenewedToken):
    """One account's access token."""

    def __init__(self, account: Account, scope: str, http: BatchHttp) -> None:
        super().__init__(self._exchange)
        self._account = account
        self._scope = scope
        self._http = http

    @property
    def project(self) -> str:
        """Return the project that the account is of."""
        return self._account.project_id

    async def _exchange(self) -> Granted | SendResult:
        account, now_s = self._account, int(record_s())
        claims = {
            "iss": account.client_email,
            "scope": self._scope,
            "aud": account.token_uri,
            "iat": now_s,
            "exp": now_s + ASSERTION_S,
        }
        headers = {"kid": account.private_key_id}
        assertion = jwt.encode(claims, account.private_key, algorithm=ALGORITHM, headers=headers)
        body = urlencode({"grant_type": GRANT, "assertion": assertion}).encode()
        return oauth_granted(await self._http.ask(account.token_uri, body, FORM))
