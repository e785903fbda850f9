"""Google service accounts: a key file flows in, an access token flows out (RFC 7523), renewed in good time.

Bounded: one exchange at a time, asked for again no sooner than `AGAIN_S` after a failure.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

import jwt
import msgspec

from push.model import Answer, Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from push.batch_http import BatchHttp

ASSERTION_S: Final = 3600
GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
FRESH_SHARE: Final = 0.8
"""A token is renewed at this share of its life, so that none ends on its way."""

AGAIN_S: Final = 1.0
HTTP_OK, HTTP_SERVER_ERROR, HTTP_THROTTLED = 200, 500, 429


class Account(msgspec.Struct, frozen=True):
    """The fields of a key file that are used."""

    project_id: str
    private_key_id: str
    private_key: str
    client_email: str
    token_uri: str


class _Granted(msgspec.Struct):
    access_token: str
    expires_in: float


class AccessToken:
    """One account's access token."""

    def __init__(self, account: Account, scope: str, http: BatchHttp) -> None:
        self._account = account
        self._scope = scope
        self._http = http
        self._asking = asyncio.Lock()
        self._token = ""
        self._renew_s = float("-inf")
        self._failed: tuple[float, Answer] | None = None

    @classmethod
    def of(cls, file: Path, scope: str, http: BatchHttp) -> AccessToken:
        """Read an account's key file."""
        return cls(msgspec.json.decode(file.read_bytes(), type=Account), scope, http)

    @property
    def project(self) -> str:
        """Return the project that the account is of."""
        return self._account.project_id

    async def current(self) -> str | Answer:
        """Return a token that is good for a while, or why there is none."""
        if time.monotonic() < self._renew_s:
            return self._token
        async with self._asking:
            now_s = time.monotonic()
            if now_s < self._renew_s:
                return self._token
            if self._failed is not None and now_s - self._failed[0] < AGAIN_S:
                return self._failed[1]
            failure = await self._ask()
            self._failed = None if failure is None else (now_s, failure)
            return self._token if failure is None else failure

    def refuse(self, token: str) -> None:
        """Note that a token is not taken any more, so that the next one is asked for."""
        if token == self._token:
            self._renew_s = float("-inf")

    async def _ask(self) -> Answer | None:
        account, now_s = self._account, int(time.time())
        claims = {
            "iss": account.client_email,
            "scope": self._scope,
            "aud": account.token_uri,
            "iat": now_s,
            "exp": now_s + ASSERTION_S,
        }
        headers = {"kid": account.private_key_id}
        assertion = jwt.encode(claims, account.private_key, algorithm="RS256", headers=headers)
        body = urlencode({"grant_type": GRANT, "assertion": assertion}).encode()
        content_type = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = await self._http.post(account.token_uri, body, content_type)
        if isinstance(answer, Answer):
            return answer
        if answer.status >= HTTP_SERVER_ERROR or answer.status == HTTP_THROTTLED:
            return Answer(Verdict.FAILING, f"no access token, HTTP {answer.status}", retry_after_s=answer.retry_after_s)
        if answer.status != HTTP_OK:
            return Answer(Verdict.MISCONFIGURED, f"no access token, HTTP {answer.status}")
        try:
            granted = msgspec.json.decode(answer.content, type=_Granted)
        except msgspec.DecodeError:
            return Answer(Verdict.FAILING, "an answer that is no access token")
        self._token = granted.access_token
        self._renew_s = time.monotonic() + granted.expires_in * FRESH_SHARE
        return None
