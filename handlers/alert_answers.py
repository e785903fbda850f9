"""Answers about alerts: what the record has of one flows in, what the outside sees of it flows out.

Never the child's data. Bounded by the alert.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from aiohttp import web

from handlers.http import problems
from push.alerts.filing import Filed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from push.alerts.filing import Filing
    from push.alerts.rings import Ring
    from sql.filing import ReceiptRow
    from sql.progress import ListedAlert, ProposedRow
    from sql.rings import RingRow


def answered(receipt: ReceiptRow, filing: Filing) -> web.Response:
    """Return the answer to a filing: the one that stands for it, or that its id was used before for something else."""
    if receipt.body_digest != filing.body_digest:
        # Answering the first case's 202 here would lose a second child's case without a word.
        return problems.response(409, "this webhook-id was used before for another body; nothing was sent")
    is_problem = receipt.status in {Filed.OTHER_CONTENT.value, Filed.TOO_MANY_DRAFTS.value}
    return web.Response(
        status=receipt.status,
        body=receipt.answer,
        content_type="application/problem+json" if is_problem else "application/json",
    )


def render(filed: Filed, alert: ListedAlert | None, *, notes: Sequence[str] = ()) -> bytes:
    """Return the body of the answer to a filing, with what its sender should know besides."""
    besides = "".join(f"; {note}" for note in notes)
    if filed is Filed.TOO_MANY_DRAFTS:
        detail = "too many unsigned cases of this authority wait for review; nothing was stored"
        return problems.body(429, detail + besides)
    if filed is Filed.OTHER_CONTENT or alert is None:
        detail = "this case number stands with other content; the alert that stands is unchanged"
        return problems.body(409, detail + besides)
    return msgspec.json.encode({"alert": alert_json(alert), "notes": notes})


def render_draft(filed: Filed, alert: ListedAlert | None, *, notes: Sequence[str]) -> bytes:
    """Return the body of the answer to a draft: a stranger learns nothing of how many people, nor who approves."""
    if alert is None or filed not in {Filed.NEW, Filed.SAME_CASE}:
        return render(filed, alert, notes=notes)
    return msgspec.json.encode({"draft": {"id": alert.id, "case_number": alert.case_number}, "notes": notes})


def alert_json(alert: ListedAlert) -> dict[str, Any]:
    """Return an alert as the outside sees it: never the child's data."""
    return {
        "id": alert.id,
        "authority": alert.authority_id,
        "case_number": alert.case_number,
        "status": alert.status,
        "state": alert.state,
        "review": {
            "policy": alert.review,
            "verified": alert.verified,
            "unverified": alert.unverified,
            "unverified_messages": alert.unverified_messages,
            "approvals": alert.approvals,
            "send_at": alert.send_at,
            "revision": alert.revision,
            "proposal": None if alert.proposal is None else _unexplained(alert.proposal),
        },
        "version": alert.version,
        "received_at": alert.received_at,
        "deadline": alert.deadline,
        "expires": alert.expires,
        "area": area_json(alert.longitude, alert.latitude, alert.city, alert.rings),
        "policy": alert.policy,
        "rings": [_unexplained(ring) for ring in alert.rings],
        "estimate": None if alert.estimate is None else msgspec.Raw(alert.estimate.encode()),
    }


def _unexplained(row: RingRow | ProposedRow) -> dict[str, Any]:
    """Return a row without its reason: that may name the child, so the preview has it, and notes who read it."""
    fields = msgspec.structs.asdict(row)
    del fields["reason"]
    return fields


def area_json(
    longitude: float | None, latitude: float | None, city: str | None, rings: Sequence[Ring | RingRow]
) -> dict[str, Any]:
    """Return the widest area that is planned: a circle, a city, or both."""
    radius_km = max((ring.radius_km for ring in rings if ring.radius_km is not None), default=None)
    circle = None
    if longitude is not None and radius_km is not None:
        circle = {"longitude": longitude, "latitude": latitude, "radius_km": radius_km}
    return {"circle": circle, "city": city if any(ring.city for ring in rings) else None}
