"""Preview: what phones of each lane would show of an alert, by notice and language.

It is made by the rendering that is sent, and nothing is sent. It also says whether a morning reminder would come.
Bounded by the notices, languages and lanes.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from push.alerts.actions.changes import reworded
from push.alerts.actions.proposals import CaseChange, LaterPlace, Rewording, change_request_of
from push.alerts.estimate import read_estimate
from push.alerts.lifecycle import OVER, State
from push.alerts.record.contents import read_content
from push.discovery import providers
from push.message.catalogues.newest_place import with_newest_place
from push.message.content import About, Content
from push.message.rendering import Rendering, TooLarge
from push.notice import Notice

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from push.alerts.disclosure.people import Disclosure
    from push.message.sound import Sounds
    from push.provider import LaneSettings
    from sql.progress import ListedAlert

Previews: TypeAlias = dict[str, dict[str, dict[str, Rendering | TooLarge]]]
"""By notice, locale and lane."""

NOTICES: Final = (Notice.ALERT, Notice.FOUND, Notice.CANCEL)
"""An update has the text that the alert has then: it is shown while it is proposed."""


def preview(
    alert_id: UUID,
    content: str,
    status: str,
    expires: datetime,
    proposed: str | None,
    *,
    lanes: Mapping[str, LaneSettings],
) -> Previews:
    """Return what phones would show; a notice that has no text any more has no languages.

    `proposed`: what waits for approval (JSON text); where it is another text, that is the update.
    """
    contents = _contents(content, proposed)
    return {
        notice.value: {
            locale: _by_lane(
                rendering, About(alert_id=alert_id, notice=notice, status=status, expires=expires), locale, lanes
            )
            for locale in rendering.of(notice)
        }
        for notice, rendering in contents.items()
    }


def photos(content: str, proposed: str | None, tags: Mapping[bool, str | None]) -> dict[str, str | None]:
    """Return the address of the picture that phones would show, by notice; a text of follow-ups has none.

    `tags`: of the photo that is shown (False), and of the one that is proposed (True), where there is one.
    """
    shown = {
        notice: rendering.with_photo_of_page(tags.get(notice is Notice.UPDATE, tags.get(False)))
        for notice, rendering in _contents(content, proposed).items()
    }
    return {notice.value: None if notice in one.follow_ups else one.photo_url for notice, one in shown.items()}


class ReminderPlan(msgspec.Struct, frozen=True, kw_only=True):
    """The morning reminder of an alert: from when, and about how many people would be notified without a sound before.

    `people`: an estimate, null below the threshold or without one; who is in quiet hours of their own is no part of it.
    """

    due_at: datetime
    people: int | None


def reminder_of(alert: ListedAlert, sounds: Sounds, rule: Disclosure, now: datetime) -> ReminderPlan | None:
    """Return the reminder that comes if an alert is sent now, or at the end of its grace; None: none comes."""
    sound, moment = sounds.of(alert.subject_kind), max(now, alert.send_at or now)
    if not sound.morning_reminder or State(alert.state) in OVER:
        return None
    at = sound.morning_after(moment).at
    silent = {
        ring.ring
        for ring in alert.rings
        if ring.due_at < at and sound.silent(ring.nearness or ring.ring, max(moment, ring.due_at))
    }
    if not silent or at >= alert.expires:
        return None
    estimate = read_estimate(alert.estimate)
    people = None if estimate is None else sum(one.people for one in estimate.rings if one.ring in silent)
    return ReminderPlan(due_at=at, people=None if people is None else rule.estimated(people))


def _contents(content: str, proposed: str | None) -> dict[Notice, Content]:
    """Return what each notice says; that of an update, where another text or picture is proposed."""
    stands = read_content(content)
    contents = dict.fromkeys(NOTICES, stands)
    requested = None if proposed is None else change_request_of(proposed)
    if isinstance(requested, Rewording) and requested.texts.keys() == stands.texts.keys():
        contents[Notice.UPDATE] = reworded(stands, requested.texts)
    if isinstance(requested, CaseChange) and (changed := requested.applied_to(stands)) != stands:
        contents[Notice.UPDATE] = changed
    if isinstance(requested, LaterPlace):
        contents[Notice.UPDATE] = with_newest_place(stands, requested.seen_at, requested.place)
    return contents


def _by_lane(
    content: Content, about: About, locale: str, lanes: Mapping[str, LaneSettings]
) -> dict[str, Rendering | TooLarge]:
    message = content.message(about, locale, silent=about.notice != Notice.ALERT)
    return {name: providers()[name].previewed(lane, message) for name, lane in lanes.items()}
