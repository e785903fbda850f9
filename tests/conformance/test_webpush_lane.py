"""Web Push from a case to a simulated push service, and that service with the official client."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import jwt
import msgspec
import numpy as np
import pytest
import pywebpush
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from geo.connection import connect
from geo.index.devices import address
from geo.index.position_index import PositionIndex
from geo.index.reports import Positions, now_ms
from push.transport.web_push.crypto import point_of, seal, unpadded
from push.transport.web_push.subscription import read_subscription
from server.simulators.token.apns import key_in
from server.simulators.token.exchange import Request
from server.simulators.token.webpush import SimulatedWebpush, SimulatedWebpushSettings, subscription
from tests.support.processes.processes import until
from tests.support.providers.lanes import WebpushLane

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.processes.deployment import Deployment

ORIGIN = "https://push.example"
PEOPLE = 300


async def test_the_official_client_is_accepted_and_learns_of_expired_subscriptions(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client pywebpush is unchanged, except for the address and the certificate authority."""
    lane = WebpushLane(deployment)
    await lane.start("--invalid-rate", "0.5")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", lane.certificate)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    def push(user: int) -> int:
        try:
            answer = pywebpush.webpush(
                msgspec.json.decode(lane.token_of(user)),
                data="a text",
                vapid_private_key=str(deployment.folder / "vapid.pem"),
                vapid_claims={"sub": "mailto:alerts@police.example"},
                ttl=60,
                timeout=10,
            )
        except pywebpush.WebPushException as error:
            return int(error.status_code)
        return int(answer.status_code)

    statuses = {user: await asyncio.to_thread(push, user) for user in range(1, 11)}
    assert set(statuses.values()) == {201, 410}
    assert (await lane.reached()).tolist() == [user for user, status in statuses.items() if status == 201]
    assert not (await lane.counts())["refused_requests"]


def vapid(folder: Path, key: str = "vapid.pem", **changes: object) -> str:
    """Return a header for the push service, signed with a key of the folder, with some claims changed."""
    key_in(folder / key)
    pem = (folder / key).read_bytes()
    claims = {"aud": ORIGIN, "exp": int(time.time()) + 3600, "sub": "mailto:a@police.example", **changes}
    token = jwt.encode({name: claim for name, claim in claims.items() if claim is not None}, pem, algorithm="ES256")
    private = load_pem_private_key(pem, password=None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    return f"vapid t={token}, k={unpadded(point_of(private.public_key()))}"


WRONG: dict[str, tuple[int, dict[str, Any], dict[str, str | None]]] = {
    "nothing": (201, {}, {}),
    "no signature": (401, {}, {"authorization": None}),
    "other scheme": (401, {}, {"authorization": "Bearer x"}),
    "other key": (403, {"key": "other.pem"}, {}),
    "other audience": (403, {"aud": "https://other.example"}, {}),
    "no subject": (403, {"sub": None}, {}),
    "a name as subject": (403, {"sub": "police"}, {}),
    "signed for ever": (403, {"exp": None}, {}),
    "signed for too long": (403, {"exp": 9_999_999_999}, {}),
    "long over": (403, {"exp": 1_000_000_000}, {}),
    "no ttl": (400, {}, {"ttl": None}),
    "ttl of no seconds": (400, {}, {"ttl": "soon"}),
    "long topic": (400, {}, {"topic": "x" * 33}),
    "topic of another alphabet": (400, {}, {"topic": "a+b"}),
    "unheard-of urgency": (400, {}, {"urgency": "highest"}),
    "no encoding": (415, {}, {"content-encoding": None}),
    "old encoding": (415, {}, {"content-encoding": "aesgcm"}),
}


@pytest.mark.parametrize("what", WRONG)
def test_the_simulated_service_accepts_only_what_the_rfcs_allow(tmp_path: Path, what: str) -> None:
    """Each request has one fault."""
    status, signing, changes = WRONG[what]
    service = SimulatedWebpush(SimulatedWebpushSettings(key_file=tmp_path / "vapid.pem"))
    service.listen_at(ORIGIN)
    to = read_subscription(subscription(ORIGIN, 7).encode(), ("push.example",))
    other = read_subscription(subscription(ORIGIN, 8).encode(), ("push.example",))
    assert to is not None
    assert other is not None
    headers = {"authorization": vapid(tmp_path, **signing), "ttl": "60", "content-encoding": "aes128gcm", **changes}
    said = {name: value for name, value in headers.items() if value is not None}

    def answered(body: bytes, path: str = "/push/7") -> int:
        return service.handle(Request("POST", path, said, body, {})).status

    assert answered(seal(b"a text", to)) == status
    if status == 201:
        assert answered(seal(b"a text", other)) == 400
        assert answered(seal(b"a text", to)[:-1]) == 400
        assert answered(b"a text") == 400
        assert answered(bytes(4097)) == 413
        assert answered(seal(b"a text", to), "/push/nobody") == 404
        assert service.reached.accepted == 1


@pytest.mark.parametrize(
    "options",
    [(), ("--error-rate", "0.2"), ("--rate-limit", "100")],
    ids=["calm", "errors of every kind", "limited"],
)
async def test_everybody_is_notified_once(deployment: Deployment, options: tuple[str, ...]) -> None:
    """From a filed case to the push service's count."""
    lane = WebpushLane(deployment)
    await lane.start(*options)
    people = await lane.people(PEOPLE)
    server = await deployment.server(**lane.env())
    _, answer = await deployment.file(server)
    progress = await deployment.sent(server, answer["alert"]["id"])
    counts = await lane.counts()
    assert np.array_equal(await lane.reached(), people)
    assert progress["lanes"]["webpush"]["accepted"] == people.size
    assert counts["duplicates"] == 0
    assert bool(counts["refused_requests"]) or "--error-rate" not in options
    assert not counts["refused_requests"] or options


async def test_after_an_outage_everybody_is_notified_and_expired_subscriptions_are_removed(
    deployment: Deployment,
) -> None:
    """During it nobody is reached or lost; then all but the expired, which leave the index; the hostile stay in it."""
    lane = WebpushLane(deployment)
    await lane.start("--invalid-rate", "0.02")
    await lane.control("outage", {"on": True})
    people = await lane.people(PEOPLE)
    redis = connect(deployment.redis_url)
    index = PositionIndex(redis, ("tpns", "webpush"))
    hostile = [80_000_001, 80_000_002]
    tokens = [subscription("https://169.254.169.254", hostile[0]), "https://user@127.0.0.1/"]
    columns = [114.0579] * 2, [22.5431] * 2, [now_ms()] * 2
    await index.record(Positions("webpush", hostile, *columns, [address("zh-CN", token) for token in tokens]))
    server = await deployment.server(**lane.env())
    _, answer = await deployment.file(server)

    async def outage_is_noticed() -> bool:
        return bool((await lane.counts())["requests"] == 0 and "lane.outage" in deployment.log.read_text())

    await until(outage_is_noticed)
    await lane.control("outage", {"on": False})
    progress = (await deployment.sent(server, answer["alert"]["id"]))["lanes"]["webpush"]
    reached = await lane.reached()
    assert progress["accepted"] == reached.size
    assert 0 < people.size - reached.size <= progress["invalid"] < people.size // 5
    assert progress["quarantined"] == len(hostile)

    async def only_the_living_are_left() -> bool:
        return bool((await index.present("webpush", people) == np.isin(people, reached)).all())

    await until(only_the_living_are_left)
    assert (await index.present("webpush", np.array(hostile))).all()
    await redis.aclose()
    log = deployment.log.read_text()
    assert "169.254" not in log
    assert "/push/" not in log
