"""Holds what is accepted to what we promise of it: it can be shown, called, published, read again and found.

Everything here is the code that serves requests, without its sockets. Bounded: `KNOWN_MAX` contents that are known to
hold, which are not looked at twice.
"""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import msgspec
from bidi import get_display  # type: ignore[import-untyped] # it has stubs in no package
from capvalidator import check_schema

from geo.index.devices import address, device_from
from handlers.cap.signing import Signer
from handlers.cap.verification import SignatureStatus, read_pins
from handlers.http.decoding import read
from handlers.operators.actions import Update
from handlers.places import locate, notes_on_city
from handlers.platform.reports import Reports, Unreadable, decode
from handlers.police.cap.filing import filing_of
from handlers.police.cap.reception import receive_case
from handlers.police.case.case import in_utc, read_case
from handlers.police.case.checks import notes_on_photo, requested_area_faults, unsupported
from handlers.police.notices import PoliceNotice
from handlers.police.wording import content_of
from handlers.public.messages import Publisher, message_of
from handlers.values.text import clean_line
from push.alerts.actions.changes import reworded
from push.alerts.lifecycle import State
from push.alerts.planner import FilingPlan
from push.alerts.rings import SHIPPED
from push.discovery import providers
from push.message.bidi import FSI, PDI, is_right_to_left, readable
from push.message.content import About, Content, Text
from push.message.rendering import Rendering
from sql.public import PublicAlert
from tests.support.cap.documents import NOW, keys
from tests.support.providers.recording import BATCH, TOKEN, settings_of
from tests.support.stores import boundaries

if TYPE_CHECKING:
    from push.fanout.areas import Place
    from tests.property.fuzz.inputs import Input

KNOWN_MAX: Final = 4096
ALERT: Final = UUID(int=7)
PUBLISHER: Final = Publisher(sender="qq-alert", sender_name="QQ Alert", public_url="https://alert.example")
PLAN: Final = FilingPlan(policies=SHIPPED, policy="qq", lanes={}, radius_cap_km=500, audience_cap=1_000_000)
FORBIDDEN: Final = set("\u202a\u202b\u202c\u202d\u202e\x00\x07\x1b\ufeff")


def accepted(one: Input) -> bool:
    """Tell whether an input is accepted; AssertionError when that breaks a promise."""
    match one.kind:
        case "case" | "siblings" | "rich":
            return _case(one.body)
        case "notice":
            notice = read(one.body, PoliceNotice)
            return isinstance(notice, PoliceNotice) and _is_clean(notice.case_number, notice.reason)
        case "update":
            return _update(one.body)
        case "cap":
            return _cap(one.body)
        case "signed":
            return not isinstance(receive_case(one.body, _signer()[1], NOW), list)
        case _:
            return _reports(one.body)


def _case(body: bytes) -> bool:
    case = read_case(body)
    if isinstance(case, list):
        return False
    place = locate(case.last_seen, "$.last_seen", boundaries.cities(), None)
    if isinstance(place, list) or unsupported(case) or requested_area_faults(case, PLAN):
        return False
    assert in_utc(in_utc(case)) == in_utc(case)
    assert all(
        isinstance(note, str) for note in [*notes_on_city(case.last_seen, boundaries.cities()), *notes_on_photo(case)]
    )
    assert _is_clean(case.case_number, case.contact.name, case.contact.phone)
    assert any(sign.isdecimal() for sign in case.contact.phone)
    _hold(msgspec.json.encode(content_of(case)), place.longitude or 0.0, place.latitude or 0.0)
    return True


def _update(body: bytes) -> bool:
    update = read(body, Update)
    if isinstance(update, list):
        return False
    texts = {name: (readable(text.title), readable(text.body)) for name, text in update.texts.items()}
    content = Content(texts={name: Text("", "", "请联系福田分局：110", "110") for name in texts})
    _hold(msgspec.json.encode(reworded(content, texts)), 114.0, 22.5)
    return _is_clean(update.case_number, update.reason)


def _cap(body: bytes) -> bool:
    received = receive_case(body, (), NOW)
    if isinstance(received, list):
        return False
    filing = filing_of(received.case, "sz", PLAN, boundaries.cities(), None, time_zone="Asia/Shanghai", unverified=None)
    if isinstance(filing, list):
        return False
    assert _is_clean(filing.case_number)
    place: Place = filing.place
    _hold(msgspec.json.encode(filing.message_content), place.longitude or 114.0, place.latitude or 22.5)
    return True


