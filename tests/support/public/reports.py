"""Reports of strangers, put straight into the record, as the collector does."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import sql.sightings
from public.sightings.adding import Added, add
from public.sightings.content import Report, Said
from public.sightings.sealing import Sealing
from runtime.authentication_codes import key_material
from runtime.page_codes import code_of
from server.administration.encryption import encryption_key
from server.settings import load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from public.sightings.adding import KeptPhoto
    from sql.database import Pool
    from tests.support.processes.deployment import Deployment


def keys_of(deployment: Deployment) -> list[bytes]:
    """Return the encryption keys of the deployment's servers."""
    return key_material(encryption_key(load(None, deployment.env())))


def sealing_of(deployment: Deployment) -> Sealing:
    """Return what seals as the deployment's servers do."""
    return Sealing(keys_of(deployment))


def report_of(alert: str, what: str, **more: Any) -> Report:  # noqa: ANN401 - the fields of a report
    """Return a report about an alert."""
    known: dict[str, Any] = {"id": uuid4(), "receipt": uuid4().hex, "received_at": datetime.now(UTC)}
    known = known | {"block": "192.0.2.0/24"} | more
    place = known.pop("place", "")
    said = Said(what=what, place=place, contact=known.pop("contact", ""), language="en")
    return Report(code=code_of(UUID(alert)), said=said, **known)


async def take(pool: Pool, sealing: Sealing, report: Report, photos: Sequence[KeptPhoto] = ()) -> Added | None:
    """Take a report in; None where its alert takes none."""
    async with pool.acquire() as connection, connection.transaction():
        alert = await sql.sightings.alert_of(connection, report.code)
        return None if alert is None or alert.deleted else await add(connection, sealing, report, alert, photos)
