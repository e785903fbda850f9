"""A tour of the console: a case waits, two people approve it there, watch it, widen it and say that the child is found.

What the demo sees of that it prints. Bounded: until the child is found, or somebody ends the demo.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import UUID

import aiohttp

from handlers.http.roles import Role
from push.alerts.lifecycle import OVER, State
from push.alerts.review import Review
from runtime.page_codes import code_of
from runtime.tasks import cancel_and_wait
from server.administration import access
from server.demo.console import LINK_MINUTES, sign_in_link
from server.demo.figures import file_case, report
from server.demo.world import AUTHORITY

if TYPE_CHECKING:
    from rich.console import Console

    from server.demo.scene import Scene
    from server.demo.world import World

PEOPLE = {"Anna": Role.ADMIN, "Bo": Role.APPROVER, "Cai": Role.APPROVER}
"""Two approve a case, and two others than who proposed it a change of it."""

WIDER_KM = 200
SEEN = {
    State.IN_REVIEW: "It waits for two people.",
    State.SENDING: "It is being sent, from near to far: watch the map and the matrix of rings and lanes.",
    State.PAUSED: "It is paused: nothing more is sent until somebody resumes it.",
    State.FOUND: "The child is found: everybody who was notified is being told.",
    State.CANCELLED: "It is withdrawn: everybody who was notified is being told.",
}


async def lead(console: Console, world: World, scene: Scene, outsiders: list[int], stopping: asyncio.Event) -> None:
    """Leave a case in review, print what to do, and what is seen of it, until it is over."""
    await access.review(world.settings, world.stores, AUTHORITY, Review.TWO_PERSON)
    alert = await file_case(world, scene)
    links = [await sign_in_link(world, name, role) for name, role in PEOPLE.items()]
    page = f"{world.public_url}/p/{code_of(UUID(alert['id']))}"
    for line in _steps(alert["case_number"], page, *links):
        console.print(line, soft_wrap=True, highlight=False, markup=False)
    watching = asyncio.create_task(_watch(console, world, scene, alert["id"], outsiders), name="tour")
    ended = asyncio.create_task(stopping.wait(), name="end of the tour")
    await asyncio.wait((watching, ended), return_when=asyncio.FIRST_COMPLETED)
    await cancel_and_wait((watching, ended))
    if watching.done() and not watching.cancelled():
        watching.result()


def _steps(case_number: str, page: str, first: str, second: str, third: str) -> list[str]:
    return [
        "",
        f"The police filed the case {case_number}. Nobody is notified before two people approve it; you are both.",
        "Nobody's phone rings, whatever you do: the providers are SIMULATED.",
        f"  1. Open this link and press the button (it works once, within {LINK_MINUTES} minutes). You are Anna.",
        f"     {first}",
        '  2. Open "Waiting for me" and press "Judge". Open every language, give a reason, type the case number,',
        "     and approve.",
        "  3. Open this link in a private window, or in another browser: there you are Bo. Approve as Anna did.",
        f"     {second}",
        "  4. Watch the alert: the rings fill from near to far, in about a minute. Then people come into the area.",
        "     Whoever gets the alert opens this page; say there that you saw the child, and pass it on in the console:",
        f"     {page}",
        f'  5. As Bo press "Widen", and enter {WIDER_KM} km. Who proposes a change does not approve it: Anna does,',
        "     and Cai, by this link in another private window or browser:",
        f"     {third}",
        '  6. Press "Child found", read what everybody will be told, and say it.',
        "The console speaks Chinese, or English where your browser asks for it; the foot of each page has the other.",
        "",
    ]


async def _watch(console: Console, world: World, scene: Scene, alert: str, outsiders: list[int]) -> None:
    """Print what becomes of the alert, and bring people into its area once it is through; returns when it is over."""
    headers = {"Authorization": f"Bearer {world.token}"}
    known: dict[str, Any] = {"state": "", "moved": False}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.ws_connect(f"{world.server_url}/v1/feed") as feed,
    ):
        async for message in feed:
            for event in _of_alert(message.json(), alert):
                state = State(event["state"])
                if state.value != known["state"]:
                    known["state"] = state.value
                    console.print(_seen(state, event))
                if state is State.SENT and not known["moved"]:
                    known["moved"] = True
                    console.print(f"Now {len(outsiders):,} people from elsewhere come into the area: late entrants.")
                    await report(session, world, scene, outsiders)
                if state in OVER:
                    return


def _of_alert(message: dict[str, Any], alert: str) -> list[dict[str, Any]]:
    """Return what a message of the feed says of one alert."""
    if message["type"] == "snapshot":
        return [one for one in message["alerts"] if one["alert"] == alert]
    return [message] if message["type"] in {"progress", "alert"} and message.get("alert") == alert else []


def _seen(state: State, event: dict[str, Any]) -> str:
    if state is not State.SENT:
        return SEEN.get(state, f"It is {state.value}.")
    accepted = sum(lane["accepted"] or 0 for lane in event["lanes"].values())
    return f"All rings that are due are through: {accepted:,} recipients were accepted by the SIMULATED provider."
