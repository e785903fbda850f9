"""Puts the console together.

Bounded by its parts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from handlers.console.administration.authorities import AuthorityPages
from handlers.console.administration.enrolment import EnrolmentPages
from handlers.console.administration.exercises import ExercisePages
from handlers.console.administration.lanes import LanePages
from handlers.console.administration.routes import AdministrationPages
from handlers.console.administration.subjects import SubjectPages
from handlers.console.administration.tokens import TokenPages
from handlers.console.pages.actions import ActionPages
from handlers.console.pages.alarms import AlarmsPage
from handlers.console.pages.alert import AlertPage
from handlers.console.pages.live import Live
from handlers.console.pages.overview import Overview
from handlers.console.pages.queue import Queue
from handlers.console.pages.review import Review
from handlers.console.pages.shift import Shift
from handlers.console.pages.sightings.listing import SightingsPage
from handlers.console.pages.sightings.police import PolicePage
from handlers.console.pages.sightings.routes import SightingPages
from handlers.console.pages.sightings.sighting import SightingPage
from handlers.console.pages.statistics import StatisticsPage
from handlers.console.pages.update import UpdatePage
from handlers.console.pages.watching.funnel import FunnelPage
from handlers.console.pages.watching.map import MapPage
from handlers.console.pages.watching.rates import RatesPage
from handlers.console.pages.watching.routes import WatchingPages
from handlers.console.pages.watching.trail import TrailPage
from handlers.console.pages.watching.widening import WideningPage
from handlers.console.passkeys.guard import COUNTS, PasskeyGuard
from handlers.console.passkeys.page import PasskeyPage
from handlers.console.passkeys.signing import Passkeys
from handlers.console.routes import ConsoleHandlers
from handlers.console.showing.attention import attention_of
from handlers.console.showing.pages import Pages, Tiles
from handlers.console.showing.waiting import number_waiting
from handlers.console.signing_in.by_issuer import ByIssuer, Parts
from handlers.console.signing_in.issuer import attempts, rechecks
from handlers.console.signing_in.issuer.attempts import Attempts
from handlers.console.signing_in.issuer.discovery import Discovery
from handlers.console.signing_in.issuer.fetching import Fetching
from handlers.console.signing_in.issuer.grants import Grants
from handlers.console.signing_in.issuer.rechecks import Rechecks
from handlers.console.signing_in.issuer.sealing import Sealed
from handlers.console.signing_in.sessions import Sessions
from handlers.console.signing_in.sign_in import SignIn
from server.administration.encryption import encryption_key

if TYPE_CHECKING:
    from handlers.auth.authenticator import Authenticator
    from handlers.operators.routes import OperatorHandlers
    from handlers.platform.enrolment import Enrolment
    from handlers.police.exercises import Exercises
    from push.alarms import AlarmBoard
    from server.settings import Settings
    from sql.database import Pool


class Exercising(NamedTuple):
    """What starts exercises, and says whom they reach."""

    exercises: Exercises
    enrolment: Enrolment


def console_of(
    settings: Settings,
    pool: Pool,
    authenticator: Authenticator,
    operators: OperatorHandlers,
    exercising: Exercising,
    alarms: AlarmBoard,
) -> ConsoleHandlers | None:
    """Return what answers browsers, None where no console is served."""
    if not settings.console.enabled:
        return None
    encrypted = settings.tls is not None if settings.console.encrypted is None else settings.console.encrypted
    source = settings.console.tiles
    tiles = None if source is None else Tiles(source, settings.console.tiles_attribution)
    is_required = settings.console.passkeys_required
    zone, passkey_actions = ZoneInfo(settings.alert.zone_of_texts), frozenset(COUNTS) if is_required else frozenset()
    pages = Pages(zone, tiles, passkey_actions)
    pages.attention = lambda bearer: attention_of(
        operators.alarms.listed_for(bearer).alarms,
        number_waiting(operators.alerts.watched_for(bearer), bearer),
        operators.feed.undecided.of(bearer),
    )
    passkeys = Passkeys(pool, encrypted=encrypted, required=is_required)
    issuer = _issuer(settings, pool, operators, alarms, encrypted=encrypted)
    sessions = Sessions(pool, authenticator, pages, None if issuer is None else issuer.rechecks, encrypted=encrypted)
    authenticator.holder_of = sessions.holder_of
    alerts, actions, preview = operators.alerts, operators.actions, operators.preview
    watching = operators.watching
    maps, rates = MapPage(alerts, watching.area, pages), RatesPage(watching.rates, pages)
    funnel = FunnelPage(watching.funnel, pages)
    action_pages = ActionPages(pool, alerts, actions, preview, pages, watching.trail, settings.alert.radius_cap_km)
    administered = operators.administration
    return ConsoleHandlers(
        pages=pages,
        sessions=sessions,
        sign_in=SignIn(pool, authenticator.tokens, authenticator, sessions, pages, by_token=issuer is None),
        passkeys=PasskeyPage(pool, passkeys, pages),
        guard=PasskeyGuard(passkeys, pages),
        by_issuer=ByIssuer(pool, authenticator, sessions, pages, issuer, encrypted=encrypted),
        overview=Overview(alerts, pages),
        queue=Queue(alerts, pages),
        alert=AlertPage(alerts, pages, maps, rates, funnel),
        actions=action_pages,
        review=Review(alerts, actions, preview, pages, maps, watching.trail, watching.photo),
        update=UpdatePage(alerts, actions, preview, pages, watching.trail),
        alarms=AlarmsPage(operators.alarms, pages),
        shift=Shift(pool, pages),
        live=Live(operators.feed, sessions),
        watching=WatchingPages(
            map=maps,
            rates=rates,
            trail=TrailPage(alerts, watching.trail, pages),
            widening=WideningPage(alerts, operators.estimates, action_pages),
            funnel=funnel,
        ),
        sightings=SightingPages(
            SightingsPage(pool, alerts, operators.sightings, pages),
            SightingPage(pool, alerts, operators.sightings, pages),
            PolicePage(alerts, operators.sightings, pages),
        ),
        statistics=StatisticsPage(pool, operators.outcomes, pages, settings.privacy.people_min, zone),
        administration=AdministrationPages(
            authorities=AuthorityPages(administered.authorities, administered.changes, pages),
            tokens=TokenPages(administered.tokens, pages),
            lanes=LanePages(administered.lanes, pages),
            enrolment=EnrolmentPages(administered.enrolment, exercising.enrolment, pages),
            exercises=ExercisePages(alerts, *exercising, administered.authorities, pages),
            people=SubjectPages(pool, pages),
        ),
    )


def _issuer(
    settings: Settings, pool: Pool, operators: OperatorHandlers, alarms: AlarmBoard, *, encrypted: bool
) -> Parts | None:
    """Return what asks the issuer by which people sign in, None where none is configured."""
    issuer = settings.console.oidc
    if issuer is None:
        return None
    keys, fetching = encryption_key(settings), Fetching(issuer.ca_file)
    discovery = Discovery(issuer.issuer, fetching)
    grants, listeners = Grants(issuer, discovery, fetching), operators.feed.listeners
    return Parts(
        issuer,
        fetching,
        discovery,
        grants,
        Attempts(Sealed(keys, attempts.LABEL), encrypted=encrypted),
        Rechecks(pool, issuer, grants, Sealed(keys, rechecks.LABEL), alarms, lambda: [*{*listeners.sockets.values()}]),
    )
