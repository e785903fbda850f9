"""Lanes of a world: a lane's name flows in, its SIMULATED provider's options and the server's settings for it flow out.

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


class Endpoint(msgspec.Struct, frozen=True):
    """Where a simulated provider listens, and what is known of its certificate."""

    url: str
    control_url: str
    certificate: str = ""


class SimulatedLane(NamedTuple):
    """What the simulated provider and the lane's settings need beyond an address, both given a folder of their own."""

    options: Callable[[Path], list[str]]
    settings: Callable[[Path], dict[str, str]]
    encrypted: bool = False


LANES: Final = {
    TPNS: SimulatedLane(lambda _: [], lambda _: {"access_id": "simulated", "secret_key": "simulated"}),
    "huawei": SimulatedLane(
        lambda folder: ["--service-account-file", str(folder / "huawei.json")],
        lambda folder: {"service_account_file": str(folder / "huawei.json")},
    ),
    "apns": SimulatedLane(
        lambda folder: ["--key-file", str(folder / "apns.p8")],
        lambda folder: {
            "key_file": str(folder / "apns.p8"),
            "key_id": "SIMULATED1",
            "team_id": "SIMULATEDT",
            "topic": "example.alert",
        },
        encrypted=True,
    ),
    "fcm": SimulatedLane(
        lambda folder: ["--accounts-dir", str(folder)],
        lambda folder: {
            "service_account_files": msgspec.json.encode([str(folder / "simulated-project.json")]).decode()
        },
        encrypted=True,
    ),
}


def environ(name: str, folder: Path, endpoint: Endpoint, **more: str) -> dict[str, str]:
    """Return a lane's settings as environment of a server."""
    settings = {"url": endpoint.url, **LANES[name].settings(folder), **more}
    if LANES[name].encrypted:
        settings["ca_file"] = endpoint.certificate
    return {f"QQ_ALERT_LANES__{name.upper()}__{key.upper()}": value for key, value in settings.items()}


def token_of(user: int) -> str:
    """Return a user's token: hexadecimal, as long as Apple's."""
    return f"{user:0{TOKEN_DIGITS}x}"
