"""Says where a command was typed, for the audit trail: the system's user, who that was before sudo, and the machine.

By the login and the process, and not by USER, which anybody sets; SUDO_USER is set by sudo, and by nothing else under
another user's rights. Who may run commands can make tokens for two persons and so be both: nothing on this machine can
prevent that, and the trail shows it. Bounded: two short reads; `NAME_MAX` characters a name.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import socket
from pathlib import Path
from typing import Final

from sql.audit import Terminal

LOGIN_UID: Final = Path("/proc/self/loginuid")
"""Linux sets it at the login, and no sudo changes it; only root may, once it is set."""

NO_LOGIN: Final = 2**32 - 1
NAME_MAX: Final = 64
HOST_DIGITS: Final = 12
"""Enough to tell the machines of an operator apart: `hostname | tr -d '\\n' | sha256sum` prints the same."""


def this_terminal() -> Terminal:
    """Return where this process was started."""
    host = hashlib.sha256(socket.gethostname().encode()).hexdigest()[:HOST_DIGITS]
    sudo_user = _shown(os.environ.get("SUDO_USER", "")) or None
    return Terminal(os_user=_name(os.getuid()), login_user=_login(), sudo_user=sudo_user, host=host)


def _login() -> str | None:
    """Return as who somebody logged in, None where the system does not say so."""
    try:
        uid = int(LOGIN_UID.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    return None if uid == NO_LOGIN else _name(uid)


def _name(uid: int) -> str:
    try:
        return _shown(pwd.getpwuid(uid).pw_name)
    except KeyError:
        # A container's user often has no name.
        return str(uid)


def _shown(name: str) -> str:
    """Return a name without characters that cannot be printed, and not too long."""
    return "".join(one for one in name if one.isprintable())[:NAME_MAX]
