"""Web Push with simulated push services: their answers are understood, and no service affects another.

The services run in the test's own loop, on real connections.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import msgspec
import pytest
import pytest_asyncio

from push.message.truncation import ELLIPSIS
from push.notice import Status
from push.providers.webpush import WebpushGateway, WebpushSettings, topic_of
from push.results import RecipientStatus, RequestStatus
from push.transport.web_push.crypto import PLAINTEXT_BYTES
from push.transport.web_push.push_service import PROBE_CALLS
from server.simulators.token import site as token_site
from server.simulators.token.webpush import SimulatedWebpush, SimulatedWebpushSettings, subscription
from tests.conformance.test_webpush import BAD_TOKENS
from tests.support.providers.clearances import CLEAR, TESTING, Granted
from tests.support.providers.messages import message_for_tests

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

SENT = [RecipientStatus.ACCEPTED] * 20


class Service:
    """A running simulated push service."""

    def __init__(self, provider: SimulatedWebpush, url: str, certificate: str) -> None:
        self.provider = provider
        self.reached = provider.reached
        self.url = url
        self.certificate = certificate

    def browsers(self, users: Sequence[int] = range(1, 21)) -> list[bytes]:
        """Return the subscriptions of users."""
        return [subscription(self.url, user).encode() for user in users]


class Services:
    """Push services, and gateways to them, until the test ends."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stopping = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._gateways: list[WebpushGateway] = []

    async def start(self, key: str = "vapid.pem", **faults: Any) -> Service:  # noqa: ANN401 - settings
        """Start a service that accepts messages signed with a key."""
        settings = SimulatedWebpushSettings(key_file=self._folder / key, **faults)
        provider = SimulatedWebpush(settings)
        urls: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        serving = token_site.serve(provider, settings, self._stopping, urls.set_result)
        self._tasks.append(asyncio.create_task(serving))
        url, _, control_url = (await urls).partition(" control ")
        async with aiohttp.ClientSession() as session, session.get(f"{control_url}/simulated/endpoint") as endpoint:
            return Service(provider, url, (await endpoint.json())["certificate"])

    def gateway(self, *services: Service, timeout_s: float = 5.0, at_once: int = 32) -> WebpushGateway:
        """Open a gateway that accepts endpoints of some services."""
        certificates = self._folder / "certificates.pem"
        certificates.write_text("".join(Path(one.certificate).read_text(encoding="ascii") for one in services))
        settings = WebpushSettings(
            url="https://alert.example",
            key_file=self._folder / "vapid.pem",
            subject="mailto:alerts@police.example",
            hosts=tuple(one.url.removeprefix("https://") for one in services),
            ca_file=certificates,
            timeout_s=timeout_s,
            requests_per_service=at_once,
        )
        self._gateways.append(WebpushGateway(settings))
        return self._gateways[-1]

    async def close(self) -> None:
        """End all."""
        for gateway in self._gateways:
            await gateway.close()
        self._stopping.set()
        await asyncio.gather(*self._tasks)


@pytest_asyncio.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    """Provide services for a test to start."""
    started = Services(tmp_path)
    yield started
    await started.close()


async def test_a_browser_shows_the_alert_truncated_to_the_limit(services: Services) -> None:
    """Encrypted, a long text is as large as allowed; the call to action stays whole; the topic is the alert's."""
    service = await services.start()
    message = message_for_tests("小明，6岁。" * 2000)
    for _ in range(2):
        answer = await services.gateway(service).send(message, service.browsers([7]), CLEAR)
        assert (answer.request_status, answer.statuses) == (RequestStatus.ANSWERED, [RecipientStatus.ACCEPTED])
    assert PLAINTEXT_BYTES - 12 < len(service.provider.last) <= PLAINTEXT_BYTES
    notification = msgspec.json.decode(service.provider.last)["notification"]
    assert notification["body"].endswith(ELLIPSIS + message.text.call)
    assert notification["navigate"] == message.web_link
    assert notification["tag"] == message.collapse_id
    assert list(service.reached.repeats()) == [("7", [topic_of(message)] * 2)]


