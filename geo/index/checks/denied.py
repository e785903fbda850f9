"""What Redis refuses its user: somebody took a right away, and may give it back.

Bounded: one right of one client, for `STANDS_S` after it was refused last.
"""

from __future__ import annotations

import asyncio
import re
from typing import Final
from weakref import WeakKeyDictionary

from redis.exceptions import NoPermissionError, ResponseError

STANDS_S: Final = 5.0
"""What is refused is asked again once a second: after this it is allowed."""

_IN_SCRIPT: Final = ("ACL failure in script", "The user executing the script can't")
"""How Redis says it of what a script calls, without its code NOPERM: from version 7 on, and before."""

_UNNAMED: Final = "can't run this command"

_COMMAND: Final = re.compile(r"to run the '([\w|-]+)' command")


def denied_right(error: BaseException) -> str | None:
    """Return the right that an error says is missing, without keys or values; None for every other error."""
    text = str(error)
    if not isinstance(error, ResponseError):
        return None
    if not isinstance(error, NoPermissionError) and not any(said in text for said in _IN_SCRIPT):
        return None
    if (command := _COMMAND.search(text)) is not None:
        return f"the command {command[1]}"
    return "a command of a script" if _UNNAMED in text else "one of its keys"


class Denied:
    """What was refused to one client last."""

    def __init__(self) -> None:
        self._last: tuple[float, str] | None = None

    def note(self, error: BaseException) -> None:
        """Note an error, if it says that a right is missing."""
        if (right := denied_right(error)) is not None:
            self._last = asyncio.get_running_loop().time(), right

    @property
    def right(self) -> str | None:
        """The right that is missing; None when nothing was refused for `STANDS_S`."""
        if self._last is None or asyncio.get_running_loop().time() - self._last[0] > STANDS_S:
            return None
        return self._last[1]


_known: WeakKeyDictionary[object, Denied] = WeakKeyDictionary()


def denied_of(client: object) -> Denied:
    """Return what is refused to a client (`geo.connection.Client`)."""
    return _known.setdefault(client, Denied())
