"""Pictures within JSON: `data:` addresses (RFC 2397) with base64, as the police send them.

Pure; bounded by the length of the text.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

PATTERN: Final = r"^data:image/[a-z0-9.+-]{1,40};base64,[A-Za-z0-9+/]+={0,2}\Z"
"""What stands before the bytes says nothing that is believed: the bytes do."""

EXPECTED: Final = "a picture as data:image/...;base64,... is expected"


def read_data_uri(text: str) -> bytes | None:
    """Return the bytes of a picture; None for what is none in base64."""
    if re.match(PATTERN, text) is None:
        return None
    try:
        return base64.b64decode(text.partition(",")[2], validate=True)
    except binascii.Error:
        return None
