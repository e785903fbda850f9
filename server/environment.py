"""Puts environment variables over the tables of the configuration file.

`QQ_ALERT_SECTION__NAME` is a value, `QQ_ALERT_SECTION__NAME_FILE` the file that holds it, as secrets are mounted.
Kubernetes injects names of its own for each service whose name begins with `qq-alert`, such as `qq-alert-redis`: they
are left aside. Bounded: `FILE_BYTES` a file.
"""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Any, Final

import structlog

from runtime.system import forget_variables

PREFIX: Final = "QQ_ALERT_"
FILE_BYTES: Final = 64 * 1024
FILE: Final = "_file"
OWN_FILES: Final = frozenset({"key_file", "certificate_file", "service_account_file", "ca_file", "anchor_file"})
"""Settings that are themselves the name of a file."""

WEBHOOK_SECRET: Final = "QQ_ALERT_WEBHOOK_SECRET"  # noqa: S105 - a name
"""What `file-case` and `file-notice` sign with; with _FILE the file that holds it."""

NOT_SETTINGS: Final = frozenset(
    {"QQ_ALERT_PYTHON", "QQ_ALERT_VENV", "QQ_ALERT_NEWEST_PYTHON", WEBHOOK_SECRET, f"{WEBHOOK_SECRET}_FILE"}
)
_OF_SERVICE: Final = r"QQ_ALERT_(?:[A-Z0-9_]+_)?"
_INJECTED: Final = re.compile(
    _OF_SERVICE + r"(?:SERVICE_(?:HOST|PORT(?:_[A-Z0-9_]+)?)|PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)"
)
_INJECTED_PORT: Final = re.compile(_OF_SERVICE + r"PORT")
_ADDRESS: Final = re.compile(r"(?:tcp|udp|sctp)://\S+")
"""What Kubernetes writes into NAME_PORT; `QQ_ALERT_SHARE_PORT` is a setting of ours."""

_log = structlog.get_logger("server.environment")


class EnvironmentVariableError(Exception):
    """A variable cannot be used; the text names it, and holds no value."""


def taken() -> dict[str, str]:
    """Take the settings out of the environment, where children and /proc/PID/environ have them; returns them."""
    names = [name for name in os.environ if name.startswith(PREFIX) and name not in NOT_SETTINGS]
    found = {name: os.environ[name] for name in names}
    forget_variables(names)
    return found


def overlay(tree: dict[str, Any], environ: dict[str, str]) -> None:
    """Put the variables over `tree`; EnvironmentVariableError names one that cannot be used."""
    for name, value in environ.items():
        if not name.startswith(PREFIX) or name in NOT_SETTINGS:
            continue
        if _is_injected(name, value):
            _log.warning("environment.injected", variable=name)
            continue
        *sections, leaf = name.removeprefix(PREFIX).lower().split("__")
        node = tree
        for section in sections:
            node = node.setdefault(section, {})
            if not isinstance(node, dict):
                raise EnvironmentVariableError(f"{name}: {section} is not a section")
        if leaf.endswith(FILE) and leaf not in OWN_FILES:
            node[leaf.removesuffix(FILE)] = _read(name, value)
        else:
            # A value out of a file often ends with a line break, which is never meant.
            node[leaf] = _listed(value.strip())


def _is_injected(name: str, value: str) -> bool:
    """Tell whether Kubernetes made a variable for a service; one with `__` is meant for a section of ours."""
    if "__" in name:
        return False
    return bool(_INJECTED.fullmatch(name) or (_INJECTED_PORT.fullmatch(name) and _ADDRESS.fullmatch(value)))


def _read(name: str, path: str) -> str:
    try:
        with Path(path.strip()).open("rb") as file:
            return file.read(FILE_BYTES).decode().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise EnvironmentVariableError(f"{name}: {type(error).__name__} while reading the file") from None


def _listed(value: str) -> Any:  # noqa: ANN401 - what TOML can hold
    """Parse lists and tables as TOML, and return everything else as text."""
    if not value.startswith(("[", "{")):
        return value
    try:
        return tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return value
