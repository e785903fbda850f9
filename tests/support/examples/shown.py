"""Writes what phones show of an example case, filed as JSON and as CAP, on every lane and in each of its languages.

Lanes that show the same stand together. Bounded by the case.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from handlers.police.cap.filing import filing_of
from handlers.police.cap.reception import ReceivedCase, receive_case
from handlers.police.case.case import Case, read_case
from handlers.police.wording import content_of
from push.discovery import providers
from push.message.content import TIME_ZONE_DEFAULT, About
from push.message.rendering import Rendering
from tests.property.fuzz.promises import ALERT, PLAN, lanes_of_every_provider

if TYPE_CHECKING:
    from collections.abc import Iterator

    from push.alerts.filing import Filing
    from push.message.content import Content

FOLDER: Final = Path(__file__).parents[3] / "examples" / "cases"
ZONES: Final = {
    "family-abduction-across-a-border": "America/Tijuana",
    "runaway": "Asia/Seoul",
    "elder-with-dementia": "Asia/Seoul",
    "own-text-in-uyghur": "Asia/Urumqi",
}
"""Time zones of places that are not China's."""

SINCE_SENT: Final = timedelta(minutes=1)
UNTIL: Final = datetime(2100, 1, 1, tzinfo=UTC)


def names() -> list[str]:
    """Return the names of the example cases."""
    return sorted(file.name.removesuffix(".json") for file in FOLDER.glob("*.json"))


def case_of(name: str) -> Case:
    """Return an example, read as a JSON case."""
    case = read_case((FOLDER / f"{name}.json").read_bytes())
    assert isinstance(case, Case), case
    return case


def filed_of(name: str) -> tuple[ReceivedCase, Filing]:
    """Return an example, read as a CAP message a minute after it was sent, and its filing."""
    received = receive_case((FOLDER / f"{name}.cap.xml").read_bytes(), (), case_of(name).reported_at + SINCE_SENT)
    assert isinstance(received, ReceivedCase), received
    filing = filing_of(received.case, "sz", PLAN, None, None, time_zone=zone_of(name), unverified=None)
    assert not isinstance(filing, list), filing
    return received, filing


def zone_of(name: str) -> str:
    """Return the time zone of an example."""
    return ZONES.get(name, TIME_ZONE_DEFAULT)


def contents_of(name: str) -> dict[str, Content]:
    """Return the message content of an example, by how it is filed."""
    return {"JSON": content_of(case_of(name), zone_of(name)), "CAP": filed_of(name)[1].message_content}


def renderings(content: Content, locale: str) -> dict[str, Rendering]:
    """Return what each lane shows to readers of a locale."""
    message = content.message(About(alert_id=ALERT, notice="alert", status="actual", expires=UNTIL), locale)
    shown = {name: providers()[name].previewed(lane, message) for name, lane in lanes_of_every_provider().items()}
    assert all(isinstance(one, Rendering) for one in shown.values()), shown
    return {name: one for name, one in shown.items() if isinstance(one, Rendering)}


def shown(name: str) -> str:
    """Return what phones show of an example, as text."""
    return "\n".join(_lines(name)) + "\n"


def _lines(name: str) -> Iterator[str]:
    yield f"What phones show of {name}. Written by: ./run python -m tests.support.examples"
    for form, content in contents_of(name).items():
        for locale in content.texts:
            yield f"\n{form}, {locale}"
            alike: dict[tuple[str, str], list[str]] = {}
            for lane, one in renderings(content, locale).items():
                alike.setdefault((one.title, one.body), []).append(lane)
            for (title, body), lanes in alike.items():
                yield f"  {', '.join(lanes)}:"
                yield from (f"    {line}" for line in (*title.split("\n"), *body.split("\n")))
        yield f"  photo: {content.photo_url or 'none'}"