async def test_nothing_is_sent_to_hostile_tokens(services: Services) -> None:
    """They are quarantined; the other recipients are notified."""
    service, elsewhere = await services.start(), await services.start()
    good = service.browsers([7])[0]
    hostile = [
        good.replace(b"https:", b"http:"),
        good.replace(b"https://", b"file:///"),
        good.replace(b"https://", b"https://user@"),
        good.replace(b"127.0.0.1", b"localhost"),
        good.replace(b"127.0.0.1", b"evil.example"),
        elsewhere.browsers([8])[0],
        *BAD_TOKENS.values(),
    ]
    gateway = services.gateway(service)
    answer = await gateway.send(message_for_tests(), [*hostile, good], CLEAR)
    assert answer.request_status is RequestStatus.ANSWERED
    assert answer.statuses == [RecipientStatus.MALFORMED] * len(hostile) + [RecipientStatus.ACCEPTED]
    assert (service.reached.requests, elsewhere.reached.requests) == (1, 0)
    only = await gateway.send(message_for_tests(), hostile, CLEAR)
    assert (only.request_status, set(only.statuses or [])) == (RequestStatus.ANSWERED, {RecipientStatus.MALFORMED})


async def test_an_endpoint_is_called_as_it_is_written(services: Services) -> None:
    """The service knows /push/1 but not /push/%31, although URL parsers may treat them alike."""
    service = await services.start()
    token = service.browsers([1])[0].replace(b"/push/1", b"/push/%31")
    assert (await services.gateway(service).send(message_for_tests(), [token], CLEAR)).statuses == [
        RecipientStatus.INVALID
    ]


ILL: dict[str, tuple[dict[str, Any], RequestStatus, str]] = {
    "away": ({"outages": ((0.0, 1e9),)}, RequestStatus.FAILING, "no answer (ServerDisconnectedError)"),
    "hung": ({"hang_rate": 1.0}, RequestStatus.FAILING, "no answer (TimeoutError)"),
    "half answers": ({"error_rate": 1.0}, RequestStatus.FAILING, ""),
    # One message in a quarter of an hour: however long the test takes, it is answered none.
    "limited": ({"rate_limit": 0.001}, RequestStatus.THROTTLED, "HTTP 429"),
    "another key": ({"key": "other.pem"}, RequestStatus.MISCONFIGURED, "the push service rejects our key (HTTP 403)"),
}

LONG_S, HUNG_S = 60.0, 15.0
"""For an answer: far longer than one takes on a busy machine; and where it is waited for in vain."""


@pytest.mark.parametrize("how", ILL)
async def test_a_failing_service_affects_no_recipient_of_another(services: Services, how: str) -> None:
    """Each service is judged by itself: the lane goes on, and only recipients of the failing one wait."""
    faults, request_status, reason = ILL[how]
    well, ill = await services.start(), await services.start(**faults)
    gateway = services.gateway(well, ill, timeout_s=HUNG_S if how == "hung" else LONG_S)
    mixed = [token for pair in zip(ill.browsers(), well.browsers(), strict=True) for token in pair]
    answer = await gateway.send(message_for_tests(), mixed, CLEAR)
    assert (answer.request_status, (answer.statuses or [])[1::2]) == (RequestStatus.ANSWERED, SENT)
    open_fates = {RecipientStatus.RETRY, RecipientStatus.INDETERMINATE}
    assert sum(recipient_status in open_fates for recipient_status in (answer.statuses or [])[::2]) >= len(SENT) - 1
    alone = await gateway.send(message_for_tests(), ill.browsers(), CLEAR)
    assert alone.request_status is request_status
    assert alone.reason == reason or not reason
    before = ill.reached.requests
    if request_status is RequestStatus.THROTTLED:
        assert alone.retry_after_s
        assert (await gateway.send(message_for_tests(), ill.browsers(), CLEAR)).statuses == [
            RecipientStatus.RETRY
        ] * len(SENT)
        assert ill.reached.requests == before
    assert (await gateway.send(message_for_tests(), well.browsers(), CLEAR)).statuses == SENT


