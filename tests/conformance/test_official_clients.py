"""Well-known client libraries with our simulated providers: aioapns and Google's firebase-admin, unpatched.

Only the address and the certificate authority differ. aioapns: `APNS_SERVER` and `APNS_PORT`, two
class attributes, and the public argument `ssl_context`. firebase-admin: the class attribute `_MessagingService.FCM_URL`
(the address of access tokens stands in the key file), REQUESTS_CA_BUNDLE and SSL_CERT_FILE. Bounded by its retries.
"""

from __future__ import annotations

import asyncio
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

import firebase_admin
from aioapns import APNs, NotificationRequest, PushType
from aioapns.connection import APNsProductionClientProtocol, APNsTLSClientProtocol
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from firebase_admin import credentials, exceptions, messaging

from tests.support.providers.lanes import token_of
from tests.support.providers.simulated import TOPIC, simulated

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import pytest

    from tests.support.providers.simulated import Simulated

PROJECT = "simulated-project"
SHOWN = {"aps": {"alert": {"title": "寻人", "body": "小明，6岁。"}, "sound": "default"}}


@contextmanager
def _aioapns(provider: Simulated, monkeypatch: pytest.MonkeyPatch, key: str) -> Iterator[APNs]:
    monkeypatch.setattr(APNsProductionClientProtocol, "APNS_SERVER", "127.0.0.1")
    monkeypatch.setattr(APNsTLSClientProtocol, "APNS_PORT", provider.port)
    client = APNs(key=key, key_id="SIMULATED1", team_id="SIMULATEDT", topic=TOPIC, ssl_context=provider.trusted())
    try:
        yield client
    finally:
        client.pool.close()


def _alert(user: int) -> NotificationRequest:
    return NotificationRequest(
        token_of(user), SHOWN, priority=10, time_to_live=3600, collapse_key="qqa-1", push_type=PushType.ALERT
    )


async def test_aioapns_reaches_devices_once_and_learns_which_are_unregistered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With collapse id, priority and expiration: each device is counted once, or answered 410 Unregistered."""
    async with simulated("apns", tmp_path, "--invalid-rate", "0.3") as provider:
        with _aioapns(provider, monkeypatch, (tmp_path / "apns.p8").read_text()) as client:
            results = [await client.send_notification(_alert(0))]
            results += await asyncio.gather(*(client.send_notification(_alert(user)) for user in range(1, 200)))
        counts, tokens = await provider.counts(), await provider.tokens()
    dead = [result for result in results if not result.is_successful]
    assert 0 < len(dead) < len(results)
    assert {(result.status, result.description) for result in dead} == {("410", "Unregistered")}
    assert tokens == [token_of(user) for user, result in enumerate(results) if result.is_successful]
    assert (counts["invalid"], counts["max_per_token"], counts["refused_requests"]) == (len(dead), 1, {})


async def test_aioapns_learns_that_its_key_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown key is answered 403 InvalidProviderToken, and nobody is reached."""
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    foreign = ec.generate_private_key(ec.SECP256R1()).private_bytes(*form).decode()
    async with simulated("apns", tmp_path) as provider:
        with _aioapns(provider, monkeypatch, foreign) as client:
            result = await client.send_notification(_alert(1))
        counts = await provider.counts()
    assert (result.status, result.description) == ("403", "InvalidProviderToken")
    assert counts["accepted"] == 0


@contextmanager
def _firebase(provider: Simulated, monkeypatch: pytest.MonkeyPatch) -> Iterator[firebase_admin.App]:
    address = provider.url + "/v1/projects/{0}/messages:send"
    monkeypatch.setattr(messaging._MessagingService, "FCM_URL", address)  # noqa: SLF001 - the address, see above
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", provider.certificate)
    monkeypatch.setenv("SSL_CERT_FILE", provider.certificate)
    certificate = credentials.Certificate(str(provider.folder / f"{PROJECT}.json"))
    yield firebase_admin.initialize_app(certificate, name=str(uuid4()))


