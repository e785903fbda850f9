"""A client that is generated from the served document: what its reader builds on is what the server does."""

from __future__ import annotations

import asyncio
import importlib
import sys
from typing import TYPE_CHECKING, Any
from uuid import UUID

import aiohttp
import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.processes.deployment import Deployment

GENERATE_S = 600.0
"""Far longer than it takes, also beside other work."""


async def _generated(url: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Generate the client from the document that a server serves; returns the name of its package."""
    document = folder / "openapi.json"
    async with aiohttp.ClientSession() as session, session.get(f"{url}/openapi.json") as response:
        document.write_bytes(await response.read())
    package = folder / "generated_client"
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none"]
    process = await asyncio.create_subprocess_exec(
        *command, "--path", str(document), "--output-path", str(package), stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(GENERATE_S):
        printed, _ = await process.communicate()
    assert process.returncode == 0, printed.decode()
    monkeypatch.syspath_prepend(str(folder))
    return package.name


@pytest.mark.filterwarnings("default")
async def test_a_generated_client_lists_alerts_reads_a_preview_and_pauses_an_alert(
    deployment: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of it is written by hand: operations, bodies and answers are those of the document."""
    await deployment.provider()
    server = await deployment.server()
    alert = (await deployment.file(server))[1]["alert"]["id"]
    await deployment.sent(server, alert)
    name = await _generated(server.url, tmp_path, monkeypatch)

    def operation(name_of_it: str) -> Any:  # noqa: ANN401 - generated code
        return importlib.import_module(f"{name}.api.operators.{name_of_it}")

    client = importlib.import_module(name).AuthenticatedClient(base_url=server.url, token=deployment.token)
    async with client:
        listed = await operation("list_alerts").asyncio(client=client)
        assert [one.id for one in listed.alerts] == [UUID(alert)]
        preview = await operation("read_preview").asyncio(UUID(alert), client=client)
        rendering = preview.notices["alert"]["zh-CN"]["tpns"]
        assert (rendering.title, preview.alert.id) == ("寻找走失儿童：小明，6岁", UUID(alert))
        reasoned = importlib.import_module(f"{name}.models").Reasoned
        paused = await operation("pause_alert").asyncio(UUID(alert), client=client, body=reasoned(reason="for a test"))
        assert paused.alert.state.value == "paused"
        again = await operation("pause_alert").asyncio(UUID(alert), client=client, body=reasoned(reason="for a test"))
        assert (again.code.value, again.status) == ("not_possible", 409)
        assert "resume" in again.possible
