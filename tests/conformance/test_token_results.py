"""The tables of APNs and FCM, entry by entry: real gateways, and a server that gives the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from push.providers import apns, fcm
from push.results import RecipientStatus, RequestStatus
from push.transport.token_results import stops
from server.simulators.token.exchange import Response
from tests.support.providers.clearances import CLEAR
from tests.support.providers.messages import message_for_tests
from tests.support.providers.scripted_token import TOKENS, scripted_apns, scripted_fcm

if TYPE_CHECKING:
    from pathlib import Path

    from push.transport.token_results import CallResult

STATUS_OF = {"QUOTA_EXCEEDED": 429, "RESOURCE_EXHAUSTED": 429, "THIRD_PARTY_AUTH_ERROR": 401}
SINCE_MS = 1_700_000_000_000


def _as_ruled(answer: Any, result: CallResult) -> None:  # noqa: ANN401 - push.results.Answer
    """Check the first recipient's status; the second is accepted, or not sent where the answer is about our account."""
    second = {RecipientStatus.ACCEPTED, RecipientStatus.RETRY} if stops(result) else {RecipientStatus.ACCEPTED}
    assert answer.statuses[0] is result.recipient_status
    assert answer.statuses[1] in second
    assert result.reason
    if stops(result):
        assert (answer.request_status, answer.reason) == (result.request_status, result.reason)
    else:
        assert answer.request_status is RequestStatus.ANSWERED


@pytest.mark.parametrize("reason", [*apns.REASONS, "ANewOne"])
async def test_every_reason_of_apns_has_the_result_of_its_table(reason: str, tmp_path: Path) -> None:
    """One about a device affects no other; one about our account stops; an unknown one is about this device."""
    body = msgspec.json.encode({"reason": reason, "timestamp": SINCE_MS})
    async with scripted_apns(Response(400, body), tmp_path) as (gateway, _):
        answer = await gateway.send(message_for_tests(), TOKENS, CLEAR)
    result = apns.REASONS.get(reason, apns.REFUSED)
    _as_ruled(answer, result)
    assert answer.dead_since_ms == ({0: SINCE_MS} if result.recipient_status is RecipientStatus.INVALID else {})


@pytest.mark.parametrize(
    ("status", "request_status"), [(403, RequestStatus.MISCONFIGURED), (429, RequestStatus.THROTTLED)]
)
async def test_an_unknown_reason_of_apns_counts_by_its_status(
    status: int, request_status: RequestStatus, tmp_path: Path
) -> None:
    """Forbidden and too many requests are about our account, whatever the reason: all recipients stay due."""
    async with scripted_apns(Response(status, b'{"reason": "ANewOne"}'), tmp_path) as (gateway, _):
        answer = await gateway.send(message_for_tests(), TOKENS, CLEAR)
    assert answer.request_status is request_status
    assert answer.statuses is not None
    assert answer.statuses[0] is RecipientStatus.RETRY


@pytest.mark.parametrize("code", [*fcm.ERRORS, "A_NEW_ONE"])
async def test_every_code_of_fcm_has_the_result_of_its_table(code: str, tmp_path: Path) -> None:
    """As with APNs, by FCM's own code; its Retry-After is respected."""
    error = {"status": "FAILED_PRECONDITION", "details": [{"errorCode": code}]}
    headers = (("retry-after", "7"),)
    answer_of_google = Response(STATUS_OF.get(code, 400), msgspec.json.encode({"error": error}), headers)
    async with scripted_fcm(answer_of_google, tmp_path) as (gateway, _):
        answer = await gateway.send(message_for_tests(), TOKENS, CLEAR)
    _as_ruled(answer, fcm.ERRORS.get(code, fcm.REFUSED))
    if answer.request_status is RequestStatus.THROTTLED:
        assert answer.retry_after_s == 7.0


async def test_a_throttled_project_of_fcm_delays_no_other(tmp_path: Path) -> None:
    """Its recipients are retried, those of the other project are notified, and the lane goes on."""
    used_up = Response(429, b'{"error": {"details": [{"errorCode": "QUOTA_EXCEEDED"}]}}')
    async with scripted_fcm(used_up, tmp_path, "project-a", "project-b") as (gateway, _):
        tokens = [b"project-a/" + TOKENS[0], b"project-b/" + TOKENS[1], b"project-c/" + TOKENS[1]]
        answer = await gateway.send(message_for_tests(), tokens, CLEAR)
    assert answer.request_status is RequestStatus.ANSWERED
    assert answer.statuses == [RecipientStatus.RETRY, RecipientStatus.ACCEPTED, RecipientStatus.MALFORMED]


