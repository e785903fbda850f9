"""The server process: settings flow in, the running edge and engine flow out until a signal or a bug ends them.

The nesting is the order of the end: the edge closes, the engine stops sending and commits, then the stores close.
Bounded: `grace_s` for what is being sent, and what `server.edge` and `server.stopping` bound.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog

import sql.access
import sql.cap
import sql.work
from geo.cities import Cities, CitiesError, read_cities
from geo.connection import connect
from geo.ending import ended
from geo.foreign import Foreigners
from geo.forgetting import Forgetting
from geo.index import PositionIndex
from geo.keys import generations
from handlers.access import Gatekeeper
from handlers.actions import AlertActions
from handlers.alerts import Alerts
from handlers.audit import Audit
from handlers.cap_intake import CapIntake
from handlers.devices import Devices
from handlers.door import Door
from handlers.enrolment import Enrolment
from handlers.estimates import Estimates
from handlers.failures import Failures
from handlers.feed import Feed
from handlers.health import Health
from handlers.intake import Intake
from handlers.limits import Limits
from handlers.metrics import Metrics
from handlers.notices import Notices
from handlers.preview import Preview
from handlers.public import Public
from handlers.reports import Reports
from handlers.routes import Handlers
from handlers.signed import SignedWebhooks
from handlers.signing import Vault
from push.engine import Engine, EnginePlan
from push.late import LatePlan
from push.life.deletion import Retention
from push.planner import FilingPlan
from push.preview import preview
from push.quota import Quotas
from server import lanes, publishing
from server.chores import run_chores
from server.edge import listen
from server.encryption import encryption_key
from server.expiry import Expiry, certificates
from server.settings import Settings, SettingsError, policies
from server.stopping import close_pool, close_redis, migrated, stop_event
from sql.database import open_pool

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from aiohttp import web

    from handlers.cap.signing import Signer
    from server.stores import Stores
    from sql.database import Pool

EMBEDDED_CHECK_S = 0.5

_log = structlog.get_logger("server.serve")


class StoreDiedError(Exception):
    """An embedded store ended by itself."""


async def serve(settings: Settings, stores: Stores, ready: Callable[[str], None] = lambda _: None) -> None:
    """Serve until SIGTERM or SIGINT; raises when a worker or an embedded store dies. `ready` gets the base URL."""
    stopping = stop_event()
    if not await migrated(stores, stopping):
        return
    async with AsyncExitStack() as stack:
        pool = await open_pool(stores.database_url)
        stack.push_async_callback(close_pool, pool)
        redis = connect(stores.redis_url)
        stack.push_async_callback(close_redis, redis)
        if stores.embedded:
            await sql.work.release_all(pool)
        index = PositionIndex(redis, tuple(settings.lanes), generations(settings.positions.kept_days))
        forgetting = Forgetting(redis)
        quotas = Quotas(redis)
        engine = Engine(
            _plan(settings, stores),
            pool,
            index,
            forgetting,
            lanes.gateways(settings, quotas),
            quotas,
            Foreigners(redis),
        )
        cities = await asyncio.to_thread(_cities, settings)
        failures = Failures(settings.limits, engine.alarms)
        door = Door(Gatekeeper(pool, redis), Limits(redis, settings.limits), failures)
        signer = publishing.read_signer(settings)
        handlers = _handlers(settings, engine, pool, index, door, cities, signer)
        expiry = _expiry(settings, engine, pool, signer)
        # Before anything is sent: whoever cannot listen does not work in silence, nor does a second server by mistake.
        runners, url = await _listening(settings, engine, handlers, door)
        async with asyncio.TaskGroup() as group:
            engine.start(group)
            lag = group.create_task(handlers.metrics.lag.run(), name="loop lag")
            chores = group.create_task(run_chores(pool, expiry), name="chores")
            quiet = group.create_task(failures.run(), name="failures")
            listeners = group.create_task(handlers.feed.run(), name="feed")
            guard = group.create_task(_guard(stores), name="embedded stores")
            try:
                _log.info("server.ready", lanes=[*settings.lanes], embedded=stores.embedded)
                ready(url)
                await stopping.wait()
                _log.info("server.stopping", grace_s=settings.grace_s)
                handlers.health.stopping = True
                await handlers.feed.close()
                for runner in runners:
                    await runner.cleanup()
                await engine.stop(settings.grace_s)
            finally:
                # A group that goes down cancels each task once, which a driver may hide or outlast.
                await handlers.health.close()
                await ended((*engine.tasks, lag, chores, quiet, listeners, guard))
    _log.info("server.stopped")


async def _listening(
    settings: Settings, engine: Engine, handlers: Handlers, door: Door
) -> tuple[list[web.AppRunner], str]:
    try:
        return await listen(settings, handlers, door)
    except BaseException:
        await engine.close()
        raise


def _plan(settings: Settings, stores: Stores) -> EnginePlan:
    return EnginePlan(
        database_url=stores.database_url,
        lease_s=settings.lease_s,
        filing=FilingPlan(
            policies=policies(settings),
            policy=settings.alert.policy,
            lanes={name: lane.lane_rate_per_s for name, lane in settings.lanes.items()},
            radius_cap_km=settings.alert.radius_cap_km,
            audience_cap=settings.alert.audience_cap,
            links=settings.alert.links,
            simulated=lanes.simulated(settings),
        ),
        late=LatePlan(
            every_s=settings.alert.late_entrants_every_s,
            burst=settings.alert.late_entrants_burst,
            gap_s=settings.alert.late_entrants_gap_s,
        ),
        lanes=lanes.plans(settings),
        sound=settings.alert.sound,
        life_max=timedelta(hours=settings.alert.life_max_h),
        retention=Retention(
            child_after_found=timedelta(hours=settings.retention.child_after_found_h),
            child=timedelta(hours=settings.retention.child_h),
            recipients=timedelta(hours=settings.retention.recipients_h),
        ),
        deletion_look_s=settings.retention.look_s,
    )


def _cities(settings: Settings) -> Cities | None:
    """Read the configured boundaries; SettingsError names the city whose boundary cannot be used."""
    configured = settings.cities
    if configured.file is None:
        return None
    try:
        cities = read_cities(configured.file, configured.adcode_property, configured.adcode_prefix)
    except CitiesError as error:
        raise SettingsError(f"$.cities: {error}") from None
    _log.info("cities.read", cities=len(cities))
    return cities


def _expiry(settings: Settings, engine: Engine, pool: Pool, signer: Signer | None) -> Expiry:
    within = timedelta(days=settings.security.expires_soon_days)
    served = certificates(settings.tls) + publishing.ending(signer)

    async def configured() -> list[tuple[str, datetime]]:
        return served

    return Expiry(
        engine.alarms,
        within,
        (configured, partial(sql.access.ending, pool, within), partial(sql.cap.ending, pool, within)),
    )


def _handlers(
    settings: Settings,
    engine: Engine,
    pool: Pool,
    index: PositionIndex,
    door: Door,
    cities: Cities | None,
    signer: Signer | None,
) -> Handlers:
    signed = SignedWebhooks(pool, Vault(encryption_key(settings)), door)
    alerts = Alerts(pool, engine.watcher)
    cap = CapIntake(pool, engine.desk, engine.actions, engine.changes, cities, door)
    feed = Feed(door, engine.watcher, engine.alarms)
    reports = Reports(index, lanes.needs_token(settings), engine.entrants.note)
    return Handlers(
        intake=Intake(pool, engine.desk, signed, cities, cap),
        notices=Notices(pool, engine.actions, signed),
        devices=Devices(reports, index, engine.forgetting, pool),
        alerts=alerts,
        actions=AlertActions(engine.actions, engine.changes, alerts),
        preview=Preview(pool, partial(preview, lanes=settings.lanes)),
        audit=Audit(pool),
        estimates=Estimates(pool, engine.desk.planner, cities),
        feed=feed,
        health=Health(pool, index),
        metrics=Metrics(engine, feed, door),
        enrolment=Enrolment(pool),
        public=Public(pool, publishing.publisher(settings), signer),
    )


async def _guard(stores: Stores) -> None:
    while True:
        await asyncio.sleep(EMBEDDED_CHECK_S)
        if (name := stores.dead()) is not None:
            raise StoreDiedError(f"the embedded {name} ended by itself; its log is in the state folder")
