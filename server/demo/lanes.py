"""Defines the SIMULATED providers of the demo's lanes, and the server's settings for them.

A user's token is made from the user id, so that the users who were reached are known by their tokens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TOKEN_DIGITS: Final = 64
TPNS: Final = "tpns"
SIMULATED: Final = "simulated"


class Endpoint(msgspec.Struct, frozen=True):
    """The URLs of a simulated provider, and the file of its certificate."""

    url: str
    control_url: str
    certificate: str = ""


class SimulatedLane(NamedTuple):
    """The options of a simulated provider, and the settings of its lane, for a folder that holds their files."""

    options: Callable[[Path], list[str]]
    settings: Callable[[Path, Endpoint], dict[str, str]]
    encrypted: bool = False


LANES: Final = {
    TPNS: SimulatedLane(lambda _: [], lambda *_: {"access_id": SIMULATED, "secret_key": SIMULATED}),
    "huawei": SimulatedLane(
        lambda folder: ["--service-account-file", str(folder / "huawei.json")],
        lambda folder, _: {"service_account_file": str(folder / "huawei.json")},
    ),
    "xiaomi": SimulatedLane(
        lambda _: [],
        lambda *_: {"app_secret": SIMULATED, "package_name": "example.alert", "channel_id": "1"},
    ),
    "vivo": SimulatedLane(
        lambda _: [], lambda *_: {"app_id": SIMULATED, "app_key": SIMULATED, "app_secret": SIMULATED}
    ),
    "oppo": SimulatedLane(lambda _: [], lambda *_: {"app_key": SIMULATED, "master_secret": SIMULATED}),
    "honor": SimulatedLane(
        lambda _: [],
        lambda _, endpoint: {
            "app_id": SIMULATED,
            "client_id": SIMULATED,
            "client_secret": SIMULATED,
            "auth_url": f"{endpoint.url}/auth/token",
        },
    ),
    "apns": SimulatedLane(
        lambda folder: ["--key-file", str(folder / "apns.p8")],
        lambda folder, _: {
            "key_file": str(folder / "apns.p8"),
            "key_id": "SIMULATED1",
            "team_id": "SIMULATEDT",
            "topic": "example.alert",
        },
        encrypted=True,
    ),
    "fcm": SimulatedLane(
        lambda folder: ["--accounts-dir", str(folder)],
        lambda folder, _: {
            "service_account_files": msgspec.json.encode([str(folder / "simulated-project.json")]).decode()
        },
        encrypted=True,
    ),
}


def environ(name: str, folder: Path, endpoint: Endpoint, **more: str) -> dict[str, str]:
    """Return the settings of a lane as environment variables of a server."""
    settings = {"url": endpoint.url, **LANES[name].settings(folder, endpoint), **more}
    if LANES[name].encrypted:
        settings["ca_file"] = endpoint.certificate
    return {f"QQ_ALERT_LANES__{name.upper()}__{key.upper()}": value for key, value in settings.items()}


def token_of(user: int) -> str:
    """Return a user's token: hexadecimal, as long as Apple's."""
    return f"{user:0{TOKEN_DIGITS}x}"
