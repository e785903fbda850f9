"""Runs the providers and the server of the demo, each as a process of its own.

Bounded: `START_S` for a process to print where it listens, `STOP_S` to end before it is killed. Errors: RuntimeError
when a process does not start.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import msgspec

from handlers.http.roles import Role
from runtime.system import tied_to_us
from server.administration import access
from server.demo.lanes import LANES, TPNS, Endpoint, environ
from server.demo.scene import ADCODE_PREFIX, ADCODE_PROPERTY
from server.embedded.environment import python_environment
from server.settings import Settings, load
from server.stores import Stores

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from server.embedded import StoreUrls

START_S = 60.0
STOP_S = 20.0
LOG_SHOWN = 4000
"""Characters of the end of a log that say why a process did not start."""

AUTHORITY = "demo-police"


class World(msgspec.Struct, frozen=True):
    """The URLs and credentials of a running demo; `public_url`: of the pages for everybody, where there are some."""

    server_url: str
    providers: dict[str, Endpoint]
    redis_url: str
    server_pid: int
    secret: str
    token: str
    settings: Settings
    stores: Stores
    public_url: str = ""

    @property
    def provider_url(self) -> str:
        """The control URL of the first lane's simulated provider, which has its counts."""
        return next(iter(self.providers.values())).control_url


@asynccontextmanager
async def running(
    stores: StoreUrls,
    folder: Path,
    workers: int,
    boundaries: Path | None = None,
    lanes: Sequence[str] = (TPNS,),
    rate_per_s: float | None = None,
    *,
    with_pages: bool = False,
    log: Path | None = None,
) -> AsyncIterator[World]:
    """Run a simulated provider for each lane, and a server, on `stores`; `boundaries`: the file of the extra `cn`.

    `rate_per_s`: at most so many recipients a second in each lane. `with_pages`: and a process that serves pages.
    `log`: where they write what they log, None: to standard error.
    """
    pace = {} if rate_per_s is None else {"rate_per_s": f"{rate_per_s:.1f}"}
    async with AsyncExitStack() as stack:
        public_url = f"http://127.0.0.1:{_free_port()}" if with_pages else ""
        if with_pages:
            await stack.enter_async_context(pages(public_url, folder, log))
        providers = {lane: await stack.enter_async_context(provider(lane, folder, log=log)) for lane in lanes}
        settings: dict[str, str] = {}
        for lane, endpoint in providers.items():
            settings |= environ(lane, folder, endpoint, workers=str(workers), **pace)
        if with_pages:
            settings |= _public(public_url, folder)
            # How many views of the page are counted follows from the estimate, and one machine has everything here.
            settings["QQ_ALERT_ALERT__ESTIMATE_WITHIN_S"] = "2"
        world = await stack.enter_async_context(server(stores, folder, providers, settings, boundaries, log))
        yield msgspec.structs.replace(world, public_url=public_url)


@asynccontextmanager
async def pages(url: str, folder: Path, log: Path | None = None) -> AsyncIterator[None]:
    """Run serve-public at an address of this machine, with nothing but the demo's objects.

    It is told its address: by it `/verify` knows our links from others.
    """
    variables = {"QQ_ALERT_PUBLIC__LISTEN": url.removeprefix("http://"), **_public(url, folder)}
    async with _process("serve-public", environ=variables, log=log):
        yield


def _public(url: str, folder: Path) -> dict[str, str]:
    return {
        "QQ_ALERT_PUBLIC__URL": url,
        "QQ_ALERT_PUBLIC__OBJECTS": (folder / "objects").as_uri(),
        "QQ_ALERT_LOG__LEVEL": "warning",
    }


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@asynccontextmanager
async def provider(lane: str, folder: Path, *options: str, log: Path | None = None) -> AsyncIterator[Endpoint]:
    """Run the simulated provider of a lane."""
    arguments = ["simulate", lane, *LANES[lane].options(folder), *options]
    async with _process(*arguments, log=log) as (control_url, _):
        if not LANES[lane].encrypted:
            yield Endpoint(control_url, control_url)
            return
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{control_url}/simulated/endpoint") as response,
        ):
            listens = await response.json()
        yield Endpoint(listens["url"], control_url, listens["certificate"])


