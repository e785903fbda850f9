"""The rules of the simulated APNs, from Apple's documents, tested without a network."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import jwt
import msgspec
import pytest

from server.simulators.token.apns import SimulatedApns, SimulatedApnsSettings
from server.simulators.token.exchange import Request, Response

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "ab" * 32
BODY = b'{"aps":{"alert":"simulated"}}'
AGE_S = 60
"""Of a provider token, unless a test says otherwise."""


def _made_s(age_s: int = AGE_S) -> int:
    """Return when a provider token of this age was made."""
    return int(time.time()) - age_s


class _Apns:
    """A simulated APNs and its key."""

    def __init__(self, folder: Path, **settings: Any) -> None:  # noqa: ANN401 - msgspec has checked them
        self._key = folder / "key.p8"
        self.apns = SimulatedApns(SimulatedApnsSettings(key_file=self._key, **settings))

    def ask(
        self,
        path: str = f"/3/device/{TOKEN}",
        *,
        body: bytes = BODY,
        made_s: int | None = None,
        repeated: tuple[str, ...] = (),
        **changes: str | None,
    ) -> Response:
        """Send one request on a new connection; None removes a header."""
        claims = {"iss": "SIMULATEDT", "iat": _made_s() if made_s is None else made_s}
        token = jwt.encode(claims, self._key.read_text(), algorithm="ES256", headers={"kid": "SIMULATED1"})
        headers: dict[str, str | None] = {
            "authorization": f"bearer {token}",
            "apns-topic": "example.alert",
            "apns-push-type": "alert",
            **{name.replace("_", "-"): value for name, value in changes.items()},
        }
        sent = {name: value for name, value in headers.items() if value is not None}
        return self.apns.handle(Request("POST", path, sent, body, {}, frozenset(repeated)))


def _reason(response: Response) -> str:
    return str(msgspec.json.decode(response.body)["reason"]) if response.body else ""


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a header twice": ({"repeated": ("apns-topic",)}, "DuplicateHeaders"),
    "no topic": ({"apns_topic": None}, "MissingTopic"),
    "no app's name": ({"apns_topic": "a b"}, "BadTopic"),
    "another app": ({"apns_topic": "example.other"}, "TopicDisallowed"),
    "a call to the app's plain name": ({"apns_push_type": "voip"}, "TopicDisallowed"),
    "an alert to the name for calls": ({"apns_topic": "example.alert.voip"}, "TopicDisallowed"),
    "no such type": ({"apns_push_type": "shout"}, "InvalidPushType"),
    "no such priority": ({"apns_priority": "7"}, "BadPriority"),
    "in the background at once": ({"apns_push_type": "background", "apns_priority": "10"}, "BadPriority"),
    "in the background without a priority": ({"apns_push_type": "background"}, "BadPriority"),
    "a date in words": ({"apns_expiration": "tomorrow"}, "BadExpirationDate"),
    "a fraction of a second": ({"apns_expiration": "1.5"}, "BadExpirationDate"),
    "65 bytes to collapse by": ({"apns_collapse_id": "x" * 65}, "BadCollapseId"),
    "an id that is none": ({"apns_id": "1234"}, "BadMessageId"),
    "no payload": ({"body": b""}, "PayloadEmpty"),
    "4,097 bytes": ({"body": BODY + b" " * (4097 - len(BODY))}, "PayloadTooLarge"),
    "no token": ({"path": "/3/device/"}, "MissingDeviceToken"),
    "half a token": ({"path": "/3/device/abcd"}, "BadDeviceToken"),
    "an older path": ({"path": f"/2/device/{TOKEN}"}, "BadPath"),
    "a provider token of an hour ago": ({"made_s": _made_s(AGE_S + 3600)}, "ExpiredProviderToken"),
    "no provider token": ({"authorization": None}, "MissingProviderToken"),
    "somebody else's": ({"authorization": "bearer a.b.c"}, "InvalidProviderToken"),
}


@pytest.mark.parametrize(("request_", "reason"), REFUSED.values(), ids=REFUSED)
def test_requests_that_apple_refuses_are_refused(tmp_path: Path, request_: dict[str, Any], reason: str) -> None:
    """Each fault has Apple's reason, and reaches nobody."""
    one = _Apns(tmp_path)
    assert _reason(one.ask(**request_)) == reason
    assert one.apns.reached.accepted == 0


TAKEN: dict[str, dict[str, Any]] = {
    "an alert": {},
    "all that there is": {"apns_priority": "10", "apns_expiration": str(_made_s(-3600)), "apns_collapse_id": "x" * 64},
    "in the background": {"apns_push_type": "background", "apns_priority": "5"},
    "a call": {
        "apns_push_type": "voip",
        "apns_topic": "example.alert.voip",
        "body": BODY + b" " * (5120 - len(BODY)),
    },
    "4,096 bytes": {"body": BODY + b" " * (4096 - len(BODY))},
}


@pytest.mark.parametrize("request_", TAKEN.values(), ids=TAKEN)
def test_requests_that_apple_accepts_are_accepted(tmp_path: Path, request_: dict[str, Any]) -> None:
    """Answered 200 without a body, and counted."""
    one = _Apns(tmp_path)
    assert (one.ask(**request_).status, one.apns.reached.accepted) == (200, 1)


def test_every_answer_has_the_given_id_or_a_new_one(tmp_path: Path) -> None:
    """For accepted and refused notifications; an invalid id is replaced."""
    one, given = _Apns(tmp_path), str(uuid4())
    for priority in ("10", "7"):
        assert dict(one.ask(apns_id=given, apns_priority=priority).headers)["apns-id"] == given
    assert len(dict(one.ask().headers)["apns-id"]) == 36
    assert len(dict(one.ask(apns_id="1234").headers)["apns-id"]) == 36


def test_a_key_with_too_many_tokens_is_refused(tmp_path: Path) -> None:
    """Over all connections, if so configured: a third token within 20 minutes is refused, two stay valid."""
    one = _Apns(tmp_path, token_updates_max=2)
    newest_s = _made_s()
    made = [newest_s - 20, newest_s - 10, newest_s, newest_s - 10]
    assert [_reason(one.ask(made_s=at)) for at in made] == ["", "", "TooManyProviderTokenUpdates", ""]
