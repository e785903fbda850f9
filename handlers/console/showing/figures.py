"""Numbers and times as people read them: with their interval, and in the local time of the place.

Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from handlers.console.showing.words import actor, alarm_detail

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime, tzinfo

    from handlers.console.showing.texts import Texts
    from handlers.operators.alarms.answers import ShownAlarm
    from push.alerts.disclosure.estimates import ShownCount
    from push.alerts.disclosure.progress import ShownRingProgress

DASH: Final = "–"

WORDS_OF: Final = {
    "review": "policy",
    "does": "do",
    "action": "do",
    "proposal": "do",
    "what": "detail_what",
    "parts": "detail_part",
    "deleted": "detail_deleted",
    "held_for": "detail_held_for",
    "lane": "lane_name",
    "state": "detail_state",
}
"""Which words of the catalogue the values of a detail have, where they are not called as the detail."""


class Figures:
    """Writes numbers and times in one language, times in one zone."""

    def __init__(self, t: Texts, zone: tzinfo) -> None:
        self._t = t
        self._zone = zone

    def actor(self, label: str) -> str:
        """Return who acted, as the record names them, with the role in words."""
        return actor(self._t, label)

    def detail(self, alarm: ShownAlarm) -> str | None:
        """Return what an alarm says beside its meaning, None where only the record's own words are known."""
        return alarm_detail(self._t, alarm.kind, alarm.detail, self.moment)

    def value(self, name: str, value: object) -> object:
        """Return a value of a trail's details by its name: lists with commas, yes and no and known words in words."""
        if isinstance(value, bool):
            return self._t(f"yes_no.{str(value).lower()}")
        if isinstance(value, list):
            return ", ".join(str(self.value(name, one)) for one in value)
        if not isinstance(value, str):
            return value
        alarm = f"alarm_kind.{value}.name"
        if name == "alarm" and alarm in self._t:
            return self._t(alarm)
        return self._t.word(WORDS_OF.get(name, name), value)

    def number(self, count: float | None) -> str:
        """Return a number with its thousands apart; what is withheld in words."""
        return self._t("figures.few") if count is None else f"{count:,.0f}"

    def people(self, count: ShownCount | None) -> str:
        """Return an estimated number of people with its interval."""
        if count is None:
            return self._t("figures.unknown")
        if count.people is None:
            return self._t("figures.few")
        return f"{count.people:,} ({count.low or 0:,}{DASH}{count.high or count.people:,})"

    def accepted(self, lanes: Iterable[ShownRingProgress]) -> str:
        """Return how many recipients were accepted in all lanes, at least where some numbers are withheld."""
        known = [lane.accepted for lane in lanes]
        total = sum(one for one in known if one is not None)
        return f"≥ {total:,}" if None in known else f"{total:,}"

    def moment(self, at: datetime | None) -> str:
        """Return a time of the place, with its day and its offset."""
        return self._t("figures.none") if at is None else f"{at.astimezone(self._zone):%Y-%m-%d %H:%M:%S %Z}"

    def clock(self, at: datetime | None) -> str:
        """Return the time of day of the place."""
        return self._t("figures.none") if at is None else f"{at.astimezone(self._zone):%H:%M:%S}"

    def instant(self, at: datetime) -> str:
        """Return the time of day of the place to the tenth of a second, with its offset."""
        local = at.astimezone(self._zone)
        return f"{local:%H:%M:%S}.{local.microsecond // 100_000} {local:%Z}"

    def zone_at(self, at: datetime) -> str:
        """Return how the zone of the place is called at a time, as beside every time."""
        return f"{at.astimezone(self._zone):%Z}"

    @property
    def zone(self) -> str:
        """The name of the zone in which times are written, as browsers know it."""
        return getattr(self._zone, "key", "UTC")

    @property
    def none(self) -> str:
        """What stands where there is nothing."""
        return self._t("figures.none")

    def seconds(self, count: float | None) -> str:
        """Return a span of time in minutes and seconds."""
        if count is None:
            return self._t("figures.unknown")
        minutes, left = divmod(abs(round(count)), 60)
        return f"{'-' if count < 0 else ''}{minutes}:{left:02}"