async def _sent(app: firebase_admin.App, messages: Sequence[messaging.Message]) -> messaging.BatchResponse:
    """Send, and close the app; both calls block."""

    def send() -> messaging.BatchResponse:
        try:
            return messaging.send_each(list(messages), app=app)
        finally:
            firebase_admin.delete_app(app)

    return await asyncio.to_thread(send)


def _message(user: int) -> messaging.Message:
    android = messaging.AndroidConfig(
        collapse_key="qqa-1",
        priority="high",
        ttl=3600.5,
        notification=messaging.AndroidNotification(
            channel_id="missing_child", tag="qqa-1", visibility="public", priority="max", vibrate_timings_millis=[250]
        ),
    )
    with warnings.catch_warnings():
        # Google recommends installations instead of tokens; apps in use still have tokens.
        warnings.simplefilter("ignore", DeprecationWarning)
        return messaging.Message(
            token=token_of(user),
            data={"alert": "1"},
            notification=messaging.Notification("寻人", "小明，6岁。", "https://police.example/1.jpg"),
            android=android,
        )


async def test_firebase_admin_reaches_a_device_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages by token and by installation are counted once, over HTTP/1.1 and HTTP/2; a dry run is not."""
    async with simulated("fcm", tmp_path) as provider:
        with _firebase(provider, monkeypatch) as app:
            dry = await asyncio.to_thread(messaging.send, _message(0), dry_run=True, app=app)
            one = await asyncio.to_thread(messaging.send, messaging.Message(fid=token_of(1)), app=app)
            over_http2 = await messaging.send_each_async([_message(user) for user in range(2, 20)], app=app)
            batch = await _sent(app, [_message(user) for user in range(20, 40)])
        counts, tokens = await provider.counts(), await provider.tokens()
    assert dry.startswith(f"projects/{PROJECT}/messages/")
    assert one.startswith(f"projects/{PROJECT}/messages/")
    assert (over_http2.failure_count, batch.failure_count) == (0, 0)
    assert tokens == [token_of(user) for user in range(1, 40)]
    assert (counts["accepted"], counts["max_per_token"], counts["refused_requests"]) == (39, 1, {})


async def test_firebase_admin_learns_of_unregistered_tokens_and_of_other_senders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """UnregisteredError and SenderIdMismatchError, each for its own tokens; the others are reached."""
    async with simulated("fcm", tmp_path, "--invalid-rate", "0.3", "--mismatch-rate", "0.6") as provider:
        with _firebase(provider, monkeypatch) as app:
            batch = await _sent(app, [_message(user) for user in range(40)])
        counts = await provider.counts()
    raised = [type(response.exception) for response in batch.responses if response.exception is not None]
    assert set(raised) == {messaging.UnregisteredError, messaging.SenderIdMismatchError}
    assert raised.count(messaging.UnregisteredError) == counts["refused_requests"]["UNREGISTERED"]
    assert raised.count(messaging.SenderIdMismatchError) == counts["refused_requests"]["SENDER_ID_MISMATCH"]
    assert counts["accepted"] == batch.success_count == 40 - len(raised) > 0


async def test_firebase_admin_learns_that_the_quota_is_exhausted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At one message a second, its own retries after Retry-After do not suffice for all of a hundred."""
    async with simulated("fcm", tmp_path, "--rate-limit", "1") as provider:
        with _firebase(provider, monkeypatch) as app:
            batch = await _sent(app, [_message(user) for user in range(100)])
        counts = await provider.counts()
    raised = {type(response.exception) for response in batch.responses if response.exception is not None}
    assert raised == {messaging.QuotaExceededError}
    assert counts["accepted"] == batch.success_count < 100


async def test_firebase_admin_learns_of_an_outage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lost connections and 503 end in UnavailableError after its own retries, and nobody is reached."""
    async with simulated("fcm", tmp_path) as provider:
        for by in ("dropped", "http 503"):
            await provider.outage(by=by)
            with _firebase(provider, monkeypatch) as app:
                batch = await _sent(app, [_message(1)])
            assert isinstance(batch.responses[0].exception, exceptions.UnavailableError), by
        counts = await provider.counts()
    assert counts["refused_requests"]["UNAVAILABLE"] > 1
    assert counts["accepted"] == 0
