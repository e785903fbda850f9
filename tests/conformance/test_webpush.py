"""Web Push: values of the RFCs, and another library, check our encryption, signatures, endpoints and results."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from typing import TYPE_CHECKING, Any

import http_ece
import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from push.providers.webpush import judge, topic_of
from push.results import RecipientStatus, RequestStatus
from push.transport.http2 import Reply
from push.transport.web_push.crypto import RENEW_S, SEALED_BYTES, Signatures, seal, unpadded
from push.transport.web_push.subscription import read_subscription
from server.simulators.token.apns import key_in
from server.simulators.token.webpush import browser_of, subscription
from tests.support.providers.messages import message_for_tests

if TYPE_CHECKING:
    from pathlib import Path

ORIGIN = "https://push.example"
HOSTS = ("push.example", "127.0.0.1:8443")


def from_base64(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def private_from(text: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(from_base64(text), "big"), ec.SECP256R1())


def test_the_example_of_rfc_8291_is_reproduced_to_the_last_byte() -> None:
    """Section 5: its plaintext, keys, salt and authentication secret give exactly its body."""
    token = msgspec.json.encode(
        {
            "endpoint": f"{ORIGIN}/push/JzLQ3raZJfFBR0aqvOMsLrt54w4rJUsV",
            "keys": {
                "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
                "auth": "BTBZMqHH6r4Tts7J_aSIgg",
            },
        }
    )
    read = read_subscription(token, HOSTS)
    assert read is not None
    body = seal(
        b"When I grow up, I want to be a watermelon",
        read,
        private=private_from("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"),
        salt=from_base64("DGv6ra1nlYgDCS1FRnbzlw"),
    )
    assert body == from_base64(
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl"
        "7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


@pytest.mark.parametrize("length", [1, 41, 3993])
def test_an_independent_library_decrypts_our_messages(length: int) -> None:
    """http-ece, which we do not send with, decrypts them with the browser's key, up to the largest message."""
    browser = browser_of("7")
    read = read_subscription(subscription(ORIGIN, 7).encode(), HOSTS)
    assert read is not None
    body = seal(b"x" * length, read)
    assert len(body) <= SEALED_BYTES
    assert http_ece.decrypt(body, private_key=browser.private, auth_secret=browser.auth) == b"x" * length


def test_a_signature_is_one_for_each_origin_and_renewed_in_time(tmp_path: Path) -> None:
    """RFC 8292: audience and subject, at most a day; reused until it is renewed, long before it expires."""
    now_s = 1_800_000_000.0
    public = key_in(tmp_path / "vapid.pem")
    signatures = Signatures(tmp_path / "vapid.pem", "mailto:alerts@police.example", lambda: now_s)
    first = signatures.header(ORIGIN)
    options: Any = {"verify_exp": False}
    claims = jwt.decode(
        first.partition(" t=")[2].partition(",")[0], public, ["ES256"], audience=ORIGIN, options=options
    )
    assert claims["sub"] == "mailto:alerts@police.example"
    assert RENEW_S + 3600 < claims["exp"] - now_s <= 86_400
    signatures.prove(ORIGIN)
    now_s += RENEW_S - 1
    assert signatures.header(ORIGIN) == first
    assert signatures.header("https://other.example") != first
    assert signatures.is_proven(ORIGIN)
    now_s += 1
    assert signatures.header(ORIGIN) != first
    assert not signatures.is_proven(ORIGIN)


@pytest.mark.parametrize(
    ("status", "recipient_status", "request_status"),
    [
        (200, RecipientStatus.ACCEPTED, RequestStatus.ANSWERED),
        (201, RecipientStatus.ACCEPTED, RequestStatus.ANSWERED),
        (202, RecipientStatus.ACCEPTED, RequestStatus.ANSWERED),
        (302, RecipientStatus.REFUSED, RequestStatus.ANSWERED),
        (400, RecipientStatus.QUARANTINED, RequestStatus.ANSWERED),
        (401, RecipientStatus.RETRY, RequestStatus.MISCONFIGURED),
        (403, RecipientStatus.RETRY, RequestStatus.MISCONFIGURED),
        (404, RecipientStatus.INVALID, RequestStatus.ANSWERED),
        (410, RecipientStatus.INVALID, RequestStatus.ANSWERED),
        (413, RecipientStatus.MESSAGE_REFUSED, RequestStatus.ANSWERED),
        (429, RecipientStatus.RETRY, RequestStatus.THROTTLED),
        (500, RecipientStatus.RETRY, RequestStatus.FAILING),
        (503, RecipientStatus.RETRY, RequestStatus.FAILING),
        (502, RecipientStatus.INDETERMINATE, RequestStatus.FAILING),
        (0, RecipientStatus.INDETERMINATE, RequestStatus.FAILING),
    ],
)
def test_each_status_has_its_outcome(
    status: int, recipient_status: RecipientStatus, request_status: RequestStatus
) -> None:
    """As in RFC 8030 and the documents of the push services."""
    result = judge(Reply(status))
    assert (result.recipient_status, result.request_status) == (recipient_status, request_status)
    assert result.reason


