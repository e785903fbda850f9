"""The two roles of the embedded PostgreSQL: the owner of the schema, and the role that servers run as.

Both have a password, because a socket in a folder of ours may still be reached by what runs as our user or as `nobody`.
The passwords are random, so few rounds of SCRAM are as good as thousands. Bounded: one file of two passwords.
"""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING, Final

import msgspec

from runtime.decoding import DECODE_ERRORS
from server.embedded.folder import PRIVATE_FILE

if TYPE_CHECKING:
    from pathlib import Path

OWNER: Final = "app"
RUNTIME: Final = "qq_alert_runtime"
PASSWORD_BYTES: Final = 32
HBA: Final = "# Made by QQ Alert: the passwords of both roles are in postgres.roles, in the state folder.\n"
ACCESS: Final = HBA + "local all all scram-sha-256\n"
"""All of pg_hba.conf: nobody gets in without a password, over nothing but the socket."""

SETTINGS: Final = ("-c", "scram_iterations=1000")
"""The fewest that the driver of dbmate takes."""


class Roles(msgspec.Struct, frozen=True):
    """The passwords of both roles."""

    owner: str
    runtime: str

    def urls(self, sockets: Path) -> tuple[str, str]:
        """Return the URLs of the owner and of the role that servers run as."""
        where = f"/app?host={sockets}"
        return f"postgresql://{OWNER}:{self.owner}@{where}", f"postgresql://{RUNTIME}:{self.runtime}@{where}"

    def statements(self) -> bytes:
        """Return the SQL that gives both roles their passwords, for PostgreSQL's single-user mode: one a line."""
        absent = f"not exists (select from pg_roles where rolname = '{RUNTIME}')"  # nosec B608 - a name of ours
        missing = f"if {absent} then create role {RUNTIME}; end if;"
        plain = "login nosuperuser nocreatedb nocreaterole noreplication nobypassrls"
        lines = [
            f"do $$ begin {missing} end $$;",
            f"alter role {RUNTIME} {plain} password '{self.runtime}';",
            f"alter role {OWNER} password '{self.owner}';",
        ]
        return "\n".join([*lines, ""]).encode()


def made() -> Roles:
    """Return new passwords."""
    return Roles(secrets.token_hex(PASSWORD_BYTES), secrets.token_hex(PASSWORD_BYTES))


def kept(file: Path) -> Roles | None:
    """Return the passwords that were kept, None where there are none."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Roles)
    except (FileNotFoundError, *DECODE_ERRORS):
        return None


def keep(file: Path, roles: Roles) -> None:
    """Keep the passwords in a file that only its owner can read."""
    fresh = file.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE), "wb") as handle:
        handle.write(msgspec.json.encode(roles))
        handle.flush()
        os.fsync(handle.fileno())
    fresh.replace(file)
