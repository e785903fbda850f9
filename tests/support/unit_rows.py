"""A claimed unit's row, for tests without a record."""

from __future__ import annotations

from uuid import uuid4

from msgspec import json

from push.message.content import Content, Text
from runtime.clock import now
from sql.work import UnitRow


def unit_row(*, shard_to: int = 16, entrants: bool = False) -> UnitRow:
    """Return the row of an actual alert's unit in the lane `tpns`."""
    return UnitRow(
        id=1,
        shard_from=0,
        shard_to=shard_to,
        alert_id=uuid4(),
        notice="alert",
        message_version=1,
        ring=1,
        lane="tpns",
        radius_km=1.0,
        city=False,
        expires=now(),
        status="actual",
        content=json.encode(Content(texts={"zh-CN": Text(title="t", body="b", call="110")})).decode(),
        left_s=3600.0,
        sweep_id=1,
        trail_seq=0,
        entrants=entrants,
    )
