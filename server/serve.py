"""Runs a server: connects the engine with the HTTP edge, until a signal or a bug ends them.

The nesting gives the order of the end: the edge closes, the engine stops sending and commits, then the stores close.
Bounded: `grace_s` for what is being sent, and what `server.edge.listening` and `server.process` bound.
"""

from __future__ import annotations

import asyncio
import signal
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog

import sql.access
import sql.cap
import sql.work
from geo.cities import Cities, CitiesError, read_cities
from geo.connection import connect
from geo.index.keys import LIVING, generations
from handlers.auth.failures import Failures
from handlers.auth.webhook_signatures import Vault
from push.alerts.disclosure.people import Disclosure
from push.alerts.planner import FilingPlan
from push.alerts.record.retention import Retention
from push.engine import Engine, EnginePlan
from push.fanout.entrants.late_entrants import LatePlan
from push.stores import EngineStores
from runtime.authentication_codes import key_material
from runtime.clock import RECORD_CLOCK
from runtime.tasks import cancel_and_wait
from server import lanes
from server.administration.authentication import authenticator_of, guard_of
from server.administration.encryption import derived_secret, encryption_key, known_key
from server.edge import publishing
from server.edge.counting import counting_of
from server.edge.handlers import handlers_of
from server.edge.listening import Listener, listen
from server.edge.public_objects import kept_objects, public_objects
from server.process import StoppedError, answered, close_redis, enter_pool, migrated, process_name, stop_event
from server.public_side.photo_making import PhotoMaking
from server.public_tasks import public_tasks
from server.settings import Settings, SettingsError, links_of, policies, policy_by_kind
from server.sightings.collection import SightingCollection
from server.sightings.deletion import deletion_of
from server.sightings.police import PoliceEvents
from server.upkeep.anchoring import entered
from server.upkeep.authority_check import AuthorityCheck
from server.upkeep.chores import run_chores
from server.upkeep.credential_expiry import Expiry, certificates
from server.upkeep.lane_control import LaneControl
from server.upkeep.reload import Reload
from server.upkeep.secret_check import SecretCheck

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from geo.connection import Client
    from handlers.auth.authenticator import Authenticator
    from handlers.cap.signing import Signer
    from handlers.routes import Handlers
    from push.alerts.watch.record_guard import RecordGuard
    from server.stores import Stores
    from sql.database import Pool, RecordPool

EMBEDDED_CHECK_S = 0.5

_log = structlog.get_logger("server.serve")


class StoreDiedError(Exception):
    """An embedded store ended by itself."""


async def serve(
    settings: Settings,
    stores: Stores,
    read: Callable[[], Settings],
    ready: Callable[[str], None] = lambda _: None,
    *,
    hold: bool = False,
) -> None:
    """Serve until a signal to stop; raises when a worker or an embedded store dies. `ready` gets the base URL.

    `read` reads the settings again, at SIGHUP. `hold`: what is live is paused before anything is sent.
    """
    stopping = stop_event()
    if not await migrated(stores, stopping):
        return
    async with AsyncExitStack() as stack:
        stack.enter_context(suppress(StoppedError))
        ask = partial(answered, stopping)
        pool, requests_pool = [await ask(partial(enter_pool, stack, stores.database_url)) for _ in range(2)]
        redis = connect(stores.redis_url)
        stack.push_async_callback(close_redis, redis)
        if stores.embedded:
            await ask(partial(sql.work.release_all, pool))
        vault = await ask(partial(_vault, settings, pool))
        engine = _engine(settings, stores.database_url, pool, requests_pool, redis)
        failures = Failures(settings.limits, engine.alarms)
        authenticator = authenticator_of(settings, engine, failures)
        signer = publishing.read_signer(settings)
        guard = await guard_of(settings, engine)
        await _look_first(engine, guard, stopping, hold=hold)
        secrets = SecretCheck(pool, vault, engine.alarms)
        await ask(secrets.look)
        authorities = AuthorityCheck(pool, engine.alarms)
        cities = await asyncio.to_thread(_cities, settings)
        objects = public_objects(settings)
        engine.delete_objects = deletion_of(
            requests_pool, kept_objects(settings), has_site=settings.public.url is not None
        )
        counting = counting_of(settings, pool, objects)
        handlers = handlers_of(settings, engine, authenticator, cities, signer, vault, counting.taken, objects)
        photos = PhotoMaking(settings, engine, objects)
        handlers.ops.metrics.photos.results = photos.results
        expiry = _expiry(settings, engine, pool, signer)
        # Listening comes before sending, so that a server started twice by mistake fails before it sends anything.
        listeners = await _listening(settings, engine, handlers, authenticator)
        anchors = await ask(partial(entered, stack, settings.audit, pool, engine.alarms))
        reload = Reload(settings, read, engine, listeners)
        async with asyncio.TaskGroup() as group:
            engine.start(group)
            beside = {
                "loop lag": handlers.ops.metrics.lag.run(),
                "alarms": handlers.operators.alarms.shared.run(),
                "chores": run_chores(pool, expiry),
                "secrets": secrets.run(),
                "authorities": authorities.run(),
                "anchors": anchors.run(),
                "reload": reload.run(),
                "lanes": LaneControl(engine, reload).run(),
                "record guard": guard.run(),
                "failures": failures.run(),
                "feed": handlers.operators.feed.run(),
                "issuer": _ask_issuer(handlers),
                **public_tasks(settings, engine, handlers),
                "embedded stores": _guard(stores),
                **{name: run() for name, run in counting.tasks.items()},
                "photos": photos.run(),
                "sightings": SightingCollection(settings, engine, handlers, objects).run(),
                "police events": PoliceEvents(settings, engine, vault).run(),
            }
            tasks = [group.create_task(work, name=name) for name, work in beside.items()]
            try:
                _log.info("server.ready", lanes=[*settings.lanes], embedded=stores.embedded)
                asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reload.ask)
                ready(listeners[0].url)
                await stopping.wait()
                await _stop(settings, engine, handlers, listeners)
            finally:
                # A failing group cancels each task only once, and a driver may swallow that.
                await handlers.ops.health.close()
                await cancel_and_wait((*engine.tasks, *tasks))
    _log.info("server.stopped")


