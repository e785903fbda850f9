"""The one user of Redis that a server logs in as: its password, its commands and its keys.

`RULES` is the line that operators give their own Redis, too (examples/users.acl, docs/operators.md); a test holds it
against what servers do. Bounded: one file of 43 bytes in `state_dir`, readable by its owner only.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

NAME: Final = "qq-alert"
FILE: Final = "valkey.password"
ACL_FILE: Final = "users.acl"
PASSWORD_BYTES: Final = 32

KEYS: Final = (
    "geo:{*",
    "device:{*",
    "moved:{*",
    "forgotten:{*",
    "preference:{*",
    "epoch:{*",
    "foreign:{*",
    "record:position",
    "forgetting",
    "quota:*",
    "limit:*",
    "ticket:*",
)
COMMANDS: Final = (
    *("ping", "time", "info", "dbsize", "type", "unlink", "exists", "del", "pttl", "pexpire", "pexpireat"),
    *("get", "mget", "set", "hget", "hmget", "hset", "hdel", "hlen", "hgetall"),
    *("geosearch", "geoadd", "zadd", "zrem", "zcard", "zrange", "zmscore", "zrangebyscore", "zremrangebyscore"),
    *("xadd", "xread", "evalsha", "script|load"),
)
CLUSTER_COMMANDS: Final = ("cluster|slots", "cluster|shards", "cluster|nodes", "command", "asking", "readonly")
RULES: Final = " ".join(
    [
        "resetchannels",
        *(f"~{pattern}" for pattern in KEYS),
        "-@all",
        *(f"+{command}" for command in (*COMMANDS, *CLUSTER_COMMANDS)),
    ]
)


def password(state_dir: Path) -> str:
    """Return the password of the embedded store, which is made once."""
    file = state_dir / FILE
    if file.exists() and (known := file.read_text(encoding="ascii").strip()):
        return known
    made = secrets.token_urlsafe(PASSWORD_BYTES)
    _write(file, made)
    return made


def line(password: str) -> str:
    """Return the user's line of an ACL file, with the digest of the password in its place."""
    return f"user {NAME} on #{hashlib.sha256(password.encode()).hexdigest()} {RULES}"


def write_file(folder: Path, password: str) -> Path:
    """Write the ACL file with this user and no other; returns its path."""
    file = folder / ACL_FILE
    _write(file, f"user default off\n{line(password)}\n")
    return file


def _write(file: Path, text: str) -> None:
    """Write a file that only its owner may read; whoever owns the folder is alone in it."""
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as handle:
        handle.write(text)
