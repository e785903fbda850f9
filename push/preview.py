"""Preview: an alert's content flows in, what phones of each lane would show flows out, by notice and language.

It is made by the very rendering that is sent, and nothing is sent. Bounded by the notices, languages and lanes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from push.model import Notice
from push.provider import providers
from push.said import About, Content
from push.shown import Shown, Unfit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from push.provider import LaneSettings

Words: TypeAlias = dict[str, dict[str, dict[str, Shown | Unfit]]]
"""By notice, locale and lane."""

NOTICES: Final = (Notice.ALERT, Notice.FOUND, Notice.CANCEL)
"""An update says what the alert says then."""

_CONTENT = msgspec.json.Decoder(Content)


def preview(
    alert_id: UUID, content: str, status: str, expires: datetime, *, lanes: Mapping[str, LaneSettings]
) -> Words:
    """Return what phones would show; a notice that has no text any more has no languages."""
    said = _CONTENT.decode(content)
    return {
        notice.value: {
            locale: _by_lane(
                said, About(alert_id=alert_id, notice=notice, status=status, expires=expires), locale, lanes
            )
            for locale in said.of(notice)
        }
        for notice in NOTICES
    }


def _by_lane(
    content: Content, about: About, locale: str, lanes: Mapping[str, LaneSettings]
) -> dict[str, Shown | Unfit]:
    message = content.message(about, locale, silent=about.notice != Notice.ALERT)
    return {name: providers()[name].previewed(lane, message) for name, lane in lanes.items()}
