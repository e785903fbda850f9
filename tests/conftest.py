"""Fixtures: every worker process starts its own PostgreSQL and Valkey once; each test gets a new database.

Valkey is emptied before and after each test that uses it, so tests of one worker process never run at the same time.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import socket
import tempfile
from multiprocessing import util
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import asyncpg
import pytest
import pytest_asyncio
import structlog
from hypothesis import settings
from redis import asyncio as aioredis

import sql.migrate
from server.embedded import EmbeddedStores, StoreUrls, redis_user
from sql.database import RecordPool
from tests.support.processes.deployment import Deployment
from tests.support.processes.fork import patient_session

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from sql.database import Pool

# How long an example takes says how busy the machine is: no test asserts an absolute time.
settings.register_profile("any_machine", deadline=None)
settings.load_profile("any_machine")

_numbers = itertools.count(1)

for _name in [name for name in os.environ if name.startswith("QQ_ALERT_")]:
    del os.environ[_name]


IMPATIENT: Final = "faults"
"""The tests that meet the bounds of less than a second, which a busy machine oversteps anywhere else."""

PASSWORD: Final = "of-the-tests"
WORKERS = 4
SLOWEST_FIRST = ("faults", "browser", "e2e", "conformance", "property", "integration", "simulation", "unit")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Deal the tests to the workers so that each has as many slow ones, and those first: the end is quick for all."""
    rooms = {room: number for number, room in enumerate(SLOWEST_FIRST)}
    items.sort(key=lambda item: rooms.get(_room(item.path), len(rooms)))
    items[:] = [item for worker in range(WORKERS) for item in items[worker::WORKERS]]


AFTER_ALL: Final = -200
"""Of what is done at the end of a process, after multiprocessing has removed its own folder."""


def pytest_configure(config: pytest.Config) -> None:
    """Have all temporary files of a run below one folder, which goes with it: what a test kills cannot remove its own.

    Workers have it of the process that starts them, and so has whatever they start. The folders of `tmp_path` stay
    where they are, for who looks at what failed.
    """
    if hasattr(config, "workerinput"):
        return
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", tempfile.gettempdir())
    # PostgreSQL runs as another user under root, and the path of a socket has 107 bytes.
    folder = tempfile.mkdtemp(prefix="qqa-run-")
    Path(folder).chmod(0o1777)
    os.environ["TMPDIR"] = tempfile.tempdir = folder
    util.Finalize(None, shutil.rmtree, args=(folder, True), exitpriority=AFTER_ALL)


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """Take back what a command that runs in this process says of where logs go: its standard error ends with it."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def _room(path: Path) -> str:
    return path.relative_to(Path(__file__).parent).parts[0]


@pytest.fixture(autouse=True)
def _patience(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """End no transaction of a test that a busy machine holds up, but where that is what is proved."""
    if _room(request.path) != IMPATIENT:
        monkeypatch.setattr("sql.database._BEGIN_SESSION", patient_session())


@pytest.fixture(scope="session")
def embedded() -> Iterator[StoreUrls]:
    """Run PostgreSQL and Valkey for the whole session of a worker process."""
    with tempfile.TemporaryDirectory(prefix="qqa-test-") as folder:
        Path(folder).chmod(0o755)
        with EmbeddedStores(Path(folder) / "state", postgres=True, valkey=True) as urls:
            yield urls


@pytest.fixture(scope="session")
def template(embedded: StoreUrls) -> str:
    """Migrate a database once; to copy it takes a tenth of the time.

    Commits do not wait for the disk, because these stores need not survive a crash of the machine. Tests that kill
    stores start their own, with default settings.
    """
    assert embedded.postgres is not None

    async def make(url: str) -> None:
        admin = await asyncpg.connect(url)
        await admin.execute("alter system set fsync = off")
        await admin.execute("select pg_reload_conf()")
        await admin.execute("create database template_of_tests")
        await admin.close()
        runtime = None if embedded.runtime is None else embedded.runtime.replace("/app?", "/template_of_tests?")
        await sql.migrate.migrate(url.replace("/app?", "/template_of_tests?"), runtime)

    asyncio.run(make(embedded.postgres))
    return "template_of_tests"


@pytest_asyncio.fixture
async def stores(embedded: StoreUrls, template: str) -> AsyncIterator[StoreUrls]:
    """Provide a new, migrated database and an empty Valkey."""
    assert embedded.postgres is not None
    assert embedded.redis is not None
    name = f"test_{next(_numbers)}"
    admin = await asyncpg.connect(embedded.postgres)
    await admin.execute(f"create database {name} template {template} strategy file_copy")
    url = embedded.postgres.replace("/app?", f"/{name}?")
    redis = aioredis.Redis.from_url(embedded.redis)
    await redis.flushall()
    runtime = None if embedded.runtime is None else embedded.runtime.replace("/app?", f"/{name}?")
    yield StoreUrls(url, embedded.redis, runtime)
    await redis.flushall()
    await redis.aclose()
    await admin.execute(f"drop database {name} with (force)")
    await admin.close()


class PatientPool(RecordPool):
    """A pool whose transactions PostgreSQL never ends: a test that a busy machine holds up prepares in them, too."""

    __slots__ = ()

    async def _connect_to(self, *args: Any, **options: Any) -> asyncpg.Connection:  # noqa: ANN401 - asyncpg's
        connection = await super()._connect_to(*args, **options)
        await connection.execute("set idle_in_transaction_session_timeout = 0")
        return connection


@pytest_asyncio.fixture
async def pool(stores: StoreUrls) -> AsyncIterator[Pool]:
    """Provide a pool of connections to the test's database."""
    assert stores.postgres is not None
    pool = PatientPool(stores.postgres)
    await pool
    yield pool
    await pool.close()


@pytest_asyncio.fixture
async def redis(stores: StoreUrls) -> AsyncIterator[aioredis.Redis]:
    """Provide a client of the empty Valkey."""
    assert stores.redis is not None
    client = aioredis.Redis.from_url(stores.redis)
    yield client
    await client.aclose()


@pytest_asyncio.fixture
async def deployment(stores: StoreUrls, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Deployment]:
    """Provide stores with a registered authority and a token; end the processes that a test starts.

    Servers log in to Redis as the user that operators are told to make, and may do what that user may.
    """
    assert stores.redis is not None
    async with aioredis.Redis.from_url(stores.redis) as redis:
        await redis.execute_command("ACL", "SETUSER", *redis_user.line(PASSWORD).split()[1:])  # type: ignore[no-untyped-call]
    patient = _room(request.path) != IMPATIENT
    started = Deployment(stores, tmp_path, f"{redis_user.NAME}:{PASSWORD}@", patient=patient)
    started.provider_url = "http://127.0.0.1:9"
    await started.register()
    yield started
    await started.close()


@pytest.fixture
def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
