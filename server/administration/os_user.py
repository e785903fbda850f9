"""Says which user of the operating system runs a command, for the audit trail.

Who may run commands can make tokens for two persons and so be both: nothing on this machine can prevent that, and the
trail shows it. Bounded by two short reads.
"""

from __future__ import annotations

import os
import pwd
from pathlib import Path
from typing import Final

LOGIN_UID: Final = Path("/proc/self/loginuid")
"""Linux sets it at the login, and no sudo changes it; only root may, once it is set."""

NO_LOGIN: Final = 2**32 - 1


def os_user() -> dict[str, str]:
    """Return the user as who somebody logged in, or else who called sudo, or else whose process it is."""
    login = _login()
    if login is not None:
        return {"os_user": login}
    sudo = os.environ.get("SUDO_UID", "")
    return {
        "os_user": _name(
            int(sudo) if sudo.isascii() and sudo.isdigit() and len(sudo) < len(str(NO_LOGIN)) else os.getuid()
        )
    }


def _login() -> str | None:
    try:
        uid = int(LOGIN_UID.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    return None if uid == NO_LOGIN else _name(uid)


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
