"""Makes the handlers of a server's requests, each with the parts of the engine that it needs.

Bounded: once a start.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from handlers.auth.signed_webhooks import SignedWebhooks
from handlers.operators.actions import AlertActions
from handlers.operators.alarms.alarms import Alarms
from handlers.operators.alarms.within import AlarmsWithin
from handlers.operators.alerts import Alerts
from handlers.operators.audit import Audit
from handlers.operators.estimates import Estimates
from handlers.operators.feed import Feed
from handlers.operators.preview import Preview
from handlers.operators.routes import OperatorHandlers
from handlers.operators.sealed.notes import SealedNotes
from handlers.operators.sealed.outcomes import Outcomes
from handlers.operators.sightings.delivery import Delivery
from handlers.operators.sightings.sightings import SightingReports
from handlers.operators.watching.area import AlertArea
from handlers.operators.watching.funnel import Funnel
from handlers.operators.watching.photo import AlertPhoto
from handlers.operators.watching.rates import Rates
from handlers.operators.watching.routes import Watching
from handlers.operators.watching.trail import AlertTrail
from handlers.ops.health import Health
from handlers.ops.metrics import Metrics
from handlers.ops.routes import OpsHandlers
from handlers.platform.devices import Devices
from handlers.platform.enrolment import Enrolment
from handlers.platform.preferences import UsersPreferences
from handlers.platform.reports import Reports
from handlers.platform.routes import PlatformHandlers
from handlers.police.cap.intake import CapIntake
from handlers.police.countersignatures import Countersignatures
from handlers.police.exercises import Exercises
from handlers.police.intake import Intake
from handlers.police.notices import Notices
from handlers.police.photos import NewPhotos
from handlers.police.places import NewPlaces
from handlers.police.routes import PoliceHandlers
from handlers.police.updates import Updates
from handlers.public.alerts import Public
from handlers.routes import Handlers
from public.sightings.copies import Copies
from public.sightings.intake.inbox_sealing import InboxKeys
from public.sightings.police.links import PhotoLinks
from public.sightings.police.originals import Originals
from public.sightings.record import Sightings
from public.sightings.sealing import Sealing
from push.alerts.preview import preview
from push.shared_alarms import SharedAlarms
from runtime.authentication_codes import key_material
from server import lanes
from server.administration.encryption import encryption_key
from server.edge import publishing
from server.edge.administration import administration_of
from server.edge.console import Exercising, console_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geo.cities import Cities
    from handlers.auth.authenticator import Authenticator
    from handlers.auth.webhook_signatures import Vault
    from handlers.cap.signing import Signer
    from public.objects import Objects
    from push.engine import Engine
    from server.settings import Settings


def handlers_of(
    settings: Settings,
    engine: Engine,
    authenticator: Authenticator,
    cities: Cities | None,
    signer: Signer | None,
    vault: Vault,
    taken: Mapping[tuple[str, str], int],
    objects: Objects | None,
) -> Handlers:
    """Return what answers requests; `taken`: for how many page views stands what was counted."""
    pool, index = engine.stores.requests_pool, engine.stores.index
    material = key_material(encryption_key(settings))
    sealing = Sealing(material)
    copies = Copies(pool, objects, sealing)
    signed = SignedWebhooks(pool, vault, authenticator)
    planner = engine.filing_service.planner
    disclosure = planner.plan.disclosure
    alerts = Alerts(pool, engine.watcher, disclosure)
    cap = CapIntake(pool, engine.filing_service, engine.actions, engine.changes, cities, authenticator)
    within = AlarmsWithin(SharedAlarms(pool, engine.alarms), engine.watcher)
    feed = Feed(authenticator, engine.watcher, within, settings.limits, disclosure)
    engine.revoked = feed.look
    reports = Reports(index, lanes.token_readers(settings), engine.entrants.record)
    operators = OperatorHandlers(
        alerts=alerts,
        actions=AlertActions(engine.actions, engine.changes, alerts, pool),
        preview=Preview(
            pool,
            partial(preview, lanes=settings.lanes),
            disclosure,
            planner.sealing,
            engine.claims.sounds,
            engine.stores.clock,
        ),
        sealed=SealedNotes(pool, planner.sealing),
        audit=Audit(pool, disclosure),
        estimates=Estimates(pool, planner, cities, authenticator),
        feed=feed,
        outcomes=Outcomes(pool),
        alarms=Alarms(within),
        administration=administration_of(pool, vault),
        watching=Watching(
            AlertArea(pool, cities),
            Rates(pool, disclosure),
            AlertTrail(pool),
            Funnel(pool, disclosure),
            AlertPhoto(pool, objects),
        ),
        sightings=SightingReports(
            pool,
            Sightings(pool, sealing),
            copies,
            Delivery(pool, PhotoLinks(material), Originals(objects, InboxKeys(material), copies)),
        ),
    )
    intake = Intake(pool, engine.filing_service, signed, cities, cap)
    exercises, enrolment = Exercises(pool, intake), Enrolment(pool)
    exercising = Exercising(exercises, enrolment)
    return Handlers(
        police=PoliceHandlers(
            intake=intake,
            notices=Notices(pool, engine.actions, engine.sharing, signed, disclosure),
            places=NewPlaces(pool, engine.changes, planner, signed, cities),
            photos=NewPhotos(pool, engine.changes, signed, planner),
            updates=Updates(pool, engine.changes, signed, planner),
            countersignatures=Countersignatures(pool, engine.sharing, signed, disclosure),
            exercises=exercises,
        ),
        platform=PlatformHandlers(
            devices=Devices(reports, index, engine.forgetting, pool),
            enrolment=enrolment,
            preferences=UsersPreferences(pool, index),
        ),
        operators=operators,
        public=Public(pool, publishing.publisher(settings), signer),
        ops=OpsHandlers(
            health=Health(engine.stores.pool, index, engine.alarms),
            metrics=Metrics(engine, lambda: len(feed.listeners), authenticator, taken),
        ),
        console=console_of(settings, pool, authenticator, operators, exercising, engine.alarms),
    )
