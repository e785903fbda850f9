"""Runs `qq-alert serve-public` beside the servers of a deployment: with their objects, and no way to their stores.

Bounded by `tests.support.processes.processes`; the deployment ends it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.support.processes.processes import Process

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment

URL: Final = "https://alerts.example"
"""Where people open pages, in what is published; a test asks the process itself."""


def public_env(deployment: Deployment, **more: str) -> dict[str, str]:
    """Return what servers and serve-public have in common: where the objects are."""
    return {"QQ_ALERT_PUBLIC__URL": URL, "QQ_ALERT_PUBLIC__OBJECTS": (deployment.folder / "objects").as_uri(), **more}


async def public_site(deployment: Deployment, **env: str) -> Process:
    """Start serve-public; its `url` is where it listens."""
    known = public_env(deployment, QQ_ALERT_PUBLIC__LISTEN="127.0.0.1:0", **env)
    process = Process("serve-public", env=known, log=deployment.folder / "serve-public.log")
    deployment.own(process)
    await process.started()
    return process
