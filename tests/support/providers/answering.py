"""Providers that answer as they are told: an answer for each path flows in, a server that gives it flows out.

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

    Said = Callable[[str], web.Response]


class Dialect(NamedTuple):
    """How one provider speaks: how it is opened, its table, which codes refuse a token, and how it says a code."""

    name: str
    open_gateway: Callable[[str, Path], Gateway]
    codes: Mapping[Any, CodeMeaning]
    token_refused: frozenset[int]
    says: Callable[[Any], dict[str, Any]]


@cache
def _account() -> bytes:
    """Return a key file: to make one takes longer than a test."""
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


HUAWEI = Dialect("huawei", _huawei, huawei.CODES, frozenset(), lambda code: {"code": code, "msg": "{}"})
XIAOMI = Dialect("xiaomi", _xiaomi, xiaomi.CODES, frozenset(), lambda code: {"code": code})
VIVO = Dialect("vivo", _vivo, vivo.CODES, vivo.TOKEN_REFUSED, lambda code: {"result": code})
OPPO = Dialect("oppo", _oppo, oppo.CODES, oppo.TOKEN_REFUSED, lambda code: {"code": code})
HONOR = Dialect("honor", _honor, honor.CODES, honor.TOKEN_REFUSED, lambda code: {"code": code})
DIALECTS = [HUAWEI, XIAOMI, VIVO, OPPO, HONOR]
WITH_TOKENS = [VIVO, OPPO, HONOR]

BEFOREHAND: dict[str, dict[str, Any]] = {
    "/message/auth": {"result": 0, "authToken": "t"},
    "/message/saveListPayload": {"result": 0, "taskId": "1"},
    "/server/v1/auth": {"code": 0, "data": {"auth_token": "t"}},
    "/server/v1/message/notification/save_message_content": {"code": 0, "data": {"message_id": "1"}},
    "/auth/token": {"access_token": "t", "expires_in": 3600},
}
"""What is answered before anybody is sent to; each token given has a number of its own."""


@asynccontextmanager
async def answering(said: Said) -> AsyncIterator[tuple[str, list[str]]]:
    """Grant and store whatever is asked for, and answer what sends with `said`; yields the URL and the paths asked."""
    seen: list[str] = []

    async def handle(request: web.BaseRequest) -> web.Response:
        await request.read()
        seen.append(request.path)
        before = BEFOREHAND.get(request.path)
        if before is None:
            return said(request.path)
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
async def spoken(dialect: Dialect, folder: Path, said: Said) -> AsyncIterator[tuple[Gateway, list[str]]]:
    """Open a provider's gateway to a server that answers with `said`."""
    async with answering(said) as (url, seen):
        gateway = dialect.open_gateway(url, folder)
        try:
            yield gateway, seen
        finally:
            await gateway.close()
