"""Actions in the OpenAPI document: what people do to alerts, each with its request and its refusals.

Nothing flows in; bounded by the actions that there are.
"""

from __future__ import annotations

from typing import Any, Final

from handlers.openapi_parts import ALERT, AWAY, OFTEN, answer, in_path, problem, reading, ref

ACTIONS: Final = {
    "approval": ("Approves an alert in review; sent once enough different people did.", "Irreversible"),
    "release": ("Lets an alert that is held at the cap reach more people.", "Release"),
    "veto": ("Holds back an alert in its grace: somebody has to approve it then.", "Because"),
    "pause": ("Tells nobody more for now.", "Because"),
    "resume": ("Goes on with those not yet told.", "Irreversible"),
    "cancel": ("Withdraws an alert; who was told is told that.", "Irreversible"),
    "found": ("Says that the child is found, to all who were told.", "Found"),
    "update": ("Says something else from now on, and to those who were told.", "Update"),
    "extension": ("Lets an alert live longer.", "Extension"),
    "rings": ("Widens an alert, or makes a planned ring due at once.", "Widening"),
}
"""What each does, and the struct of its request."""


def actions() -> dict[str, Any]:
    """Return the paths of all actions."""
    return {f"/v1/alerts/{{id}}/{name}": {"post": _action(*said)} for name, said in ACTIONS.items()}


def _action(summary: str, request: str) -> dict[str, Any]:
    posted = reading(
        summary,
        answer("The alert as it stands then.", {"type": "object", "properties": {"alert": ALERT}}),
        requestBody={"required": True, "content": {"application/json": {"schema": ref(request)}}},
        parameters=[in_path("id", {"type": "string"})],
    )
    posted["responses"] |= {
        "404": problem("No such alert."),
        "409": problem("Not possible in the alert's state; `possible` names what is."),
        "413": problem("Over 16 KiB."),
        "422": problem("Bad fields, another case number, or over a cap."),
    }
    return posted


def preview() -> dict[str, Any]:
    """Return the operation that shows what phones would say."""
    lanes = {"type": "object", "additionalProperties": {"anyOf": [ref("Shown"), ref("Unfit")]}}
    locales = {"type": "object", "additionalProperties": lanes}
    words = {"type": "object", "additionalProperties": locales}
    shown = {"type": "object", "properties": {"alert": ALERT, "notices": words}, "required": ["alert", "notices"]}
    got = reading(
        "What phones would say, by notice, locale and lane; that it was read is in the audit trail.",
        answer("The alert and its words.", shown),
        parameters=[in_path("id", {"type": "string"})],
    )
    got["responses"]["404"] = problem("No such alert.")
    return got


def notices() -> dict[str, Any]:
    """Return the operation by which the police end an alert."""
    header = {"in": "header", "required": True, "schema": {"type": "string"}}
    return {
        "summary": "The police say that the child is found, or withdraw the case; signed like a case.",
        "parameters": [
            in_path("authority", {"type": "string"}),
            *({"name": f"webhook-{name}", **header} for name in ("id", "timestamp", "signature")),
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": ref("PoliceNotice")}}},
        "responses": {
            "200": answer("The alert as it stands then.", {"type": "object", "properties": {"alert": ALERT}}),
            "401": problem("Unknown authority, bad signature or timestamp."),
            "404": problem("No such case of this authority."),
            "409": problem("Not possible in the alert's state; `possible` names what is."),
            "413": problem("Over 16 KiB."),
            "422": problem("Bad fields."),
            **OFTEN,
            **AWAY,
        },
    }
