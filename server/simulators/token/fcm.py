"""SIMULATED FCM v1: answers `messages:send` and `/token` as Google would, and counts tokens.

As strict as Google's references, "FCM error codes" among them: access tokens of its own for assertions that a service
account signed (RFC 7523), fields (`fcm_fields`), sizes. Bounded: what `server.simulators.token.http2` bounds,
4,096 bytes of message.
"""

from __future__ import annotations

import math
import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs

import jwt
import msgspec

from server.simulators.faults import Fault, Faults
from server.simulators.key_files import service_account_key
from server.simulators.reached import Reached
from server.simulators.token.exchange import Request, Response, SimulatedTokenSettings
from server.simulators.token.fcm_fields import Send, fault_of
from server.simulators.token.http2 import STREAM_FAULTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from server.simulators.token.fcm_fields import Message

MESSAGE_BYTES: Final = 4096
ASSERTION_S: Final = 3600
EMAIL: Final = "simulated@{project}.example"
GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SCOPES: Final = frozenset(
    {
        "https://www.googleapis.com/auth/firebase.messaging",
        "https://www.googleapis.com/auth/cloud-platform",
    }
)
BAD_REQUEST: Final = "type.googleapis.com/google.rpc.BadRequest"
FCM_ERROR: Final = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
STATUSES: Final = {
    "UNREGISTERED": (404, "NOT_FOUND"),
    "SENDER_ID_MISMATCH": (403, "PERMISSION_DENIED"),
    "INVALID_ARGUMENT": (400, "INVALID_ARGUMENT"),
    "QUOTA_EXCEEDED": (429, "RESOURCE_EXHAUSTED"),
    "UNAVAILABLE": (503, "UNAVAILABLE"),
    "INTERNAL": (500, "INTERNAL"),
    "UNAUTHENTICATED": (401, "UNAUTHENTICATED"),
    "PERMISSION_DENIED": (403, "PERMISSION_DENIED"),
    "NOT_FOUND": (404, "NOT_FOUND"),
}
GENERAL: Final = frozenset({"UNAUTHENTICATED", "PERMISSION_DENIED", "NOT_FOUND"})
"""Google's general errors: they have a status, but no error code of FCM."""

TOKEN_PATH: Final = "/token"  # noqa: S105 - a path


class SimulatedFcmSettings(SimulatedTokenSettings, frozen=True, kw_only=True):
    """The settings of a simulated FCM; the key file PROJECT.json of each project is made when it is missing."""

    streams_max: int = 100
    accounts_dir: Path
    projects: tuple[str, ...] = ("simulated-project",)
    mismatch_rate: float = 0.0
    access_token_s: int = 3600


