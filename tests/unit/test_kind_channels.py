"""The channel of each kind of missing person in every lane that has one: by setting, and as today without one."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import msgspec
import pytest

from push.discovery import providers
from push.message.content import About, Content, Text
from push.notice import SubjectKind
from push.provider import of_kind
from server.settings import SettingsError, load, policy_by_kind
from tests.property.fuzz.promises import ALERT, lanes_of_every_provider

if TYPE_CHECKING:
    from pathlib import Path

    from push.message.content import Message

LANE: Final = '[lanes.tpns]\nurl = "http://x"\naccess_id = "a"\nsecret_key = "s"\n'
OWN: Final[dict[str, dict[str, Any]]] = {
    "tpns": {"channel_id": "missing_elder"},
    "huawei": {"category": "HEALTH"},
    "xiaomi": {"channel_id": "77"},
    "vivo": {"category": "HEALTH"},
    "oppo": {"channel_id": "missing_elder", "category": "HEALTH", "notify_level": 16},
    "honor": {"importance": "LOW"},
    "fcm": {"channel_id": "missing_elder"},
    "apns": {"interruption_level": "active"},
}
"""Web Push has no channels: the site that shows a notification decides."""

EXPIRES: Final = datetime(2026, 12, 1, tzinfo=UTC)


def _message(kind: SubjectKind) -> Message:
    about = About(alert_id=ALERT, notice="alert", status="actual", expires=EXPIRES, subject_kind=kind)
    return Content(texts={"zh-CN": Text("t", "b", "110")}).message(about, "zh-CN")


def _content(name: str, settings: Any, message: Message) -> str:  # noqa: ANN401 - the lane's own settings
    """Return what goes to the provider."""
    module = import_module(f"push.providers.{name}")
    arguments = (message,) if name in {"apns", "webpush"} else (message, 3600)
    content = module.rendered(settings, *arguments).content
    return content.decode() if isinstance(content, bytes) else msgspec.json.encode(content).decode()


@pytest.mark.parametrize("name", sorted(OWN))
def test_each_lane_has_a_channel_for_each_kind(name: str) -> None:
    """What is set for one kind is in its messages, and in those of no other; without a setting all are as a child's."""
    usual = lanes_of_every_provider()[name]
    assert usual.kinds == {}
    settings = msgspec.structs.replace(usual, kinds=msgspec.convert({"dementia": OWN[name]}, _kinds(name)))
    child, elder, other = (_message(kind) for kind in SubjectKind)
    as_today = _content(name, usual, child)
    assert _content(name, settings, child) == as_today == _content(name, settings, other)
    assert _content(name, usual, elder) == as_today
    shown = _content(name, settings, elder)
    assert shown != as_today
    assert all(str(value) in shown for value in OWN[name].values()), shown


def _kinds(name: str) -> Any:  # noqa: ANN401 - a type
    [field] = [one for one in msgspec.structs.fields(providers()[name].settings) if one.name == "kinds"]
    return field.type


def test_what_is_not_set_stays() -> None:
    """A kind's settings take the place of the lane's one by one."""
    usual = lanes_of_every_provider()["oppo"]
    own = msgspec.convert({"dementia": {"channel_id": "x"}}, _kinds("oppo"))[SubjectKind.DEMENTIA]
    assert of_kind(usual, own) == msgspec.structs.replace(usual, channel_id="x")
    assert of_kind(usual, None) is usual


def test_the_policy_of_a_kind_is_set_by_file_or_environment(tmp_path: Path) -> None:
    """Without a setting people other than children have `nearby`, where the cap allows it; a wrong name is an error."""
    file = tmp_path / "qq-alert.toml"
    file.write_text(LANE)
    assert policy_by_kind(load(file, {})) == {SubjectKind.DEMENTIA: "nearby", SubjectKind.DISABILITY: "nearby"}
    named = load(file, {"QQ_ALERT_ALERT__KINDS__DEMENTIA__POLICY": "qq"})
    assert policy_by_kind(named) == {SubjectKind.DEMENTIA: "qq", SubjectKind.DISABILITY: "nearby"}
    file.write_text(LANE + '[alert]\nradius_cap_km = 8\npolicy = "mine"\n[policies.mine]\nrings = [{radius_km = 5}]\n')
    assert policy_by_kind(load(file, {})) == {}
    for setting, value in (("POLICY", "nowhere"), ("SOUND", '{time_zone = "Asia/Nowhere"}'), ("COLOUR", "red")):
        with pytest.raises(SettingsError, match="kinds"):
            load(file, {f"QQ_ALERT_ALERT__KINDS__DEMENTIA__{setting}": value})
    with pytest.raises(SettingsError, match="kinds"):
        load(file, {"QQ_ALERT_ALERT__KINDS__PARENT__POLICY": "mine"})
