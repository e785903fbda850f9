"""Publishes pages as a task of the server, says how far it is behind, and raises the alarm when that is too far.

Bounded: one publisher a process, as `public.publishing` bounds it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from public.documents.cmap import FontError
from public.documents.fonts import Fonts
from public.documents.setting import Typesetter
from public.pages.rendering import Surroundings
from public.publishing.assets import AssetMaker
from public.publishing.publisher import Publisher
from push.alarm_kinds import AlarmKind
from push.alarms import EVERY_LANE
from server.edge.public_objects import kept_objects
from server.settings import Settings, SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from public.settings import PublicSettings
    from push.alarms import AlarmBoard
    from push.stores import EngineStores

BEHIND_S: Final = 10.0
"""A page is to be made within a second; a takedown has fifteen, with what caches keep."""


class PagePublishing:
    """The publisher of a server that has a site for the public; `lag_s` is None where it has none.

    Where it had one, pages of alerts that are over are still taken away.
    """

    def __init__(
        self, settings: Settings, stores: EngineStores, alarms: AlarmBoard, changed: Callable[[str], None]
    ) -> None:
        """`changed` gets the code of each page that was made."""
        self._alarms = alarms
        self._publisher: Publisher | None = None
        self.lag_s: float | None = None
        public, objects = settings.public, kept_objects(settings)
        if objects is None:
            return
        if public.url is None:
            # What was published while there was a site does not go by itself: a child who is found stays on it.
            gone = Surroundings(url="", languages=public.languages, map_review_number=public.map_review_number)
            self._publisher = Publisher(stores.pool, stores.listen, objects, gone, changed=changed, makes=False)
            return
        around = Surroundings(url=public.url, languages=public.languages, map_review_number=public.map_review_number)
        maker = AssetMaker(
            stores.pool,
            objects,
            Typesetter(_fonts(public)),
            around,
            card_shows_child=public.card_shows_child,
            missing=self._say_missing,
        )
        self._publisher = Publisher(
            stores.pool,
            stores.listen,
            objects,
            around,
            lag=self._judge,
            assets=maker.assets_of,
            changed=changed,
        )

    async def run(self) -> None:
        """Publish until cancelled; returns at once where there never was a site."""
        if self._publisher is not None:
            await self._publisher.run()

    def _say_missing(self, alert_id: UUID, count: int) -> None:
        """Have an alarm stand while a document has characters that no font has; not which: they are of names."""
        if count:
            detail = f"characters that no font has: {count}"
            self._alarms.restate(AlarmKind.GLYPH_MISSING, EVERY_LANE, str(alert_id), detail)
        else:
            self._alarms.clear(AlarmKind.GLYPH_MISSING, EVERY_LANE, str(alert_id))

    def _judge(self, lag_s: float) -> None:
        self.lag_s = lag_s
        if lag_s > BEHIND_S:
            detail = "pages of alerts are not as the record has them: the objects, or their store, cannot be written"
            self._alarms.raise_alarm(AlarmKind.PAGE_BEHIND, EVERY_LANE, None, detail)
        else:
            self._alarms.clear(AlarmKind.PAGE_BEHIND, EVERY_LANE, None)


def _fonts(public: PublicSettings) -> Fonts:
    try:
        return Fonts([Path(path) for path in public.fonts])
    except FontError as error:
        raise SettingsError(f"$.public.fonts: {error}") from None
