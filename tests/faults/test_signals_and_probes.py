"""Signals, injected variables and probes of a cluster: nothing ends a server but what is meant to."""

from __future__ import annotations

import asyncio
import itertools
import signal
import socket
import ssl
from functools import partial
from typing import TYPE_CHECKING

import aiohttp
import pytest
from cryptography import x509

from server.environment import EnvironmentVariableError, overlay
from server.settings import SettingsError, load
from tests.integration.test_tls import issued, written
from tests.support.processes.processes import Process, until
from tests.support.processes.public_site import public_site

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.processes.deployment import Deployment

INJECTED = {
    "QQ_ALERT_SERVICE_HOST": "10.0.0.1",
    "QQ_ALERT_SERVICE_PORT": "8470",
    "QQ_ALERT_SERVICE_PORT_HTTP": "8470",
    "QQ_ALERT_PORT": "tcp://10.0.0.1:8470",
    "QQ_ALERT_PORT_8470_TCP": "tcp://10.0.0.1:8470",
    "QQ_ALERT_PORT_8470_TCP_ADDR": "10.0.0.1",
}
SETTINGS = {"QQ_ALERT_SHARE_PORT": "true", "QQ_ALERT_METRICS__LISTEN": "127.0.0.1:0"}


def _service(name: str, port: int = 6379) -> dict[str, str]:
    """Return what Kubernetes injects for a service of the namespace, with a port that has a name."""
    of = name.upper().replace("-", "_")
    address = f"tcp://10.0.0.1:{port}"
    return {
        f"{of}_SERVICE_HOST": "10.0.0.1",
        f"{of}_SERVICE_PORT": str(port),
        f"{of}_SERVICE_PORT_HTTP_1": str(port),
        f"{of}_PORT": address,
        f"{of}_PORT_{port}_TCP": address,
        f"{of}_PORT_{port}_TCP_PROTO": "tcp",
        f"{of}_PORT_{port}_TCP_PORT": str(port),
        f"{of}_PORT_{port}_TCP_ADDR": "10.0.0.1",
        f"{of}_PORT_53_UDP": "udp://10.0.0.1:53",
    }


SERVICES = {
    name: value
    for service in ("qq-alert", "qq-alert-redis", "qq-alert-public", "qq-alert-postgresql-2", "qq-alert-share")
    for name, value in _service(service).items()
}


async def _serial(url: str) -> int:
    """Return the serial number of the certificate that a server shows."""
    host, port = url.removeprefix("https://").split(":")
    pem = await asyncio.to_thread(ssl.get_server_certificate, (host, int(port)))
    return x509.load_pem_x509_certificate(pem.encode()).serial_number


async def test_sighup_reloads_the_certificate_and_ends_nothing(deployment: Deployment, tmp_path: Path) -> None:
    """A renewed one is shown to whoever connects next; one that cannot be read leaves the one before."""
    first, second = issued("first"), issued("second")
    certificate, key = written(tmp_path, "server", first)
    env = {"QQ_ALERT_TLS__CERTIFICATE": str(certificate), "QQ_ALERT_TLS__KEY": str(key)}
    server = await deployment.server(**env)
    assert await _serial(server.url) == first[0].serial_number
    written(tmp_path, "server", second)
    server.send_signal(signal.SIGHUP)

    async def is_renewed() -> bool:
        return await _serial(server.url) == second[0].serial_number

    await until(is_renewed)
    certificate.write_text("no certificate")
    server.send_signal(signal.SIGHUP)

    async def is_reported() -> bool:
        return "certificates.not_reloaded" in deployment.log.read_text(encoding="utf-8")

    await until(is_reported)
    assert server.alive
    assert await _serial(server.url) == second[0].serial_number


async def test_a_server_without_tls_outlives_a_hang_up_and_injected_variables(deployment: Deployment) -> None:
    """A terminal that closes, a service of Kubernetes by our name: each is a line in the log."""
    server = await deployment.server(**INJECTED)
    server.send_signal(signal.SIGHUP)
    assert (await deployment.file(server))[0] == 202
    assert server.alive
    assert "environment.injected" in deployment.log.read_text(encoding="utf-8")


def test_what_kubernetes_injects_for_services_beside_ours_is_no_setting() -> None:
    """Whatever the service is called after `qq-alert`; our settings of nearly that shape are settings all the same."""
    tree: dict[str, object] = {}
    # The port of the service `qq-alert-share` has the name of a setting: its value tells.
    overlay(tree, {**SETTINGS, **SERVICES})
    assert tree == {"metrics": {"listen": "127.0.0.1:0"}}
    overlay(tree, SETTINGS)
    assert tree == {"metrics": {"listen": "127.0.0.1:0"}, "share_port": "true"}


@pytest.mark.parametrize("name", ["QQ_ALERT_REDIS__SERVICE_HOST", "QQ_ALERT_HTTP_PORT", "QQ_ALERT_PORT_NUMBER"])
def test_a_name_that_nobody_injects_is_still_an_error(name: str) -> None:
    """One of a section of ours, or of another shape: a typing error is never left aside."""
    with pytest.raises(SettingsError, match="unknown field"):
        load(None, {name: "8470"})


async def test_processes_beside_the_stores_of_a_namespace_start(deployment: Deployment) -> None:
    """A server, the process that serves pages and a command: each where the stores have services of their own."""
    server = await deployment.server(**SERVICES)
    assert (await deployment.file(server))[0] == 202
    site = await public_site(deployment, **SERVICES)
    assert site.alive
    assert Process("config", "check", env=deployment.env(**SERVICES)).wait() == 0


