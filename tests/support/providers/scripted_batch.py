"""Batch providers that answer by a script, so that a test decides the answer for each path.

Bounded by the test.
"""

from __future__ import annotations

import json
import tempfile
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from aiohttp import web

from push.providers import honor, huawei, oppo, vivo, xiaomi
from server.simulators.batch.huawei import account_file

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from push.provider import Gateway
    from push.transport.batch.results import CodeMeaning

    Script = Callable[[str], web.Response]


class BatchProtocol(NamedTuple):
    """How one provider answers: its `codes`, those that refuse an access token, and the `answer` for each code."""

    name: str
    open_gateway: Callable[[str, Path], Gateway]
    codes: Mapping[Any, CodeMeaning]
    token_refused: frozenset[int]
    answer: Callable[[Any], dict[str, Any]]


@cache
def _account() -> bytes:
    """Return the bytes of a key file, made once because that takes longer than a test."""
    with tempfile.TemporaryDirectory() as folder:
        account_file(Path(folder) / "huawei.json", "p")
        return (Path(folder) / "huawei.json").read_bytes()


def _huawei(url: str, folder: Path) -> Gateway:
    (folder / "huawei.json").write_bytes(_account())
    return huawei.HuaweiGateway(huawei.HuaweiSettings(url=url, service_account_file=folder / "huawei.json"))


def _xiaomi(url: str, _: Path) -> Gateway:
    return xiaomi.XiaomiGateway(xiaomi.XiaomiSettings(url=url, app_secret="s", package_name="p", channel_id="1"))


def _vivo(url: str, _: Path) -> Gateway:
    return vivo.VivoGateway(vivo.VivoSettings(url=url, app_id="a", app_key="k", app_secret="s"))


def _oppo(url: str, _: Path) -> Gateway:
    return oppo.OppoGateway(oppo.OppoSettings(url=url, app_key="k", master_secret="s"))


def _honor(url: str, _: Path) -> Gateway:
    settings = honor.HonorSettings(url=url, auth_url=f"{url}/auth/token", app_id="a", client_id="c", client_secret="s")
    return honor.HonorGateway(settings)


HUAWEI = BatchProtocol("huawei", _huawei, huawei.CODES, frozenset(), lambda code: {"code": code, "msg": "{}"})
XIAOMI = BatchProtocol("xiaomi", _xiaomi, xiaomi.CODES, frozenset(), lambda code: {"code": code})
VIVO = BatchProtocol("vivo", _vivo, vivo.CODES, vivo.TOKEN_REFUSED, lambda code: {"result": code})
OPPO = BatchProtocol("oppo", _oppo, oppo.CODES, oppo.TOKEN_REFUSED, lambda code: {"code": code})
HONOR = BatchProtocol("honor", _honor, honor.CODES, honor.TOKEN_REFUSED, lambda code: {"code": code})
PROTOCOLS = [HUAWEI, XIAOMI, VIVO, OPPO, HONOR]
WITH_ACCESS_TOKENS = [VIVO, OPPO, HONOR]

SETUP_ANSWERS: dict[str, dict[str, Any]] = {
    "/message/auth": {"result": 0, "authToken": "t"},
    "/message/saveListPayload": {"result": 0, "taskId": "1"},
    "/server/v1/auth": {"code": 0, "data": {"auth_token": "t"}},
    "/server/v1/message/notification/save_message_content": {"code": 0, "data": {"message_id": "1"}},
    "/auth/token": {"access_token": "t", "expires_in": 3600},
}
"""Answers to the requests that come before a send; `scripted_server` numbers the access tokens."""


@asynccontextmanager
async def scripted_server(script: Script) -> AsyncIterator[tuple[str, list[str]]]:
    """Grant tokens, store messages, and answer sends by `script`; yields the URL and the requested paths."""
    seen: list[str] = []

    async def handle(request: web.BaseRequest) -> web.Response:
        await request.read()
        seen.append(request.path)
        before = SETUP_ANSWERS.get(request.path)
        if before is None:
            return script(request.path)
        numbered = json.dumps(before).replace('"t"', f'"t{len(seen)}"')
        return web.Response(text=numbered, content_type="application/json")

    runner = web.ServerRunner(web.Server(handle))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", seen
    finally:
        await runner.cleanup()


@asynccontextmanager
async def scripted_gateway(
    protocol: BatchProtocol, folder: Path, script: Script
) -> AsyncIterator[tuple[Gateway, list[str]]]:
    """Open a provider's gateway to a server that answers sends by `script`; yields it and the requested paths."""
    async with scripted_server(script) as (url, seen):
        gateway = protocol.open_gateway(url, folder)
        try:
            yield gateway, seen
        finally:
            await gateway.close()