def test_a_topic_is_short_and_the_same_for_every_message_of_an_alert() -> None:
    """RFC 8030 5.4: at most 32 characters of base64url."""
    message = message_for_tests()
    assert topic_of(message) == topic_of(msgspec.structs.replace(message, notice="found", locale="en"))
    assert topic_of(message) != topic_of(message_for_tests())
    assert len(topic_of(message)) <= 32


GOOD_KEYS = msgspec.json.decode(subscription(ORIGIN, 7))["keys"]


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://push.example/push/1",
        "https://push.example/w/?token=BQYA%2bA%3d&x=(1)",
        "https://a.b.push.example/fcm/send/abc:APA91b-_",
        "https://127.0.0.1:8443/push/1",
    ],
)
def test_endpoints_of_configured_services_are_accepted(endpoint: str) -> None:
    """Unchanged, below a configured host name, at a configured port."""
    read = read_subscription(msgspec.json.encode({"endpoint": endpoint, "keys": GOOD_KEYS}), HOSTS)
    assert read is not None
    assert read.endpoint == endpoint
    assert endpoint.startswith(f"{read.origin}/")


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://push.example/push/1",
        "file:///etc/passwd",
        "ftp://push.example/push/1",
        "//push.example/push/1",
        "https:/push.example/push/1",
        "https://push.example",
        "https://push.example:8443/push/1",
        "https://push.example:443/push/1",
        "https://127.0.0.1/push/1",
        "https://127.0.0.1:22/push/1",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::1]:8443/push/1",
        "https://2130706433:8443/push/1",
        "https://localhost:8443/push/1",
        "https://user@push.example/push/1",
        "https://push.example@evil.example/push/1",
        "https://push.example:8443@evil.example/push/1",
        "https://evil.example/https://push.example/push/1",
        "https://evil.example#push.example/push/1",
        "https://evil.example\\.push.example/push/1",
        "https://push.example\\@evil.example/push/1",
        "https://push.example.evil.example/push/1",
        "https://evilpush.example/push/1",
        "https://.push.example/push/1",
        "https://push.example./push/1",
        "https://PUSH.EXAMPLE/push/1",
        "https://push.example/push/1\r\nX-Evil: 1",
        "https://push.example/push/1#fragment",
        "https://push.example/push/\u4f60",
        " https://push.example/push/1",
    ],
)
def test_endpoints_of_other_services_are_refused(endpoint: str) -> None:
    """Other schemes, hosts and ports, users in the URL, and forms that parsers read differently."""
    assert read_subscription(msgspec.json.encode({"endpoint": endpoint, "keys": GOOD_KEYS}), HOSTS) is None


BAD_TOKENS: dict[str, bytes] = {
    "a word": b"token",
    "a number": b"1",
    "a list": b"[]",
    "nothing in it": b"{}",
    "deep": b"[" * 4000,
    "not text": b"\xff\xfe",
    "no keys": msgspec.json.encode({"endpoint": f"{ORIGIN}/push/1"}),
    "cut off": subscription(ORIGIN, 7).encode()[:-1],
    "two of them": subscription(ORIGIN, 7).encode() * 2,
}
BAD_KEYS = {
    "short point": {"p256dh": GOOD_KEYS["p256dh"][:-4]},
    "long point": {"p256dh": GOOD_KEYS["p256dh"] + "AAAA"},
    "point off the curve": {"p256dh": unpadded(b"\x04" + b"\x01" * 64)},
    "compressed point": {"p256dh": unpadded(b"\x02" + from_base64(GOOD_KEYS["p256dh"])[1:33])},
    "compressed point as long": {"p256dh": unpadded(b"\x02" + from_base64(GOOD_KEYS["p256dh"])[1:])},
    "no point": {"p256dh": ""},
    "short secret": {"auth": "AAAA"},
    "long secret": {"auth": GOOD_KEYS["auth"] + "AAAA"},
    "other alphabet": {"auth": "++++++++++++++++++++++"},
    "text between": {"auth": GOOD_KEYS["auth"][:10] + "!" + GOOD_KEYS["auth"][10:]},
    "a number as secret": {"auth": 1},
}
for _name, _keys in BAD_KEYS.items():
    BAD_TOKENS[_name] = msgspec.json.encode({"endpoint": f"{ORIGIN}/push/1", "keys": {**GOOD_KEYS, **_keys}})


@pytest.mark.parametrize("name", BAD_TOKENS)
def test_malformed_subscriptions_are_refused(name: str) -> None:
    """Anything but a subscription with a point on the curve and a secret of 16 bytes."""
    assert read_subscription(BAD_TOKENS[name], HOSTS) is None


def test_padded_keys_and_unknown_members_are_accepted() -> None:
    """Some libraries pad keys, and browsers may add members."""
    keys = {name: value + "=" * (-len(value) % 4) for name, value in GOOD_KEYS.items()}
    token = {"endpoint": f"{ORIGIN}/push/7", "expirationTime": 1.8e12, "keys": keys, "more": {}}
    read = read_subscription(msgspec.json.encode(token), HOSTS)
    assert read is not None
    assert (read.point, read.auth) == (browser_of("7").point, browser_of("7").auth)
