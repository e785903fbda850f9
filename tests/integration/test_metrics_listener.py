"""Metrics: how an alert does says their own listener only; and compose publishes nothing beyond its machine."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.support.processes.deployment import SHENZHEN
from tests.support.processes.own_metrics import OwnMetrics, metrics_text
from tests.support.processes.processes import until

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment

ROOT: Final = Path(__file__).parents[2]
UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


async def test_alerts_are_named_where_only_engineers_ask(deployment: Deployment) -> None:
    """While two alerts are sent: rates by alert and lane there; on the public listener no alert, and no rate at all."""
    await deployment.provider("--latency-ms", "50")
    await deployment.people(30_000)
    public, own = await deployment.server(), OwnMetrics.free()
    await deployment.server(**own.env, QQ_ALERT_LANES__TPNS__RATE_PER_S="100")
    await deployment.switch_outage(on=True)
    alerts = [(await deployment.file(public, case_number=f"SZ-{one}"))[1]["alert"]["id"] for one in range(2)]

    async def are_named() -> bool:
        text = await own.text()
        return all(f'qq_alert_rate_per_second{{alert="{alert}",lane="tpns"}}' in text for alert in alerts)

    await until(are_named)
    text = await metrics_text(public.url)
    assert UUID.search(text) is None
    assert "qq_alert_rate_per_second" not in text


async def test_engineers_see_each_request_and_each_webhook(deployment: Deployment) -> None:
    """One person's alert is one request there, with its time; a webhook that nobody signed is of a known authority."""
    await deployment.provider()
    await deployment.place([1], SHENZHEN.longitude, SHENZHEN.latitude)
    own = OwnMetrics.free()
    server = await deployment.server(**own.env, QQ_ALERT_PRIVACY__PEOPLE_MIN="100")
    _, answer = await deployment.file(server)
    await deployment.sent(server, answer["alert"]["id"])
    async with deployment.session() as session, session.post(f"{server.url}/v1/intake/sz", data=b"{}") as refused:
        assert refused.status == 401
    text = await own.text()
    for line in (
        'provider_requests_total{lane="tpns",request_status="answered"} 1.0',
        'provider_seconds_count{lane="tpns"} 1.0',
        'failed_signatures_total{authority="known"} 1.0',
    ):
        assert f"\nqq_alert_{line}\n" in text
    assert "qq_alert_recipients_total{" not in text


def test_compose_publishes_on_this_machine_only() -> None:
    """Plain HTTP is for a proxy beside it."""
    compose = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    assert re.findall(r"ports: \[(.*)\]", compose) == ['"127.0.0.1:8470:8470"', '"127.0.0.1:8480:8480"']
    assert "ssl_protocols" in (ROOT / "examples" / "nginx.conf").read_text(encoding="utf-8")