async def _look_first(engine: Engine, guard: RecordGuard, stopping: asyncio.Event, *, hold: bool) -> None:
    """Look at clocks and stores before anything is decided by them; with `hold` pause what is live."""
    RECORD_CLOCK.set(engine.stores.clock)
    await answered(stopping, engine.compare_clocks)
    await answered(stopping, guard.look_first)
    engine.changed = guard.wake
    if hold:
        await answered(stopping, partial(guard.pause_all, "the server was started with --hold"))
    await engine.index_watch.look_first()


async def _stop(settings: Settings, engine: Engine, handlers: Handlers, listeners: list[Listener]) -> None:
    """Answer what is asked, close, and send what is being sent."""
    _log.info("server.stopping", drain_s=settings.drain_s, grace_s=settings.grace_s)
    handlers.ops.health.stopping = True
    # Whoever balances the load sees that and sends nobody here any more, before the listener closes.
    await asyncio.sleep(settings.drain_s)
    await handlers.operators.feed.close()
    for listener in listeners:
        await listener.close()
    await engine.stop(settings.grace_s)


async def _listening(
    settings: Settings, engine: Engine, handlers: Handlers, authenticator: Authenticator
) -> list[Listener]:
    try:
        listeners = await listen(settings, handlers, authenticator)
    except BaseException:
        await engine.close()
        raise
    handlers.operators.alarms.shared.name = process_name(listeners[0].url)
    return listeners


def _engine(
    settings: Settings, database_url: str, pool: RecordPool, requests_pool: RecordPool, redis: Client
) -> Engine:
    kept = generations(settings.positions.kept_days)
    stores = EngineStores(database_url, pool, requests_pool, redis, tuple(settings.lanes), kept)
    return Engine(_plan(settings), stores, lanes.gateways(settings, stores.quotas))


def _plan(settings: Settings) -> EnginePlan:
    return EnginePlan(
        lease_s=settings.lease_s,
        filing=FilingPlan(
            policies=policies(settings),
            policy=settings.alert.policy,
            policy_by_kind=policy_by_kind(settings),
            lanes=lanes.rates(settings),
            radius_cap_km=settings.alert.radius_cap_km,
            audience_cap=settings.alert.audience_cap,
            links=links_of(settings),
            time_zone=settings.alert.zone_of_texts,
            simulated=lanes.simulated(settings),
            unit_people=settings.alert.unit_people,
            estimate_within_s=settings.alert.estimate_within_s,
            radius_min_km=settings.privacy.radius_min_km,
            disclosure=Disclosure(settings.privacy.people_min),
            secret=derived_secret(settings),
            sealing_keys=tuple(key_material(encryption_key(settings))),
        ),
        late=LatePlan(every_s=settings.alert.late_entrants_every_s),
        lanes=lanes.plans(settings),
        sound=settings.alert.sound,
        sound_by_kind={kind: one.sound for kind, one in settings.alert.kinds.items() if one.sound is not None},
        life_max=timedelta(hours=settings.alert.life_max_h),
        retention=Retention(
            child_after_found=timedelta(hours=settings.retention.child_after_found_h),
            child=timedelta(hours=settings.retention.child_h),
            recipients=timedelta(hours=settings.retention.recipients_h),
        ),
        deletion_look_s=settings.retention.look_s,
        positions_kept=timedelta(days=LIVING * settings.positions.kept_days),
    )


def _cities(settings: Settings) -> Cities | None:
    """Read the configured boundaries; the SettingsError names the city whose boundary cannot be used."""
    configured = settings.cities
    if configured.file is None:
        return None
    try:
        cities = read_cities(configured.file, configured.adcode_property, configured.adcode_prefix)
    except CitiesError as error:
        raise SettingsError(f"$.cities: {error}") from None
    _log.info("cities.read", cities=len(cities))
    return cities


async def _vault(settings: Settings, pool: Pool) -> Vault:
    """Return what opens webhook secrets; SettingsError where a key would be made anew that can open none of them."""
    if known_key(settings) is None and await sql.access.standing_secrets(pool):
        detail = "the database holds webhook secrets, and this server has no key to open them"
        raise SettingsError(f"$.security.encryption_key: {detail}")
    return Vault(encryption_key(settings))


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


async def _ask_issuer(handlers: Handlers) -> None:
    if handlers.console is not None:
        await handlers.console.by_issuer.run()


async def _guard(stores: Stores) -> None:
    while True:
        await asyncio.sleep(EMBEDDED_CHECK_S)
        if (name := stores.dead()) is not None:
            raise StoreDiedError(f"the embedded {name} ended by itself; its log is in the state folder")
