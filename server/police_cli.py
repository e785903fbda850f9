"""`qq-alert file-case` and `file-notice`: a file and a secret flow in, it is sent as the police would, the answer back.

Bounded: one request, as `server.file_case` bounds it.
"""

from __future__ import annotations

from pathlib import Path

import click
import uvloop

from server.file_case import send_case, send_notice

FAILED = 1


@click.command("file-case")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--authority", required=True)
@click.option("--secret", required=True, help="whsec_...")
@click.option("--url", required=True)
def file_case(file: Path, authority: str, secret: str, url: str) -> None:
    """Sign and send a case, as the police would; prints the answer."""
    status, answer = uvloop.run(send_case(url, authority, secret, file.read_bytes()))
    click.echo(answer.decode())
    if status >= 400:  # noqa: PLR2004 - HTTP's errors begin here
        raise SystemExit(FAILED)


@click.command("file-notice")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--authority", required=True)
@click.option("--secret", required=True, help="whsec_...")
@click.option("--url", required=True)
def file_notice(file: Path, authority: str, secret: str, url: str) -> None:
    """Sign and send that a child is found, or a case withdrawn, as the police would; prints the answer."""
    status, answer = uvloop.run(send_notice(url, authority, secret, file.read_bytes()))
    click.echo(answer.decode())
    if status >= 400:  # noqa: PLR2004 - HTTP's errors begin here
        raise SystemExit(FAILED)
