"""What comes back of one call over HTTP/2."""

from __future__ import annotations

from typing import Final

import msgspec

OK: Final = 200


class Reply(msgspec.Struct, frozen=True, gc=False):
    """What came back. Status 0: no answer, and `error` says why, without anything of the request.

    `begun` False: the provider surely has not processed it. `flooded`: its connection was ended because of a flood.
    """

    status: int
    body: bytes = b""
    retry_after_s: float | None = None
    error: str = ""
    begun: bool = True
    flooded: bool = False


PLAIN_OK: Final = Reply(OK)
"""A 200 without a body, as nearly all replies of Apple are: always this object."""
