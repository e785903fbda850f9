"""A strict JSON schema of FCM v1 requests, made from Google's own discovery document.

The document is the one in google-api-python-client. Names become snake case, which Google accepts as well, and unknown
fields are refused, as Google does. Bounded by the document.
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib import resources
from typing import Any, Final

DURATION: Final = r"^[0-9]+(\.[0-9]{1,9})?s$"
KEPT: Final = ("type", "enum", "deprecated")


@cache
def discovery() -> dict[str, Any]:
    """Return Google's schemas by name."""
    document = resources.files("googleapiclient.discovery_cache.documents") / "fcm.v1.json"
    schemas: dict[str, Any] = json.loads(document.read_text(encoding="utf-8"))["schemas"]
    return schemas


def snake(name: str) -> str:
    """Return the original name of a field: collapse_key for collapseKey."""
    return re.sub("(?=[A-Z])", "_", name).lower()


def request_schema() -> dict[str, Any]:
    """Return the JSON schema of the body of `messages:send`."""
    return {"$ref": "#/$defs/SendMessageRequest", "$defs": {name: _strict(one) for name, one in discovery().items()}}


def _strict(schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        return {"$ref": f"#/$defs/{schema['$ref']}"}
    if schema.get("type") == "any":
        return {}
    made: dict[str, Any] = {name: schema[name] for name in KEPT if name in schema}
    if schema.get("format") == "google-duration":
        made["pattern"] = DURATION
    if "items" in schema:
        made["items"] = _strict(schema["items"])
    if schema.get("type") == "object":
        more = schema.get("additionalProperties")
        made["properties"] = {snake(name): _strict(one) for name, one in schema.get("properties", {}).items()}
        made["additionalProperties"] = False if more is None else _strict(more)
    return made
