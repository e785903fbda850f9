"""The command line of `qq-alert`: its commands, each imported only when it is run.

A configuration that cannot be used, or a state folder in use, is reported in one line and exits 2. Bounded: a command
ends when its work does; `serve` ends on a signal.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from runtime.system import keep_memory_private
from server import logs
from server.commands.lazy import LazyGroup

COMMANDS = {
    "serve": "server.commands.serve:serve_command",
    "serve-public": "server.commands.public.serve_public:serve_public_command",
    "migrate": "server.commands.serve:migrate_command",
    "file-case": "server.commands.police:file_case",
    "file-notice": "server.commands.police:file_notice",
    "authority": "server.commands.access:authority_group",
    "token": "server.commands.access:token_group",
    "passkey": "server.commands.people.passkey:passkey_group",
    "person": "server.commands.people.person:person_group",
    "devices": "server.commands.devices:devices_group",
    "users": "server.commands.devices:users_group",
    "exercise": "server.commands.exercise:exercise_group",
    "audit": "server.commands.audit:audit_group",
    "key": "server.commands.key:key_group",
    "config": "server.commands.config:config_group",
    "health": "server.commands.config:health",
    "simulate": "server.simulators.cli:simulate",
}


@click.group(cls=LazyGroup, lazy=COMMANDS)
@click.option("--config", type=click.Path(path_type=Path), help="The configuration file (qq-alert.toml).")
@click.version_option(package_name="qq-alert", prog_name="qq-alert")
@click.pass_context
def cli(context: click.Context, config: Path | None) -> None:
    """Turns a social network into a missing-child alert."""
    context.obj = config


def main() -> None:
    """Run the command line, in a process whose memory nobody else reads: it holds secrets."""
    keep_memory_private()
    logs.guard()
    try:
        cli(standalone_mode=True)
    except (Exception, BaseExceptionGroup) as error:  # noqa: BLE001 - Python's own report of a bug would print values
        # Imported only now, because a command that succeeds does not need it.
        from server.commands.failures import exit_code_of  # noqa: PLC0415 - as above

        sys.exit(exit_code_of(error))


if __name__ == "__main__":
    main()
