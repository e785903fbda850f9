"""An issuer whose every word a test decides: its keys, its tokens, what it answers and when it does not.

Bounded by the test, which closes it.
"""

from __future__ import annotations

import json
import time
from typing import Any, Final

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT: Final = "console"
LIFE_S: Final = 300


class OwnIssuer:
    """Serves a description, keys, tokens and user information."""

    def __init__(self) -> None:
        self.key = new_key()
        self.keys: list[dict[str, Any]] = [public(self.key, "1")]
        self.described: dict[str, Any] = {}
        self.asked: list[str] = []
        self.tokens: dict[str, Any] | bytes = {}
        self.token_status = 200
        self.userinfo: dict[str, Any] | None = None
        self.url = ""
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen on this machine."""
        app = web.Application()
        app.router.add_get("/.well-known/openid-configuration", self._description)
        app.router.add_get("/jwks", self._jwks)
        app.router.add_post("/token", self._token)
        app.router.add_get("/userinfo", self._userinfo)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def close(self) -> None:
        """Listen no more."""
        assert self._runner is not None
        await self._runner.cleanup()

    def claims(self, **changes: object) -> dict[str, Any]:
        """Return what a good ID token says, with changes; None leaves a claim out."""
        now = int(time.time())
        said = {"iss": self.url, "sub": "s-1", "aud": CLIENT, "exp": now + LIFE_S, "iat": now, "nonce": "n"} | changes
        return {name: value for name, value in said.items() if value is not None}

    def token(self, algorithm: str = "RS256", /, **changes: object) -> str:
        """Return a signed ID token."""
        key: Any = "" if algorithm == "none" else self.key
        return jwt.encode(self.claims(**changes), key, algorithm=algorithm, headers={"kid": "1"})

    async def _description(self, _: web.Request) -> web.Response:
        self.asked.append("description")
        own = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
        }
        more = {} if self.userinfo is None else {"userinfo_endpoint": f"{self.url}/userinfo"}
        return web.json_response(own | more | self.described)

    async def _jwks(self, _: web.Request) -> web.Response:
        self.asked.append("keys")
        return web.json_response({"keys": self.keys})

    async def _token(self, request: web.Request) -> web.Response:
        self.asked.append(str((await request.post()).get("grant_type")))
        body = self.tokens if isinstance(self.tokens, bytes) else json.dumps(self.tokens).encode()
        return web.Response(body=body, status=self.token_status, content_type="application/json")

    async def _userinfo(self, _: web.Request) -> web.Response:
        self.asked.append("userinfo")
        return web.json_response(self.userinfo)


def new_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    """Return a new key."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def public(key: rsa.RSAPrivateKey, kid: str, **more: object) -> dict[str, Any]:
    """Return the public part of a key as an issuer publishes it."""
    return {**json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key())), "kid": kid, "use": "sig", **more}
