"""SIGHUP: the settings of lanes are read again while a server runs, and what needs a start is named and left."""

from __future__ import annotations

import asyncio
import json
import signal
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from cryptography.hazmat.primitives.asymmetric import ec

from server.simulators.key_files import private_pem
from tests.support.alarms import until_alarmed, until_cleared
from tests.support.processes.processes import Process, until
from tests.support.providers.lanes import ApnsLane, HuaweiLane

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment

LANES: Final = "QQ_ALERT_LANES__"
LONG_S: Final = "3600"
"""Between probes of a lane that is misconfigured: what is sent before is sent because of the reload."""


class Configured:
    """A server whose lanes are configured in a file, and can be changed there."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._file = deployment.folder / "qq-alert.toml"

    def write(self, head: str = "", **lanes: str) -> None:
        """Write the file: `head`, and the lanes out of the environment of a server."""
        sections: dict[str, list[str]] = {}
        for name, value in {**self._deployment.env(), **lanes}.items():
            if name.startswith(LANES):
                lane, _, setting = name.removeprefix(LANES).lower().partition("__")
                sections.setdefault(lane, []).append(f"{setting} = {json.dumps(value)}")
        tables = [f"[lanes.{lane}]\n" + "\n".join(lines) for lane, lines in sections.items()]
        self._file.write_text("\n".join([head, *tables]), encoding="utf-8")

    def spoil(self) -> None:
        """Write what is no configuration."""
        self._file.write_text("[lanes.tpns]\nurl = 1\n", encoding="utf-8")

    def process(self, **env: str) -> Process:
        """Run the server, whose other settings come from the environment."""
        others = {name: value for name, value in self._deployment.env(**env).items() if not name.startswith(LANES)}
        process = Process("serve", "--config", str(self._file), env=others, log=self._deployment.log)
        return self._deployment.own(process)

    async def server(self, **env: str) -> Process:
        """Start the server."""
        process = self.process(**env)
        await process.started()
        return process

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return the events of one name in the server's log."""
        lines = self._deployment.log.read_text(encoding="utf-8").splitlines()
        return [event for event in map(json.loads, lines) if event["event"] == name]

    async def reload(self, server: Process, outcome: str = "settings.reloaded") -> dict[str, Any]:
        """Send SIGHUP; returns the event that says what came of it."""
        before = len(self.events(outcome))
        server.send_signal(signal.SIGHUP)

        async def is_said() -> bool:
            return len(self.events(outcome)) > before

        await until(is_said)
        return self.events(outcome)[-1]


async def test_a_lane_sends_once_its_secret_is_corrected_and_needs_no_start(deployment: Deployment) -> None:
    """A wrong secret is an alarm; the file is corrected, SIGHUP, and everybody is reached, once.

    In the same reload the log names what needs a start, and all else of it is done.
    """
    await deployment.provider()
    inside = await deployment.people(5_000)
    configured = Configured(deployment)
    tpns = {f"{LANES}TPNS__MISCONFIGURED_PROBE_S": LONG_S}
    configured.write(**tpns, **{f"{LANES}TPNS__SECRET_KEY": "wrong"})
    server = await configured.server(QQ_ALERT_ALERT__ESTIMATE_WITHIN_S="10")
    _, answer = await deployment.file(server)
    await until_alarmed(deployment, server, "misconfigured")
    assert (await deployment.reached()).size == 0
    more = {
        f"{LANES}TPNS__WORKERS": "5",
        f"{LANES}TPNS__QUEUE_BATCHES": "9",
        f"{LANES}TPNS__RATE_PER_S": "100000",
        f"{LANES}XIAOMI__URL": "http://127.0.0.1:9",
        f"{LANES}XIAOMI__APP_SECRET": "secret",
        f"{LANES}XIAOMI__PACKAGE_NAME": "example.alert",
        f"{LANES}XIAOMI__CHANNEL_ID": "1",
        f"{LANES}XIAOMI__TEMPLATE_ID": "1",
    }
    configured.write("drain_s = 1.5\n", **tpns, **more)
    assert (await configured.reload(server))["lanes"] == ["tpns"]
    await deployment.sent(server, answer["alert"]["id"])
    assert np.array_equal(await deployment.reached(), inside)
    assert (await deployment.counts())["duplicates"] == 0
    await until_cleared(deployment, server, "misconfigured")
    named = {event["setting"] for event in configured.events("setting.needs_start")}
    assert named == {"$.drain_s", "$.lanes.xiaomi", "$.lanes.tpns.workers", "$.lanes.tpns.queue_batches"}
    _, answer = await deployment.post(f"{server.url}/v1/estimates", {"longitude": 114.0579, "latitude": 22.5431})
    assert answer["estimate"]["lanes"]["tpns"]["rate_per_s"] == 100_000


