"""Turns an exception of a command into one line for the person at the terminal, and an exit code.

Input that cannot be used exits 2, everything else 1; a bug is reported by types and places, without values.
"""

from __future__ import annotations

import click

from geo.index.checks.denied import denied_right
from server import logs
from server.administration.access import RegistryError
from server.embedded import EmbeddedStoreError, StateFolderError, StateOwnedError
from server.serve import StoreDiedError
from server.settings import SettingsError
from sql.migrate import MigrationError

UNUSABLE = 2
FAILED = 1


def exit_code_of(error: BaseException) -> int:
    """Print what went wrong; returns the exit code."""
    if isinstance(error, (SettingsError, StateFolderError, StateOwnedError, RegistryError)):
        click.echo(f"qq-alert: {error}", err=True)
        return UNUSABLE
    if (right := denied_right(error)) is not None:
        click.echo(
            f"qq-alert: Redis refuses its user {right}: give it the line of this version (docs/redis.md)", err=True
        )
        return UNUSABLE
    if isinstance(error, (EmbeddedStoreError, MigrationError)):
        click.echo(f"qq-alert: {error}", err=True)
    elif isinstance(error, BaseExceptionGroup) and error.subgroup(StoreDiedError):
        click.echo("qq-alert: an embedded store ended by itself; its log is in the state folder", err=True)
    else:
        logs.report_bug(error)
    return FAILED