def _reports(body: bytes) -> bool:
    decoded = decode(body, "application/json")
    if isinstance(decoded, Unreadable):
        return False
    good, _ = decoded
    now_ms = int(datetime.now(UTC).timestamp() * 1000)
    nowhere: Any = None
    reports = Reports(nowhere, {name: one.read_token for name, one in providers().items()}, nowhere)
    taken = [one for _, report in good if not isinstance(one := reports.judged(report, 0, now_ms + 60_000), str)]
    for report in taken:
        token = report.token
        assert token is None or (token.isascii() and token.isprintable() and token == token.strip())
        # What is kept is read again before each send, so it must come back whole.
        assert token is None or device_from(address("zh-CN", token)).token == token.encode()
        assert not (report.longitude == 0 and report.latitude == 0)
    assert any(report.user == 10_000_001 for report in taken), "a bad report cost a good one"
    return len(taken) > 1


def _is_clean(*values: str) -> bool:
    """Hold that values are found again as they are typed: nothing unseen is left at their ends or in them."""
    for value in values:
        assert value
        assert clean_line(value) == value
        assert not FORBIDDEN & set(value)
    return True


@lru_cache(KNOWN_MAX)
def _hold(encoded: bytes, longitude: float, latitude: float) -> None:
    content = msgspec.json.decode(encoded, type=Content)
    for locale, text in content.texts.items():
        about = About(alert_id=ALERT, notice="alert", status="actual", expires=NOW + timedelta(days=900))
        message = content.message(about, locale)
        for name, settings in lanes_of_every_provider().items():
            _hold_rendering(providers()[name].previewed(settings, message), text)
    _hold_published(encoded.decode(), content, longitude, latitude)


def _hold_rendering(rendering: object, text: Text) -> None:
    assert isinstance(rendering, Rendering), rendering
    assert rendering.size <= rendering.size_max
    shown = f"{rendering.title}\n{rendering.body}"
    assert not FORBIDDEN & set(shown)
    assert not any("\ud800" <= sign <= "\udfff" for sign in shown)
    for part in (rendering.title, rendering.body):
        assert part.count(FSI) == part.count(PDI), part
    assert text.phone in rendering.body, (text.phone, rendering.body)
    number = text.phone.replace(FSI, "").replace(PDI, "")
    if number and is_right_to_left(rendering.body) and not is_right_to_left(number):
        seen = str(get_display(rendering.body, base_dir=None)).replace(FSI, "").replace(PDI, "")
        assert number in seen, (number, seen)


def _hold_published(encoded: str, content: Content, longitude: float, latitude: float) -> None:
    """Hold that what is published is read by our own intake, and allowed by the official schema."""
    alert = PublicAlert(
        id=ALERT,
        state=State.SENDING,
        received_at=NOW,
        expires=NOW + timedelta(hours=72),
        longitude=longitude,
        latitude=latitude,
        city=None,
        city_polygon=None,
        jurisdiction=None,
        content=encoded,
        ended_at=None,
        radius_km=120.0,
        whole=False,
        notices=["alert"],
        moments=[NOW],
        changes=[],
    )
    signer, pins = _signer()
    document = signer.signed(message_of(alert, PUBLISHER))
    assert check_schema(document).passed
    received = receive_case(document, pins, NOW)
    assert not isinstance(received, list), received
    assert received.signature.signature_status is SignatureStatus.VERIFIED
    assert len(received.case.texts) == len(content.texts)


@cache
def _signer() -> tuple[Signer, Any]:
    pair = keys("ec")
    return Signer(pair.key, pair.certificate), read_pins([pair.certificate])


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    """Return a folder for keys, which goes with the process."""
    return tempfile.TemporaryDirectory(prefix="qq-alert-fuzz-")


@cache
def lanes_of_every_provider() -> dict[str, Any]:
    """Return settings of a lane of each provider."""
    folder = Path(_folder().name)
    for provider in (*BATCH.values(), *TOKEN.values()):
        provider(folder)
    return {name: settings_of(name, "https://127.0.0.1:9", folder) for name in providers()}
