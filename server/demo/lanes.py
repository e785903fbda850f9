"""The SIMULATED providers of the demo's lanes, and the server's settings for them.

Bounded by the lanes that there are. Everybody's token is made from the user's id, so that who was reached is known.
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
    """Where a simulated provider listens, and what is known of its certificate."""

    url: str
    control_url: str
    certificate: str = ""


class SimulatedLane(NamedTuple):
    """What the simulated provider and the lane's settings need beyond an address, both given a folder of their own."""

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
    """Return a lane's settings as environment of a server."""
    settings = {"url": endpoint.url, **LANES[name].settings(folder, endpoint), **more}
    if LANES[name].encrypted:
        settings["ca_file"] = endpoint.certificate
    return {f"QQ_ALERT_LANES__{name.upper()}__{key.upper()}": value for key, value in settings.items()}


def token_of(user: int) -> str:
    """Return a user's token: hexadecimal, as long as Apple's."""
    return f"{user:0{TOKEN_DIGITS}x}"