def test_a_secret_may_come_from_a_file_and_an_unknown_name_is_still_an_error(tmp_path: Path) -> None:
    """As a container mounts it, with its line break; a file that cannot be read is named without its content."""
    file = tmp_path / "key"
    file.write_text("secret\n")
    tree: dict[str, object] = {}
    overlay(tree, {"QQ_ALERT_LANES__TPNS__SECRET_KEY_FILE": str(file), "QQ_ALERT_CAP__KEY_FILE": "/x", **INJECTED})
    assert tree == {"lanes": {"tpns": {"secret_key": "secret"}}, "cap": {"key_file": "/x"}}
    with pytest.raises(EnvironmentVariableError, match="QQ_ALERT_DATABASE__URL_FILE"):
        overlay({}, {"QQ_ALERT_DATABASE__URL_FILE": str(tmp_path / "nothing")})


async def test_a_server_that_stops_says_so_while_it_still_serves(deployment: Deployment) -> None:
    """For `drain_s` a balancer reads 503 from /ready, and requests are answered; then it ends as always."""
    server = await deployment.server(QQ_ALERT_DRAIN_S="5", QQ_ALERT_METRICS__LISTEN="127.0.0.1:0")
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{server.url}/ready") as response:
            assert response.status == 200
        server.send_signal(signal.SIGTERM)

        async def is_stopping() -> bool:
            async with session.get(f"{server.url}/ready") as response:
                return (response.status, (await response.json())["status"]) == (503, "stopping")

        await until(is_stopping)
        assert (await deployment.file(server))[0] == 202
    assert await asyncio.to_thread(server.wait) == 0


@pytest.mark.parametrize("command", ["serve", "serve-public"])
async def test_signals_that_ask_for_nothing_end_nothing_and_quit_stops(deployment: Deployment, command: str) -> None:
    """SIGUSR1 and SIGUSR2 are a line in the log each; SIGQUIT says so on /ready, drains, and ends with code 0."""
    start = deployment.server if command == "serve" else partial(public_site, deployment)
    process = await start(QQ_ALERT_DRAIN_S="5")
    log = deployment.log if command == "serve" else deployment.folder / "serve-public.log"
    for number in (signal.SIGUSR1, signal.SIGUSR2):
        process.send_signal(number)

        async def is_ignored(name: str = number.name) -> bool:
            lines = log.read_text(encoding="utf-8").splitlines()
            return any("signal.ignored" in line and name in line for line in lines)

        await until(is_ignored)
    process.send_signal(signal.SIGQUIT)
    async with aiohttp.ClientSession() as session:

        async def is_stopping() -> bool:
            async with session.get(f"{process.url}/ready") as response:
                return bool((await response.json())["status"] == "stopping")

        await until(is_stopping)
    assert await asyncio.to_thread(process.wait) == 0


async def test_probes_need_no_certificate_on_the_inner_listener(deployment: Deployment, free_port: int) -> None:
    """Health, readiness and metrics, and nothing else; `qq-alert health` asks there."""
    inner = f"127.0.0.1:{free_port}"
    await deployment.server(QQ_ALERT_METRICS__LISTEN=inner)
    async with aiohttp.ClientSession() as session:
        for path, status in (("/health", 200), ("/ready", 200), ("/metrics", 200), ("/v1/alerts", 404)):
            async with session.get(f"http://{inner}{path}") as response:
                assert response.status == status, path
    said = Process("health", env=deployment.env(QQ_ALERT_METRICS__LISTEN=inner))
    assert "alive" in await said.printed()
    assert said.end() == 0
    assert Process("health", env=deployment.env(QQ_ALERT_METRICS__LISTEN="127.0.0.1:9")).wait() == 1


async def test_servers_that_share_a_port_both_serve_and_one_goes_on_alone(
    deployment: Deployment, tmp_path: Path
) -> None:
    """Linux spreads connections over both; a server that ends takes the port from none."""
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        taken.bind(("127.0.0.1", 0))
        shared = f"127.0.0.1:{taken.getsockname()[1]}"
        env = deployment.env(QQ_ALERT_LISTEN=shared, QQ_ALERT_SHARE_PORT="true", QQ_ALERT_METRICS__LISTEN="127.0.0.1:0")
        logs = [tmp_path / "one.log", tmp_path / "other.log"]
        one, other = [deployment.own(Process("serve", env=env, log=log)) for log in logs]
        assert {await server.started() for server in (one, other)} == {f"http://{shared}"}
    numbers = itertools.count(1)

    async def file() -> int:
        return (await deployment.file(one, case_number=f"SZ-{next(numbers)}"))[0]

    async def have_both_answered() -> bool:
        assert await file() == 202
        return all("intake.answered" in log.read_text(encoding="utf-8") for log in logs)

    await until(have_both_answered)
    assert await asyncio.to_thread(other.end) == 0
    assert [await file() for _ in range(8)] == [202] * 8


async def test_the_configuration_is_checked_without_a_start(deployment: Deployment) -> None:
    """As `serve` reads it; the example can be used, and a wrong value is named."""
    assert "usable" in await deployment.run("config", "check")
    assert Process("config", "check", env=deployment.env(QQ_ALERT_LEASE_S="0")).wait() == 2
    assert "[lanes.tpns]" in await deployment.run("config", "example")
    assert '"drain_s"' in await deployment.run("config", "schema")