async def test_a_file_that_cannot_be_used_changes_nothing(deployment: Deployment) -> None:
    """It is logged with what is wrong; the server goes on with what it has, and takes the file once it is good."""
    await deployment.provider()
    inside = await deployment.people(5_000)
    configured = Configured(deployment)
    configured.write()
    server = await configured.server()
    configured.spoil()
    assert "$.lanes.tpns" in (await configured.reload(server, "settings.not_reloaded"))["reason"]
    _, answer = await deployment.file(server)
    await deployment.sent(server, answer["alert"]["id"])
    assert np.array_equal(await deployment.reached(), inside)
    configured.write()
    assert (await configured.reload(server))["lanes"] == []
    configured.write(**{f"{LANES}TPNS__SIMULATED": "true", f"{LANES}TPNS__SECRET_KEY": "other"})
    assert (await configured.reload(server))["lanes"] == []
    assert [event["setting"] for event in configured.events("setting.needs_start")] == ["$.lanes.tpns.simulated"]


async def test_a_lane_that_bad_tokens_stopped_starts_again_with_other_settings(deployment: Deployment) -> None:
    """Those whom it refused are due again, everybody is reached, nobody twice; the alarm ends."""
    lane = HuaweiLane(deployment)
    await deployment.provider()
    bad = await lane.start("--invalid-rate", "0.2")
    devices = await lane.people(6_000)
    configured = Configured(deployment)
    configured.write(**lane.env(invalid_count="500"))
    server = await configured.server(QQ_ALERT_ALERT__LATE_ENTRANTS_EVERY_S="1")
    _, answer = await deployment.file(server)
    await until_alarmed(deployment, server, "invalid_tokens")
    corrected = HuaweiLane(deployment)
    await corrected.start()
    configured.write(**corrected.env(invalid_count="500"))
    assert (await configured.reload(server))["lanes"] == ["huawei"]
    # What was on its way to the provider before is answered by then, and nothing goes there any more.
    before = await lane.reached()
    await asyncio.to_thread(bad.end)
    await deployment.sent(server, answer["alert"]["id"])

    async def everybody_is_reached() -> bool:
        return np.array_equal(np.union1d(before, await corrected.reached()), devices)

    await until(everybody_is_reached)
    assert not np.isin(before, await corrected.reached()).any(), "somebody was notified twice"
    await until_cleared(deployment, server, "invalid_tokens")


async def test_a_key_file_that_is_written_anew_is_taken_and_one_that_is_no_key_is_not(deployment: Deployment) -> None:
    """The settings name the same file as before; without a key at the start the server says so in one sentence."""
    lane = ApnsLane(deployment)
    await deployment.provider()
    await lane.start()
    devices = await lane.people(2_000)
    ours = deployment.folder / "ours.p8"
    configured = Configured(deployment)
    configured.write(**lane.env(key_file=str(ours), misconfigured_probe_s=LONG_S))
    ours.write_text("no key")
    assert await asyncio.to_thread(configured.process().wait) == 2
    assert "$.lanes.apns: ValueError while reading" in deployment.log.read_text(encoding="utf-8")
    deployment.log.unlink()
    ours.write_bytes(private_pem(ec.generate_private_key(ec.SECP256R1())))
    server = await configured.server()
    _, answer = await deployment.file(server)
    await until_alarmed(deployment, server, "misconfigured")
    ours.write_text("no key")
    assert (await configured.reload(server))["lanes"] == []
    assert [event["lane"] for event in configured.events("lane.not_reloaded")] == ["apns"]
    ours.write_text((deployment.folder / "apns.p8").read_text(encoding="ascii"), encoding="ascii")
    assert (await configured.reload(server))["lanes"] == ["apns"]
    await deployment.sent(server, answer["alert"]["id"])
    assert np.array_equal(await lane.reached(), devices)
