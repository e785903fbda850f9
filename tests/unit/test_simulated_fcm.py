"""The rules of the simulated FCM that no client library breaks, tested without a network."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import jwt
import msgspec
import pytest

from server.simulators.token.exchange import Request
from server.simulators.token.fcm import GRANT, SCOPES, SimulatedFcm, SimulatedFcmSettings

if TYPE_CHECKING:
    from pathlib import Path

PROJECTS = ("simulated-project", "simulated-other")
TOKEN = "ab" * 32


class _Fcm:
    """A simulated FCM with two projects."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.fcm = SimulatedFcm(SimulatedFcmSettings(accounts_dir=folder, projects=PROJECTS))
        self.fcm.listen_at("https://localhost")

    def access(self, project: str) -> str:
        """Return an access token of a project's account."""
        account = msgspec.json.decode((self._folder / f"{project}.json").read_bytes())
        now_s = int(time.time())
        claims = {
            "iss": account["client_email"],
            "aud": account["token_uri"],
            "scope": min(SCOPES),
            "iat": now_s,
            "exp": now_s + 3600,
        }
        assertion = jwt.encode(claims, account["private_key"], algorithm="RS256")
        body = urlencode({"grant_type": GRANT, "assertion": assertion}).encode()
        granted: dict[str, str] = msgspec.json.decode(self.fcm.handle(Request("POST", "/token", {}, body, {})).body)
        return granted["access_token"]

    def send(self, access: str, message: dict[str, Any], *, dry: bool = False) -> str:
        """Send a message in the first project; returns the error's code, or the whole error without one."""
        body = msgspec.json.encode({"message": message, "validate_only": dry})
        headers = {"authorization": f"Bearer {access}"}
        path = f"/v1/projects/{PROJECTS[0]}/messages:send"
        answer = msgspec.json.decode(self.fcm.handle(Request("POST", path, headers, body, {})).body)
        error = answer.get("error")
        if error is None:
            return "sent"
        return str(error["details"][0]["errorCode"] if error["details"] else error["status"])


@pytest.fixture
def fcm(tmp_path: Path) -> _Fcm:
    """Provide a simulated FCM."""
    return _Fcm(tmp_path)


def test_an_account_sends_in_its_own_project_only(fcm: _Fcm) -> None:
    """Another project's account is known but not allowed: 403, not 401; an invented token is unknown."""
    assert fcm.send(fcm.access(PROJECTS[0]), {"token": TOKEN}) == "sent"
    assert fcm.send(fcm.access(PROJECTS[1]), {"token": TOKEN}) == "PERMISSION_DENIED"
    assert fcm.send("ya29.made-up", {"token": TOKEN}) == "UNAUTHENTICATED"
    assert fcm.fcm.reached.accepted == 1


def test_a_dry_run_reaches_nobody(fcm: _Fcm) -> None:
    """It is checked like any other message, but not counted."""
    access = fcm.access(PROJECTS[0])
    assert fcm.send(access, {"token": TOKEN}, dry=True) == "sent"
    assert fcm.send(access, {"token": "short"}, dry=True) == "INVALID_ARGUMENT"
    assert fcm.fcm.reached.accepted == 0


WRONG: dict[str, dict[str, Any]] = {
    "nobody": {"data": {"a": "b"}},
    "a token and an installation": {"token": TOKEN, "fid": TOKEN},
    "a topic, whose members nobody knows here": {"topic": "weather"},
    "more than four weeks": {"token": TOKEN, "android": {"ttl": "2419201s"}},
    "4,097 bytes": {"token": TOKEN, "data": {"a": "x" * 4096}},
}


@pytest.mark.parametrize("message", WRONG.values(), ids=WRONG)
def test_requests_that_google_refuses_are_refused(fcm: _Fcm, message: dict[str, Any]) -> None:
    """INVALID_ARGUMENT, and nobody is reached."""
    assert fcm.send(fcm.access(PROJECTS[0]), message) == "INVALID_ARGUMENT"
    assert fcm.fcm.reached.accepted == 0