async def test_a_service_that_failed_is_probed_with_a_few_and_then_gets_all(services: Services) -> None:
    """After the outage all recipients not yet notified are sent."""
    service = await services.start()
    service.provider.faults.outage = True
    gateway = services.gateway(service)
    left = service.browsers()
    assert (await gateway.send(message_for_tests(), left, CLEAR)).request_status is RequestStatus.FAILING
    service.provider.faults.outage = False
    sizes: list[int] = []
    async with asyncio.timeout(120):
        while left:
            answer = await gateway.send(message_for_tests(), left, CLEAR)
            kept = [
                token
                for token, recipient_status in zip(left, answer.statuses or [], strict=True)
                if recipient_status is RecipientStatus.RETRY
            ]
            if len(kept) < len(left):
                sizes.append(len(left) - len(kept))
            left = kept
            await asyncio.sleep(answer.retry_after_s or 0)
    assert sizes == [PROBE_CALLS, len(SENT) - PROBE_CALLS]
    assert service.reached.accepted == len(SENT)


async def test_a_subscription_of_another_application_is_no_misconfiguration(services: Services) -> None:
    """If the service accepts our signature for others, it is quarantined and stops nothing."""
    service = await services.start(foreign_rate=0.3)
    answer = await services.gateway(service).send(message_for_tests(), service.browsers(), CLEAR)
    assert answer.request_status is RequestStatus.ANSWERED
    assert set(answer.statuses or []) == {RecipientStatus.ACCEPTED, RecipientStatus.QUARANTINED}
    service = await services.start(foreign_rate=1.0)
    answer = await services.gateway(service).send(message_for_tests(), service.browsers(), CLEAR)
    assert (answer.request_status, set(answer.statuses or [])) == (RequestStatus.MISCONFIGURED, {RecipientStatus.RETRY})


async def test_waiting_browsers_are_not_sent_to_after_a_stop(services: Services) -> None:
    """Two at once: those sent before the stop are notified, and all others are retried."""
    service = await services.start()
    gateway = services.gateway(service, at_once=2)
    clearance = Granted(Status.ACTUAL, lambda: service.reached.requests < 5)
    answer = await gateway.send(message_for_tests(), service.browsers(), clearance)
    notified = (answer.statuses or []).count(RecipientStatus.ACCEPTED)
    assert (answer.request_status, answer.asked) == (RequestStatus.ANSWERED, True)
    assert notified == service.reached.requests
    assert notified in {5, 6}
    assert (answer.statuses or []).count(RecipientStatus.RETRY) == len(SENT) - notified
    stopped = await gateway.send(message_for_tests(), service.browsers(), clearance)
    assert (stopped.asked, stopped.statuses) == (False, [RecipientStatus.RETRY] * len(SENT))
    assert service.reached.requests == notified


async def test_a_test_reaches_only_the_browsers_of_this_machine(services: Services) -> None:
    """An endpoint with a host name is refused without a connection; another one on this machine is notified."""
    service, named = await services.start(), await services.start()
    named.url = named.url.replace("127.0.0.1", "localhost")
    gateway = services.gateway(service, named)
    answer = await gateway.send(message_for_tests(), [*named.browsers([1]), *service.browsers([2])], TESTING)
    assert (answer.statuses, answer.asked) == ([RecipientStatus.REFUSED, RecipientStatus.ACCEPTED], True)
    alone = await gateway.send(message_for_tests(), named.browsers([1]), TESTING)
    assert (alone.request_status, alone.statuses, alone.asked) == (
        RequestStatus.ANSWERED,
        [RecipientStatus.REFUSED],
        False,
    )
    assert (service.reached.requests, named.reached.requests) == (1, 0)
