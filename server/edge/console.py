"""Puts the console together.

Bounded by its parts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from handlers.console.pages.actions import ActionPages
from handlers.console.pages.alarms import AlarmsPage
from handlers.console.pages.alert import AlertPage
from handlers.console.pages.live import Live
from handlers.console.pages.overview import Overview
from handlers.console.pages.queue import Queue
from handlers.console.pages.review import Review
from handlers.console.pages.shift import Shift
from handlers.console.pages.update import UpdatePage
from handlers.console.routes import ConsoleHandlers
from handlers.console.showing.attention import attention_of
from handlers.console.showing.pages import Pages
from handlers.console.signing_in.sessions import Sessions
from handlers.console.signing_in.sign_in import SignIn

if TYPE_CHECKING:
    from handlers.auth.authenticator import Authenticator
    from handlers.operators.routes import OperatorHandlers
    from server.settings import Settings
    from sql.database import Pool


def console_of(
    settings: Settings, pool: Pool, authenticator: Authenticator, operators: OperatorHandlers
) -> ConsoleHandlers | None:
    """Return what answers browsers, None where no console is served."""
    if not settings.console.enabled:
        return None
    encrypted = settings.tls is not None if settings.console.encrypted is None else settings.console.encrypted
    pages = Pages(ZoneInfo(settings.alert.zone_of_texts))
    pages.attention = lambda bearer: attention_of(operators.alarms.listed_for(bearer).alarms)
    sessions = Sessions(pool, authenticator.tokens, pages, encrypted=encrypted)
    alerts, actions, preview = operators.alerts, operators.actions, operators.preview
    return ConsoleHandlers(
        pages=pages,
        sessions=sessions,
        sign_in=SignIn(pool, authenticator.tokens, authenticator, sessions, pages),
        overview=Overview(alerts, pages),
        queue=Queue(alerts, pages),
        alert=AlertPage(alerts, pages),
        actions=ActionPages(alerts, actions, preview, pages),
        review=Review(alerts, actions, preview, pages),
        update=UpdatePage(alerts, actions, preview, pages),
        live=Live(operators.feed),
        alarms=AlarmsPage(operators.alarms, pages),
        shift=Shift(pool, pages),
    )
