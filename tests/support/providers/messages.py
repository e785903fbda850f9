"""A message to send in tests, in Chinese unless they ask otherwise."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from push.message.content import Message, Text


def message_for_tests(body: str = "小明，6岁。", locale: str = "zh-CN") -> Message:
    """Return a message of a new alert."""
    return Message(
        alert_id=uuid4(),
        notice="alert",
        locale=locale,
        text=Text("寻人", body, "请联系福田分局：110"),
        expires=datetime.now(UTC) + timedelta(hours=72),
        photo_url="https://police.example/photos/123.jpg",
        deep_link="qq://alert/1",
        web_link="https://alert.example/1",
    )
