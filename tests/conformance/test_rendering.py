"""The preview that an operator sees equals what each provider gets: the same truncated texts, silent or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import msgspec
import pytest
from msgspec.structs import replace

from push.discovery import providers
from push.message.content import Text
from push.message.rendering import Rendering, TooLarge
from push.message.truncation import ELLIPSIS
from tests.support.providers.messages import message_for_tests
from tests.support.providers.recording import sent_bodies, settings_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LONG = message_for_tests('小明"，6岁。' * 2000)


def _form(body: bytes) -> dict[str, Any]:
    return dict(parse_qsl(body.decode(), strict_parsing=True))


READ: dict[str, Callable[[bytes], dict[str, Any]]] = {
    "tpns": lambda body: msgspec.json.decode(body)["message"],
    "huawei": lambda body: msgspec.json.decode(body)["payload"]["notification"],
    "xiaomi": _form,
    "vivo": msgspec.json.decode,
    "oppo": _form,
    "honor": lambda body: msgspec.json.decode(body)["android"]["notification"],
    "apns": lambda body: msgspec.json.decode(body)["aps"],
    "fcm": lambda body: msgspec.json.decode(body)["message"],
    "webpush": lambda body: msgspec.json.decode(body)["notification"],
}
"""How to read the body that each provider got."""


def text_of(name: str, body: bytes) -> tuple[str, str]:
    got = READ[name](body)
    rendering = {"apns": got.get("alert"), "fcm": got.get("notification")}.get(name) or got
    return rendering["title"], rendering.get("body") or rendering.get("content") or rendering["description"]


SIZE: dict[str, Callable[[bytes], int]] = {
    "tpns": lambda body: len(msgspec.json.encode(READ["tpns"](body))),
    "huawei": lambda body: len(body) - len(b'a1","b2'),
    "honor": lambda body: len(body) - len(b'a1","b2'),
    "apns": len,
    "fcm": lambda body: len(body) - 64,
    "webpush": len,
}
"""The parts of a body that providers limit in bytes, without recipients."""

NEARLY_BYTES = 12
"""A text of three bytes a character ends this close to a limit; twice as far where a body contains it twice."""


@pytest.mark.parametrize("name", providers())
async def test_the_preview_is_what_the_provider_gets(name: str, tmp_path: Path) -> None:
    """For a long text: the same title and the same truncated body, exactly as large as the provider allows."""
    settings, (body,) = await sent_bodies(name, tmp_path, LONG)
    rendering = providers()[name].previewed(settings, LONG)
    assert isinstance(rendering, Rendering)
    assert (rendering.title, rendering.body) == text_of(name, body)
    assert rendering.body.endswith(ELLIPSIS + LONG.text.call)
    if name in SIZE:
        assert (rendering.unit, rendering.size) == ("bytes", SIZE[name](body))
        assert rendering.size_max - 2 * NEARLY_BYTES < rendering.size <= rendering.size_max
    else:
        assert (rendering.unit, rendering.size_max - rendering.size in {0, 1}) == ("characters", True)


@pytest.mark.parametrize("name", providers())
def test_a_message_that_does_not_fit_is_previewed_with_the_reason(name: str, tmp_path: Path) -> None:
    """A call to action beyond every limit gives a reason, not an error; the preview needs no keys or connection."""
    endless = replace(LONG, text=Text("寻人", "b", "请联系" * 2000))
    unfit = providers()[name].previewed(settings_of(name, "https://127.0.0.1:9", tmp_path), endless)
    assert isinstance(unfit, TooLarge)
    assert unfit.reason


RINGS: dict[str, Callable[[dict[str, Any]], list[Any]]] = {
    "tpns": lambda got: [
        *(got["android"][name] for name in ("ring", "vibrate", "lights", "n_importance")),
        got["ios"]["aps"].get("sound"),
        got["ios"]["aps"]["interruption-level"],
    ],
    "huawei": lambda got: [got["category"]],
    "xiaomi": lambda got: [got["notify_type"]],
    "vivo": lambda got: [got["notifyType"]],
    "oppo": lambda got: [got["notify_level"]],
    "honor": lambda got: [got["importance"]],
    "apns": lambda got: [got.get("sound"), got["interruption-level"]],
    "fcm": lambda got: [got["android"]["notification"].get(name) for name in ("sound", "notification_priority")],
    "webpush": lambda got: [got["silent"], got["renotify"]],
}
"""The field by which each provider learns whether a message makes a sound."""

SAID: dict[str, tuple[list[Any], list[Any]]] = {
    "tpns": ([1, 1, 1, 4, "default", "time-sensitive"], [0, 0, 0, 2, None, "passive"]),
    "huawei": (["SUBSCRIPTION"], ["MARKETING"]),
    "xiaomi": (["-1"], ["4"]),
    "vivo": ([4], [1]),
    "oppo": (["16"], ["1"]),
    "honor": (["NORMAL"], ["LOW"]),
    "apns": (["default", "time-sensitive"], [None, "passive"]),
    "fcm": (["default", "PRIORITY_MAX"], [None, "PRIORITY_LOW"]),
    "webpush": ([False, True], [True, False]),
}
"""Its values for a message with a sound, and for a silent one."""


@pytest.mark.parametrize("name", providers())
async def test_a_silent_message_makes_no_sound(name: str, tmp_path: Path) -> None:
    """Only that field differs, so that the message still replaces the alert on the phone."""
    loud = message_for_tests()
    silent = replace(loud, silent=True)
    settings, bodies = await sent_bodies(name, tmp_path, loud, silent)
    assert tuple(RINGS[name](READ[name](body)) for body in bodies) == SAID[name]
    assert text_of(name, bodies[0]) == text_of(name, bodies[1])
    found = [providers()[name].previewed(settings, message) for message in (loud, silent)]
    assert [isinstance(one, Rendering) and one.silent for one in found] == [False, True]


def test_the_preview_says_where_a_silent_message_cannot_be_silent(tmp_path: Path) -> None:
    """Huawei's only class without a sound is limited to a few a day: without it, a silent message makes a sound."""
    settings = replace(settings_of("huawei", "https://127.0.0.1:9", tmp_path), silent_category=None)
    rendering = providers()["huawei"].previewed(settings, replace(LONG, silent=True))
    assert isinstance(rendering, Rendering)
    assert not rendering.silent
