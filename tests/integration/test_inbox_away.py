"""An inbox that cannot be read is an alarm: strangers get receipts meanwhile, and nobody would hear of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.alarms import until_alarmed
from tests.support.processes.own_metrics import OwnMetrics
from tests.support.processes.public_site import public_env

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment


async def test_an_inbox_that_cannot_be_read_is_an_alarm_and_no_number(deployment: Deployment, free_port: int) -> None:
    """The server goes on; what waits is said to be unknown, and not to be none."""
    away = {
        "QQ_ALERT_PUBLIC__OBJECTS": "s3://alerts/qq",
        "QQ_ALERT_PUBLIC__S3__URL": f"http://127.0.0.1:{free_port}",
        "QQ_ALERT_PUBLIC__S3__ACCESS_KEY_ID": "nobody",
        "QQ_ALERT_PUBLIC__S3__SECRET_ACCESS_KEY": "of-the-tests",
    }
    await deployment.provider()
    own = OwnMetrics.free()
    server = await deployment.server(**public_env(deployment, **away), **own.env)
    await until_alarmed(deployment, server, "sightings_wait")
    assert "qq_alert_reports_waiting NaN" in await own.text()
    assert server.alive
