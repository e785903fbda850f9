"""Checks the fields of a request as the real FCM v1 would.

Source: Google's reference of "projects.messages" (revision 2026-10-23). Stricter than the real one: names in snake case
only, and no topics, conditions or `android_v2`, because their recipients cannot be counted here.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

TTL_MAX_S: Final = 28 * 86_400
RESERVED: Final = frozenset({"from", "message_type"})
RESERVED_BEGINNINGS: Final = ("google.", "gcm.")

Duration = Annotated[str, Meta(pattern=r"^[0-9]{1,12}(\.[0-9]{1,9})?s\Z")]
Target = Annotated[str, Meta(min_length=20, max_length=1024, pattern=r"^[A-Za-z0-9_:=-]+\Z")]
Label = Annotated[str, Meta(pattern=r"^[a-zA-Z0-9-_.~%]{1,50}\Z")]


class _Options(msgspec.Struct, forbid_unknown_fields=True):
    analytics_label: Label | None = None


class _Color(msgspec.Struct, forbid_unknown_fields=True):
    red: float = 0.0
    green: float = 0.0
    blue: float = 0.0
    alpha: float = 1.0


class _Lights(msgspec.Struct, forbid_unknown_fields=True):
    color: _Color
    light_on_duration: Duration
    light_off_duration: Duration


class _Shown(msgspec.Struct, forbid_unknown_fields=True):
    """`AndroidNotification`."""

    title: str = ""
    body: str = ""
    icon: str = ""
    color: Annotated[str, Meta(pattern=r"^#[0-9a-fA-F]{6}\Z")] | None = None
    sound: str = ""
    tag: str = ""
    click_action: str = ""
    body_loc_key: str = ""
    body_loc_args: list[str] = []
    title_loc_key: str = ""
    title_loc_args: list[str] = []
    channel_id: str = ""
    ticker: str = ""
    sticky: bool = False
    event_time: str = ""
    local_only: bool = False
    notification_priority: Literal[
        "PRIORITY_UNSPECIFIED", "PRIORITY_MIN", "PRIORITY_LOW", "PRIORITY_DEFAULT", "PRIORITY_HIGH", "PRIORITY_MAX"
    ] = "PRIORITY_UNSPECIFIED"
    default_sound: bool = False
    default_vibrate_timings: bool = False
    default_light_settings: bool = False
    vibrate_timings: list[Duration] = []
    visibility: Literal["VISIBILITY_UNSPECIFIED", "PRIVATE", "PUBLIC", "SECRET"] = "VISIBILITY_UNSPECIFIED"
    notification_count: Annotated[int, Meta(ge=0, lt=1 << 31)] = 0
    light_settings: _Lights | None = None
    image: str = ""
    bypass_proxy_notification: bool = False
    proxy: Literal["PROXY_UNSPECIFIED", "ALLOW", "DENY", "IF_PRIORITY_LOWERED"] = "PROXY_UNSPECIFIED"


class _Android(msgspec.Struct, forbid_unknown_fields=True):
    """`AndroidConfig`; Google's own libraries send the priority in lower case."""

    priority: Literal["HIGH", "NORMAL", "high", "normal"] = "NORMAL"
    ttl: Duration = f"{TTL_MAX_S}s"
    collapse_key: str = ""
    restricted_package_name: str = ""
    data: dict[str, str] = {}
    notification: _Shown = msgspec.field(default_factory=_Shown)
    fcm_options: _Options = msgspec.field(default_factory=_Options)
    direct_boot_ok: bool = False
    bandwidth_constrained_ok: bool = False
    restricted_satellite_ok: bool = False


class _Webpush(msgspec.Struct, forbid_unknown_fields=True):
    headers: dict[str, str] = {}
    data: dict[str, str] = {}
    notification: dict[str, Any] = {}
    fcm_options: dict[Literal["link", "analytics_label"], str] = {}


class _Apns(msgspec.Struct, forbid_unknown_fields=True):
    headers: dict[str, str] = {}
    payload: dict[str, Any] = {}
    fcm_options: dict[Literal["image", "analytics_label"], str] = {}
    live_activity_token: str = ""


class Message(msgspec.Struct, forbid_unknown_fields=True):
    """A message and its target: `fid` (an installation) replaces `token`, which is still accepted."""

    token: Target | None = None
    fid: Target | None = None
    name: str = ""
    data: dict[str, str] = {}
    notification: dict[Literal["title", "body", "image"], str] = {}
    android: _Android = msgspec.field(default_factory=_Android)
    webpush: _Webpush = msgspec.field(default_factory=_Webpush)
    apns: _Apns = msgspec.field(default_factory=_Apns)
    fcm_options: _Options = msgspec.field(default_factory=_Options)

    @property
    def target(self) -> str:
        """The recipient."""
        return self.token or self.fid or ""


class Send(msgspec.Struct, forbid_unknown_fields=True):
    """A request; with `validate_only` it is checked and not delivered."""

    message: Message
    validate_only: bool = False


def fault_of(message: Message) -> str | None:
    """Return what is wrong with a message whose fields have the right types, None when it is valid."""
    if (message.token is None) == (message.fid is None):
        return "exactly one of token and fid"
    if float(message.android.ttl[:-1]) > TTL_MAX_S:
        return "ttl is at most four weeks"
    for name in (*message.data, *message.android.data):
        if name in RESERVED or name.startswith(RESERVED_BEGINNINGS):
            return f"Invalid data payload key: {name}"
    return None