@asynccontextmanager
async def server(
    stores: StoreUrls,
    folder: Path,
    providers: dict[str, Endpoint],
    lane_settings: dict[str, str],
    boundaries: Path | None = None,
    log: Path | None = None,
) -> AsyncIterator[World]:
    """Run a server; `lane_settings` are environment variables that configure its lanes."""
    if stores.postgres is None or stores.redis is None:
        raise RuntimeError("the demo needs both stores")
    variables = _variables(stores, folder, lane_settings, boundaries)
    settings = load(None, variables)
    url = stores.runtime or stores.postgres
    owner_url = None if stores.runtime is None else stores.postgres
    reached = Stores(url, stores.redis, embedded=False, dead=lambda: None, owner_url=owner_url)
    secret = await access.add_authority(settings, reached, AUTHORITY, "Demo police")
    _, token = await access.create_token(settings, reached, Role.ADMIN, "demo")
    async with _process("serve", environ=variables, log=log) as (server_url, pid):
        yield World(server_url, providers, stores.redis, pid, secret, token, settings, reached)


def _variables(
    stores: StoreUrls, folder: Path, lane_settings: dict[str, str], boundaries: Path | None
) -> dict[str, str]:
    variables = {
        "QQ_ALERT_LISTEN": "127.0.0.1:0",
        "QQ_ALERT_STATE_DIR": str(folder / "server"),
        "QQ_ALERT_DATABASE__URL": str(stores.runtime or stores.postgres),
        "QQ_ALERT_REDIS__URL": str(stores.redis),
        "QQ_ALERT_LOG__LEVEL": "warning",
        **lane_settings,
        # Benchmarks send more requests than people and police do.
        # Its people are made up, and its figures are held against exact ones.
        "QQ_ALERT_PRIVACY__PEOPLE_MIN": "1",
        "QQ_ALERT_LIMITS__ESTIMATES_PER_HOUR": "10000",
        "QQ_ALERT_LIMITS__FEEDS_PER_TOKEN": "2000",
        "QQ_ALERT_LIMITS__FEEDS_PER_PERSON": "2000",
        "QQ_ALERT_LIMITS__FEEDS_PER_ADDRESS": "2000",
        "QQ_ALERT_LIMITS__PEOPLE_PER_S": "1000000",
        "QQ_ALERT_LIMITS__PEOPLE_BURST": "1000000",
        "QQ_ALERT_LIMITS__WEBHOOKS_PER_MINUTE": "1000000",
    }
    if stores.runtime is not None:
        variables["QQ_ALERT_DATABASE__OWNER_URL"] = str(stores.postgres)
    if boundaries is not None:
        variables |= {
            "QQ_ALERT_CITIES__FILE": str(boundaries),
            "QQ_ALERT_CITIES__ADCODE_PROPERTY": ADCODE_PROPERTY,
            "QQ_ALERT_CITIES__ADCODE_PREFIX": ADCODE_PREFIX,
        }
    return variables


@asynccontextmanager
async def another_server(
    stores: StoreUrls, folder: Path, lane_settings: dict[str, str], boundaries: Path | None = None
) -> AsyncIterator[tuple[str, int]]:
    """Run one more server on the same stores; yields its URL and its process id."""
    async with _process("serve", environ=_variables(stores, folder, lane_settings, boundaries)) as (server_url, pid):
        yield server_url, pid


@asynccontextmanager
async def _process(
    *arguments: str, environ: Mapping[str, str] | None = None, log: Path | None = None
) -> AsyncIterator[tuple[str, int]]:
    with ExitStack() as stack:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "server.cli",
            *arguments,
            env={**python_environment(), "PYTHONPATH": str(Path(__file__).parent.parent.parent), **(environ or {})},
            stdout=asyncio.subprocess.PIPE,
            stderr=None if log is None else stack.enter_context(log.open("ab")),
            # Ctrl-C reaches only the demo, which then ends its processes in order.
            start_new_session=True,
            preexec_fn=tied_to_us(signal.SIGTERM),
        )
    try:
        async with asyncio.timeout(START_S):
            line = b"" if process.stdout is None else await process.stdout.readline()
        if not line:
            said = "" if log is None else log.read_text(encoding="utf-8")[-LOG_SHOWN:]
            raise RuntimeError(f"{arguments[0]} did not start: it ended with {await process.wait()}. {said}")
        yield line.decode().split()[-1], process.pid
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(process.wait(), STOP_S)
            except TimeoutError:
                process.kill()
                await process.wait()