class SimulatedFcm:
    """A simulated FCM."""

    name = "FCM"
    http1 = True
    apart = frozenset({TOKEN_PATH})
    """Another service issues access tokens, and has no outage when FCM has one."""

    def __init__(self, settings: SimulatedFcmSettings) -> None:
        self._settings = settings
        self.streams_first = settings.streams_max
        self._keys = {project: account_in(settings.accounts_dir, project) for project in settings.projects}
        self._access: dict[str, tuple[str, float]] = {}
        self._mismatch = Faults(msgspec.structs.replace(settings, invalid_rate=settings.mismatch_rate))
        self._quotas = {project: Faults(settings) for project in settings.projects}
        self._decoder = msgspec.json.Decoder(Send)
        self.reached = Reached()
        self.faults = Faults(settings, STREAM_FAULTS)

    def listen_at(self, url: str) -> None:
        """Write the URL that issues access tokens into the key files."""
        for project in self._settings.projects:
            file = self._settings.accounts_dir / f"{project}.json"
            content = msgspec.json.decode(file.read_bytes())
            file.write_bytes(msgspec.json.encode({**content, "token_uri": url + TOKEN_PATH}))

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        if (request.method, request.path) == ("POST", TOKEN_PATH):
            return self._grant(request)
        self.reached.request()
        project = request.path.removeprefix("/v1/projects/").removesuffix("/messages:send")
        if request.method != "POST" or request.path != f"/v1/projects/{project}/messages:send":
            return self._refuse("NOT_FOUND", "no such method")
        if project not in self._keys:
            return self._refuse("NOT_FOUND", "no such project")
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        granted = self._access.get(token)
        if scheme.lower() != "bearer" or granted is None or granted[1] < time.time():
            return self._refuse("UNAUTHENTICATED", "the access token is missing, unknown or expired")
        if granted[0] != project:
            return self._refuse("PERMISSION_DENIED", "the account is of another project")
        wait_s = self._quotas[project].limited_s(1)
        if wait_s:
            return self._refuse("QUOTA_EXCEEDED", "too many messages", wait_s=max(1, math.ceil(wait_s)))
        try:
            send = self._decoder.decode(request.body)
        except msgspec.DecodeError as error:
            text = str(error)
            return self._refuse_field("message.token" if "token" in text else "message", text)
        fault = fault_of(send.message)
        if fault is None and len(request.body) - len(send.message.target) > MESSAGE_BYTES:
            fault = "the message is too large"
        if fault is None and self.faults.refuses(request.body):
            fault = "the message is not valid"
        return self._reach(project, send) if fault is None else self._refuse_field("message", fault)

    def wrong(self, fault: Fault) -> Response:
        """Answer one request with a fault."""
        if fault is Fault.UNREADABLE:
            self.reached.refused[fault.value] += 1
            return Response(200, b"\x00<html>simulated garbage")
        return self._refuse("UNAVAILABLE" if fault is Fault.UNAVAILABLE else "INTERNAL", "simulated", wait_s=1)

    def _reach(self, project: str, send: Send) -> Response:
        message: Message = send.message
        if self.faults.is_invalid(message.target):
            self.reached.invalid += 1
            return self._refuse("UNREGISTERED", "Requested entity was not found.")
        if self._mismatch.is_invalid(message.target):
            self.reached.invalid += 1
            return self._refuse("SENDER_ID_MISMATCH", "SenderId mismatch")
        if send.validate_only:
            return _json(200, {"name": f"projects/{project}/messages/fake_message_id"})
        self.reached.accept([message.target], message.android.collapse_key)
        name = f"projects/{project}/messages/0:{secrets.token_hex(8)}"
        return _json(200, {"name": name})

    def _grant(self, request: Request) -> Response:
        """Issue an access token for an assertion that a service account signed."""
        form: Mapping[str, list[str]] = parse_qs(request.body.decode("ascii", "replace"))
        assertion = form.get("assertion", [""])[0]
        if form.get("grant_type") != [GRANT]:
            return _json(400, {"error": "unsupported_grant_type"})
        for project, key in self._keys.items():
            if self._is_signed(assertion, project, key):
                token = f"ya29.simulated-{secrets.token_urlsafe(24)}"
                self._access[token] = project, time.time() + self._settings.access_token_s
                granted = {"access_token": token, "expires_in": self._settings.access_token_s, "token_type": "Bearer"}
                return _json(200, granted)
        return _json(400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."})

    def _is_signed(self, assertion: str, project: str, key: str) -> bool:
        try:
            claims = jwt.decode(
                assertion,
                key,
                algorithms=["RS256"],
                issuer=EMAIL.format(project=project),
                options={"require": ["exp", "iat", "iss", "aud"], "verify_aud": False},
            )
        except jwt.InvalidTokenError:
            return False
        lives_s = claims["exp"] - claims["iat"]
        scopes = str(claims.get("scope", "")).split()
        return str(claims["aud"]).endswith(TOKEN_PATH) and lives_s <= ASSERTION_S and not SCOPES.isdisjoint(scopes)

    def _refuse_field(self, field: str, message: str) -> Response:
        """Refuse an argument and name its field, as Google does where it can."""
        violation = {"@type": BAD_REQUEST, "fieldViolations": [{"field": field, "description": message}]}
        return self._refuse("INVALID_ARGUMENT", message, more=[violation])

    def _refuse(self, code: str, message: str, wait_s: int | None = None, more: Sequence[object] = ()) -> Response:
        self.reached.refused[code] += 1
        number, status = STATUSES[code]
        details = [*([] if code in GENERAL else [{"@type": FCM_ERROR, "errorCode": code}]), *more]
        error = {"code": number, "message": message, "status": status, "details": details}
        headers = () if wait_s is None else (("retry-after", str(wait_s)),)
        return _json(number, {"error": error}, headers)


def account_in(folder: Path, project: str) -> str:
    """Return the public key (PEM) of a project's key file; makes the file when it is missing."""
    account = {
        "type": "service_account",
        "project_id": project,
        "private_key_id": "simulated",
        "client_email": EMAIL.format(project=project),
        "client_id": "1",
        "token_uri": "",
    }
    return service_account_key(folder / f"{project}.json", account)


def _json(status: int, content: object, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    return Response(status, msgspec.json.encode(content), (("content-type", "application/json"), *headers))
