"""Actions in the OpenAPI document: what people do to alerts, each with its request and its refusals.

Nothing flows in; bounded by the actions that there are.
"""

from __future__ import annotations

from typing import Any, Final

from handlers.http.openapi.parts import ALERT_ID, NO_ALERT, answer, body, problem, reading, ref

ACTIONS: Final = {
    "approval": (
        "Approves an alert in review or a proposal; done once enough different people did.",
        "Approval",
    ),
    "release": ("Lets an alert that is held at the cap reach more people.", "Release"),
    "veto": (
        "Holds back an alert in its grace, which then waits for approval, or drops a proposal.",
        "Reasoned",
    ),
    "pause": ("Tells nobody more for now.", "Reasoned"),
    "resume": ("Goes on with those not yet told.", "Confirmed"),
    "cancel": ("Withdraws an alert; who was told is told that.", "Confirmed"),
    "found": ("Says that the child is found, to all who were told.", "Found"),
    "update": (
        "Says something else, to those who were told too; proposed where cases are approved.",
        "Update",
    ),
    "extension": ("Lets an alert live longer; proposed where cases are approved.", "Extension"),
    "rings": ("Widens an alert, or makes a planned ring due at once; proposed where cases are approved.", "Widening"),
}
"""What each does, and the struct of its request."""


def actions() -> dict[str, Any]:
    """Return the paths of all actions."""
    return {f"/v1/alerts/{{id}}/{name}": {"post": _action(*said)} for name, said in ACTIONS.items()}


def _action(summary: str, request: str) -> dict[str, Any]:
    posted = reading(
        summary,
        answer("The alert as it stands then.", ref("AlertAnswer")),
        requestBody=body(ref(request)),
        parameters=[ALERT_ID],
    )
    posted["responses"] |= {
        **NO_ALERT,
        "403": problem("The token's role does not suffice, or it is the work of whoever asks."),
        "409": problem("Not possible as the alert stands; `possible` names what is where its state is the reason."),
        "413": problem("Over 16 KiB."),
        "503": problem("A store is away. What was asked for may have been done: look before you ask again."),
        "422": problem("Bad fields, another case number, or over a cap."),
    }
    return posted