async def test_an_expired_provider_token_of_apns_is_renewed_and_nobody_is_lost(tmp_path: Path) -> None:
    """The same recipients with a new token; sooner than Apple allows, they wait and the lane has the reason."""
    now_s = [2400.0 * 1_000_000]
    async with scripted_apns(Response(200), tmp_path, lambda: now_s[0]) as (gateway, provider):
        for after_min, statuses in (
            (0, [RecipientStatus.ACCEPTED] * 2),
            (25, [RecipientStatus.ACCEPTED] * 2),
            (1, [RecipientStatus.RETRY] * 2),
        ):
            now_s[0] += 60 * after_min
            provider.refused.update(provider.authorizations)
            answer = await gateway.send(message_for_tests(), TOKENS, CLEAR)
            assert answer.statuses == (None if answer.request_status is RequestStatus.ANSWERED else statuses)
            assert (answer.request_status is RequestStatus.ANSWERED) == (statuses[0] is RecipientStatus.ACCEPTED)
    assert (answer.request_status, len(set(provider.authorizations))) == (RequestStatus.MISCONFIGURED, 2)


async def test_a_project_of_fcm_that_refuses_us_delays_no_other(tmp_path: Path) -> None:
    """Its recipients wait while the others are notified; if all projects refuse, the lane is misconfigured."""
    forbidden = Response(403, b'{"error": {"status": "PERMISSION_DENIED"}}')
    async with scripted_fcm(forbidden, tmp_path, "project-a", "project-b") as (gateway, _):
        a, b = b"project-a/" + TOKENS[0], b"project-b/" + TOKENS[1]
        for _ in range(2):
            answer = await gateway.send(message_for_tests(), [a, b], CLEAR)
            assert (answer.request_status, answer.statuses) == (
                RequestStatus.ANSWERED,
                [RecipientStatus.RETRY, RecipientStatus.ACCEPTED],
            )
    async with scripted_fcm(forbidden, tmp_path) as (gateway, _):
        answer = await gateway.send(message_for_tests(), [TOKENS[0]], CLEAR)
        assert answer.request_status is RequestStatus.MISCONFIGURED


async def test_malformed_tokens_say_nothing_of_the_provider(tmp_path: Path) -> None:
    """They are quarantined without a request, so they neither open nor close the lane's breaker."""
    async with scripted_apns(Response(500), tmp_path) as (gateway, _):
        alone = await gateway.send(message_for_tests(), [b"none", b"x y"], CLEAR)
        mixed = await gateway.send(message_for_tests(), [b"none", TOKENS[0]], CLEAR)
    assert (alone.asked, alone.statuses) == (False, [RecipientStatus.MALFORMED] * 2)
    assert (mixed.asked, mixed.statuses) == (True, [RecipientStatus.MALFORMED, RecipientStatus.RETRY])
    assert (alone.request_status, mixed.request_status) == (RequestStatus.ANSWERED, RequestStatus.FAILING)


async def test_retry_after_is_respected_beside_notified_recipients(tmp_path: Path) -> None:
    """One recipient is to be retried in half a minute, the other is notified: no request comes sooner."""
    busy = Response(503, b'{"reason": "ServiceUnavailable"}', (("retry-after", "30"),))
    async with scripted_apns(busy, tmp_path) as (gateway, _):
        answer = await gateway.send(message_for_tests(), TOKENS, CLEAR)
    assert (answer.request_status, answer.statuses, answer.retry_after_s) == (
        RequestStatus.ANSWERED,
        [RecipientStatus.RETRY, RecipientStatus.ACCEPTED],
        30.0,
    )


async def test_an_access_token_that_is_always_refused_is_requested_twice_at_most(tmp_path: Path) -> None:
    """It may have expired, so a new one is tried; then the lane is misconfigured, and all stay due."""
    async with scripted_fcm(Response(401, b'{"error": {"status": "UNAUTHENTICATED"}}'), tmp_path) as (
        gateway,
        provider,
    ):
        answer = await gateway.send(message_for_tests(), TOKENS, CLEAR)
        grants = provider.grants
    assert (answer.request_status, grants) == (RequestStatus.MISCONFIGURED, 2)
    assert answer.statuses is not None
    assert answer.statuses[0] is RecipientStatus.RETRY


@pytest.mark.parametrize("body", [b"", b"\\x00<html>", b"[]", b'{"reason": 7}', b"[" * 5000])
@pytest.mark.parametrize("status", [400, 403, 500])
async def test_garbage_settles_nobody(status: int, body: bytes, tmp_path: Path) -> None:
    """A meaningless answer is no answer: that recipient is retried, and the other one is notified."""
    async with scripted_apns(Response(status, body), tmp_path) as (gateway, _):
        answer = await gateway.send(message_for_tests(), TOKENS, CLEAR)
    assert answer.statuses == [RecipientStatus.RETRY, RecipientStatus.ACCEPTED]
