"""Signatures conform to Standard Webhooks, and secrets at rest need the key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from handlers.auth.webhook_signatures import Vault, is_signed, new_secret, read_keys
from runtime.clock import now
from server.administration.file_case import signed_headers

# An example from the Standard Webhooks reference libraries.
VECTOR_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
VECTOR_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
VECTOR_AT = datetime.fromtimestamp(1_614_265_330, UTC)
VECTOR_BODY = b'{"test": 2432232314}'
VECTOR_SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_published_vector_is_reproduced() -> None:
    """Our signature equals that of the reference libraries."""
    headers = signed_headers(VECTOR_SECRET, VECTOR_BODY, VECTOR_AT, VECTOR_ID)
    assert headers["webhook-signature"] == VECTOR_SIGNATURE
    assert headers["webhook-timestamp"] == "1614265330"


def test_one_valid_signature_among_several_is_enough() -> None:
    """During a rotation the sender signs with both secrets; unknown versions are skipped."""
    headers = signed_headers(VECTOR_SECRET, VECTOR_BODY)
    headers["webhook-signature"] = f"v1a,AAAA v1,AAAA {headers['webhook-signature']}"
    assert is_signed([VECTOR_SECRET], headers, VECTOR_BODY, now())
    assert not is_signed([new_secret()], headers, VECTOR_BODY, now())
    assert not is_signed([VECTOR_SECRET], headers, VECTOR_BODY + b" ", now())


@pytest.mark.parametrize(("ahead_s", "verifies"), [(-301, False), (-299, True), (299, True), (301, False)])
def test_a_signature_counts_within_five_minutes_of_the_time_that_is_given(ahead_s: int, verifies: bool) -> None:  # noqa: FBT001 - a parameter
    """By the record's clock, whatever that of this machine says."""
    headers = signed_headers(VECTOR_SECRET, VECTOR_BODY, VECTOR_AT, VECTOR_ID)
    moment = VECTOR_AT + timedelta(seconds=ahead_s)
    assert is_signed([VECTOR_SECRET], headers, VECTOR_BODY, moment) == verifies


@given(st.text(max_size=200), st.text(max_size=40), st.binary(max_size=40))
def test_no_garbage_verifies_or_raises(signature: str, timestamp: str, body: bytes) -> None:
    """For any bytes in these headers the answer is no."""
    headers = {"webhook-id": "x", "webhook-timestamp": timestamp, "webhook-signature": signature}
    assert not is_signed([VECTOR_SECRET], headers, body, now())


def test_secrets_at_rest_need_the_key_and_keys_can_be_changed() -> None:
    """Another key decrypts nothing; after a rotation the old key still decrypts old secrets."""
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    sealed = Vault(old).seal("whsec_x")
    assert b"whsec_x" not in sealed
    assert Vault(new).open([sealed]) == []
    assert Vault(f"{new},{old}").open([sealed]) == ["whsec_x"]
    with pytest.raises(ValueError, match="key"):
        read_keys("short")
