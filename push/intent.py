"""Android intents: a deep link flows in, the intent URI that opens it flows out.

Bounded by the link.
"""

from __future__ import annotations


def intent_uri(deep_link: str) -> str:
    """Return `scheme://rest` as Android writes an intent (`Intent.parseUri`, URI_INTENT_SCHEME)."""
    scheme, _, rest = deep_link.partition("://")
    return f"intent://{rest}#Intent;scheme={scheme};action=android.intent.action.VIEW;end"
