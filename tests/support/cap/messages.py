"""Build CAP messages, sign them, and send them as an authority would.

Bounded: a few kilobytes each.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import aiohttp

from handlers.cap.model import (
    Area,
    Category,
    Certainty,
    Circle,
    Info,
    Message,
    MessageType,
    Named,
    Reference,
    Severity,
    Status,
    Urgency,
)
from handlers.cap.signing import Signer
from server.administration import access
from server.settings import load
from server.stores import Stores
from tests.support.cap.documents import Keys, keys
from tests.support.processes.deployment import SHENZHEN, Deployment

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.processes.processes import Process

SENDER = "alerts@police.example"
CENTRE = Circle(SHENZHEN.longitude, SHENZHEN.latitude, SHENZHEN.radius_km)
FLOOD = {"QQ_ALERT_LIMITS__PER_ADDRESS": "false"}


def info(language: str, headline: str, *areas: Area) -> Info:
    """Return the `info` of a message in one language."""
    return Info(
        language=language,
        categories=(Category.RESCUE,),
        event="Child missing",
        urgency=Urgency.IMMEDIATE,
        severity=Severity.SEVERE,
        certainty=Certainty.LIKELY,
        event_codes=(Named("SAME", "CAE"),),
        headline=headline,
        description="A child in red",
        contact="110",
        parameters=(Named("qq-alert:childName", "小明"),),
        areas=areas or (Area(description="Shenzhen", circles=(CENTRE,)),),
    )


def message(identifier: str, kind: MessageType = MessageType.ALERT, *before: Message, **more: Any) -> Message:  # noqa: ANN401
    """Return a message about a child missing around Shenzhen that refers to the messages `before`."""
    now = datetime.now(UTC).replace(microsecond=0)
    fields: dict[str, Any] = {
        "identifier": identifier,
        "sender": SENDER,
        "sent": now,
        "status": Status.ACTUAL,
        "message_type": kind,
        "references": tuple(Reference(one.sender, one.identifier, one.sent) for one in before),
        "infos": (info("zh-CN", "寻找小明"), info("en", "Ming is missing")),
    }
    return Message(**fields | more)


ENDS_DAYS = {"old": 1}
"""When certificates expire, in days after `tests.support.cap.documents.NOW`; all others outlast the tests."""


def pair(name: str) -> Keys:
    """Return the key and certificate of a name."""
    return keys(name=name, days=ENDS_DAYS.get(name, 36_500))


def public_settings(folder: Path, ours: Keys) -> dict[str, str]:
    """Return the settings of a server that publishes what it sends, signed by our key; its files are in the folder."""
    (folder / "key.pem").write_bytes(ours.key)
    (folder / "certificate.pem").write_bytes(ours.certificate)
    return {
        "QQ_ALERT_CAP__KEY_FILE": str(folder / "key.pem"),
        "QQ_ALERT_CAP__CERTIFICATE_FILE": str(folder / "certificate.pem"),
        "QQ_ALERT_CAP__SENDER": "alerts@platform.example",
        "QQ_ALERT_CAP__PUBLIC_URL": "https://alerts.platform.example",
    }


def signer(name: str = "police") -> Signer:
    """Return a signer with the key of a name."""
    return Signer(pair(name).key, pair(name).certificate)


async def pin(deployment: Deployment, name: str = "police") -> None:
    """Pin the certificate of a name to the authority."""
    settings = load(None, deployment.env())
    stores = Stores(deployment.database_url, deployment.redis_url, embedded=False, dead=lambda: None)
    await access.pin(settings, stores, "sz", pair(name).certificate)


async def post(server: Process, body: bytes, authority: str = "sz") -> tuple[int, Any]:
    """Send a document; returns the status and the answer."""
    headers = {"Content-Type": "application/cap+xml"}
    url = f"{server.url}/v1/intake/{authority}"
    async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=headers) as response:
        return response.status, await response.json(content_type=None)
