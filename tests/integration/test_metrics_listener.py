"""Metrics: which alert it is says the metrics' own listener only; and compose publishes nothing beyond its machine."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.support.processes.processes import until

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment

ROOT: Final = Path(__file__).parents[2]
UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


async def test_no_alert_is_named_on_the_public_listener(deployment: Deployment, free_port: int) -> None:
    """While two alerts are sent: rates by lane there, and by alert and lane where only engineers ask."""
    await deployment.provider("--latency-ms", "50")
    await deployment.people(30_000)
    public = await deployment.server()
    await deployment.server(QQ_ALERT_METRICS__LISTEN=f"127.0.0.1:{free_port}", QQ_ALERT_LANES__TPNS__RATE_PER_S="100")
    await deployment.switch_outage(on=True)
    alerts = [(await deployment.file(public, case_number=f"SZ-{one}"))[1]["alert"]["id"] for one in range(2)]

    async def text(url: str) -> str:
        async with deployment.session() as session, session.get(f"{url}/metrics") as response:
            assert response.status == 200
            return await response.text()

    async def are_named() -> bool:
        own = await text(f"http://127.0.0.1:{free_port}")
        return all(f'qq_alert_rate_per_second{{alert="{alert}",lane="tpns"}}' in own for alert in alerts)

    async def are_counted() -> bool:
        return 'qq_alert_rate_per_second{lane="tpns"}' in await text(public.url)

    await until(are_named)
    await until(are_counted)
    assert UUID.search(await text(public.url)) is None


def test_compose_publishes_on_this_machine_only() -> None:
    """Plain HTTP is for a proxy beside it."""
    compose = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    assert re.findall(r"ports: \[(.*)\]", compose) == ['"127.0.0.1:8470:8470"', '"127.0.0.1:8480:8480"']
    assert "ssl_protocols" in (ROOT / "examples" / "nginx.conf").read_text(encoding="utf-8")
