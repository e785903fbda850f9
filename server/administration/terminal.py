"""Says where a command was typed, for the audit trail: the system's user, who that was before sudo, and the machine.

By the process itself and not by USER, which anybody sets; SUDO_USER is set by sudo, and by nothing else under another
user's rights. Bounded: `NAME_MAX` characters a name.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import socket
from typing import Final

from sql.audit import Terminal

NAME_MAX: Final = 64
HOST_DIGITS: Final = 12
"""Enough to tell the machines of an operator apart: `hostname | tr -d '\\n' | sha256sum` prints the same."""


def this_terminal() -> Terminal:
    """Return where this process was started."""
    user = os.getuid()
    try:
        name = pwd.getpwuid(user).pw_name
    except KeyError:
        # A container's user often has no name.
        name = str(user)
    host = hashlib.sha256(socket.gethostname().encode()).hexdigest()[:HOST_DIGITS]
    return Terminal(os_user=_shown(name), sudo_user=_shown(os.environ.get("SUDO_USER", "")) or None, host=host)


def _shown(name: str) -> str:
    """Return a name without characters that cannot be printed, and not too long."""
    return "".join(one for one in name if one.isprintable())[:NAME_MAX]
