"""The command line: arguments flow in, the other modules do the work, short answers flow out.

What cannot be used (configuration, owned state) is said in one line and exits 2. Bounded: commands end when
their work does; `serve` ends on a signal.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from server.lazy import LazyGroup

COMMANDS = {
    "serve": "server.serve_cli:serve_command",
    "migrate": "server.serve_cli:migrate_command",
    "file-case": "server.police_cli:file_case",
    "file-notice": "server.police_cli:file_notice",
    "authority": "server.registry_cli:authority_group",
    "token": "server.registry_cli:token_group",
    "devices": "server.people_cli:devices_group",
    "users": "server.people_cli:users_group",
    "exercise": "server.exercise_cli:exercise_group",
    "audit": "server.audit_cli:audit_group",
    "key": "server.key_cli:key_group",
    "simulate": "server.simulated.cli:simulate",
}


@click.group(cls=LazyGroup, lazy=COMMANDS)
@click.option("--config", type=click.Path(path_type=Path), help="The configuration file (qq-alert.toml).")
@click.pass_context
def cli(context: click.Context, config: Path | None) -> None:
    """Turns a social network into a missing-child alert."""
    context.obj = config


def main() -> None:
    """Run the command line."""
    try:
        cli(standalone_mode=True)
    except (Exception, BaseExceptionGroup) as error:  # noqa: BLE001 - Python's own report of a bug would print values
        # What tells errors apart is read only now: a command that ends well does without.
        from server.failures import exit_code_of  # noqa: PLC0415 - as above

        sys.exit(exit_code_of(error))


if __name__ == "__main__":
    main()
