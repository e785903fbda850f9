"""`qq-alert key`: makes an encryption key. Bounded: one key a call."""

from __future__ import annotations

import click
from cryptography.fernet import Fernet


@click.group("key")
def key_group() -> None:
    """The key that encrypts webhook secrets at rest."""


@key_group.command("generate")
def key_generate() -> None:
    """Print a new encryption key for [security] encryption_key."""
    click.echo(Fernet.generate_key().decode())
