"""Takes the places out of the stored answers to webhooks, and drops what a late retry cannot be answered with.

Bounded by the answers of one authority that have the alert's id in them.
"""

from __future__ import annotations

import msgspec

from runtime.decoding import DECODE_ERRORS


def without_places(answer: bytes, alert_id: str) -> bytes | None:
    """Return a stored answer about an alert without its places; one of another alert unchanged.

    None: it has to go. The id of a draft is made of a digest of what was filed; of what cannot be read, nobody knows
    what it says of the child.
    """
    try:
        said = msgspec.json.decode(answer)
        if (said.get("draft") or {}).get("id") == alert_id:
            return None
        alert = said.get("alert") or {}
        if alert.get("id") != alert_id:
            return answer
        if alert.get("area"):
            alert["area"] |= {"circle": None}
        proposal = (alert.get("review") or {}).get("proposal")
        if proposal and "centre" in proposal:
            proposal |= {"centre": None}
        alert["rings"] = [ring | {"centre": None} for ring in alert.get("rings") or []]
        return msgspec.json.encode(said)
    except (AttributeError, TypeError, *DECODE_ERRORS):
        # JSON of another shape, or none.
        return None
