"""Google's discovery document of FCM v1 checks our lane's messages and our simulated FCM.

The document is made a strict JSON schema, which then validates rendered messages.
"""

from __future__ import annotations

import json
import typing
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from push.message.content import Message, Text
from push.providers.fcm import render
from server.simulators.token.fcm_fields import Message as Taken
from server.simulators.token.fcm_fields import Send, fault_of
from tests.support.providers.fcm_discovery import discovery, request_schema, snake
from tests.support.providers.lanes import token_of

JUDGE = Draft202012Validator(request_schema())
NOT_COUNTED = {"Message.topic", "Message.condition", "Message.android_v2"}
"""Fields that the simulated FCM refuses, because it could not count whom they reach."""

texts = st.text(min_size=1, max_size=200)
links = st.none() | st.just("https://alert.example/1")
messages = st.builds(
    Message,
    alert_id=st.builds(uuid4),
    notice=st.sampled_from(["alert", "update", "found"]),
    locale=st.sampled_from(["zh-CN", "en"]),
    text=st.builds(Text, texts, texts, texts),
    expires=st.just(datetime.now(UTC) + timedelta(hours=72)),
    photo_url=links,
    deep_link=links,
    web_link=links,
    silent=st.booleans(),
)


def _request(message: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
    return json.loads(msgspec.json.encode({"message": {"token": token_of(1), **message}}))


@given(messages, st.integers(0, 28 * 86_400))
def test_messages_of_our_lane_conform_to_the_schema_of_google(message: Message, ttl_s: int) -> None:
    """Only fields, enumerated values and durations of the schema; our simulated FCM accepts them too."""
    request = _request(render(message, message.text.joined(), "missing_child", ttl_s))
    JUDGE.validate(request)
    assert fault_of(msgspec.convert(request, Send).message) is None


WRONG: dict[str, dict[str, Any]] = {
    "an unknown field": {"android": {"colapse_key": "x"}},
    "an unknown field of what is shown": {"android": {"notification": {"colour": "#ffffff"}}},
    "an unknown visibility": {"android": {"notification": {"visibility": "public"}}},
    "an unknown urgency": {"android": {"notification": {"notification_priority": "MAX"}}},
    "an unknown priority": {"android": {"priority": "URGENT"}},
    "a duration without its unit": {"android": {"ttl": "60"}},
    "a number among the data": {"data": {"age": 6}},
    "an unknown field of the text": {"notification": {"title": "a", "subtitle": "b"}},
}


@pytest.mark.parametrize("message", WRONG.values(), ids=WRONG)
def test_the_schema_and_the_simulated_fcm_refuse_the_same(message: dict[str, Any]) -> None:
    """A violation of Google's schema is INVALID_ARGUMENT at our simulated FCM."""
    request = _request(message)
    assert not JUDGE.is_valid(request)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(request, Send)


@pytest.mark.parametrize("name", ["from", "message_type", "google.x", "gcm.notification.x"])
def test_reserved_names_of_data_are_refused(name: str) -> None:
    """As the document's text requires, which the schema cannot express; also names that Android reserves."""
    for message in ({"data": {name: "x"}}, {"android": {"data": {name: "x"}}}):
        assert fault_of(msgspec.convert(_request(message), Send).message) is not None


def _fields(taken: type[msgspec.Struct], schema: str) -> dict[str, set[str]]:
    """Return the fields that the simulated FCM accepts, by Google's schema, with those of nested structures."""
    known = {snake(name): one for name, one in discovery()[schema]["properties"].items()}
    fields = {schema: set(taken.__struct_fields__)}
    for name, hint in typing.get_type_hints(taken).items():
        for inner in (hint, *typing.get_args(hint)):
            if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
                fields |= _fields(inner, known[name]["$ref"])
    return fields


def test_the_simulated_fcm_accepts_exactly_the_fields_of_the_schema() -> None:
    """All names in the whole message, except the three kinds of group recipients that it refuses explicitly."""
    for schema, fields in _fields(Taken, "Message").items():
        published = {snake(name) for name in discovery()[schema]["properties"]}
        assert fields == published - {name.partition(".")[2] for name in NOT_COUNTED if name.startswith(f"{schema}.")}
