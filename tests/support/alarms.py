"""What alarms stand at a server, and waiting for them. Bounded by `until`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.support.processes.processes import until

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment, Listening


async def alarms_of(deployment: Deployment, server: Listening) -> list[dict[str, Any]]:
    """Return the alarms that stand, as an administrator reads them."""
    alarms: list[dict[str, Any]] = (await deployment.get(f"{server.url}/v1/alarms"))["alarms"]
    return alarms


async def alarm_kinds(deployment: Deployment, server: Listening) -> set[str]:
    """Return of which kinds they are."""
    return {one["kind"] for one in await alarms_of(deployment, server)}


async def until_alarmed(deployment: Deployment, server: Listening, *kinds: str) -> None:
    """Wait until alarms of all these kinds stand."""

    async def are_raised() -> bool:
        return {*kinds} <= await alarm_kinds(deployment, server)

    await until(are_raised)


async def until_cleared(deployment: Deployment, server: Listening, *kinds: str) -> None:
    """Wait until no alarm of any of these kinds stands."""

    async def are_cleared() -> bool:
        return not {*kinds} & await alarm_kinds(deployment, server)

    await until(are_cleared)
