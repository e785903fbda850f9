"""`qq-alert file-case` and `file-notice`: send a file as the police would, and print the answer.

Bounded: one request, as `server.administration.file_case` bounds it.
"""

from __future__ import annotations

import binascii
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import aiohttp
import click
import msgspec
import uvloop
from standardwebhooks.webhooks import EmptyWebhookSecretError

from runtime.decoding import DECODE_ERRORS
from runtime.system import forget_variables
from server.administration.file_case import send_case, send_notice
from server.environment import WEBHOOK_SECRET

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

FAILED = 1
SECRET_BYTES = 4096


def secret_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the ways by which it gets the webhook secret."""
    shown = f"whsec_... Every user of the machine sees it: better {WEBHOOK_SECRET}, or --secret-file."
    file = click.File("rb")
    from_file = click.option("--secret-file", type=file, envvar=f"{WEBHOOK_SECRET}_FILE", help="- is standard input.")
    return click.option("--secret", help=shown)(from_file(command))


def _secret(given: str | None, file: BinaryIO | None) -> str:
    """Return the webhook secret, from wherever it was given; the environment has it no more after this."""
    from_environment = os.environ.get(WEBHOOK_SECRET)
    forget_variables([WEBHOOK_SECRET])
    if given is not None:
        return given
    if file is not None:
        return file.read(SECRET_BYTES).decode(errors="replace").strip()
    if from_environment is not None:
        return from_environment.strip()
    raise click.UsageError(f"the secret: {WEBHOOK_SECRET} in the environment, --secret-file, or --secret")


@click.command("file-case")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--authority", required=True)
@secret_options
@click.option("--url", required=True)
@click.option("--seen-now", is_flag=True, help="As if the child had been seen ten minutes ago: for tries.")
def file_case(
    file: Path, authority: str, secret: str | None, secret_file: BinaryIO | None, url: str, *, seen_now: bool
) -> None:
    """Sign and send a case, as the police would; prints the answer."""
    body = file.read_bytes()
    key = _secret(secret, secret_file)
    _print_answer(send_case(url, authority, key, _as_of_now(body) if seen_now else body))


@click.command("file-notice")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--authority", required=True)
@secret_options
@click.option("--url", required=True)
def file_notice(file: Path, authority: str, secret: str | None, secret_file: BinaryIO | None, url: str) -> None:
    """Sign and send a notice (child found, case withdrawn, or reopened) as the police would; prints the answer."""
    _print_answer(send_notice(url, authority, _secret(secret, secret_file), file.read_bytes()))


def _as_of_now(body: bytes) -> bytes:
    """Return a case whose times are moved to the last minutes."""
    now = datetime.now(UTC)
    try:
        case = msgspec.json.decode(body, type=dict[str, Any])
        case["last_seen"]["at"], case["reported_at"] = now - timedelta(minutes=10), now
    except (*DECODE_ERRORS, KeyError, TypeError):
        raise click.ClickException("the file is no case in JSON") from None
    return msgspec.json.encode(case)


def _print_answer(sending: Coroutine[Any, Any, tuple[int, bytes]]) -> None:
    """Send and print the answer, or why there is none; exits 1 when the request was not accepted."""
    try:
        status, answer = uvloop.run(sending)
    except UnicodeDecodeError:
        raise click.ClickException("the file is not UTF-8") from None
    except (EmptyWebhookSecretError, binascii.Error):
        raise click.ClickException("the secret is `whsec_` and base64, as it was printed") from None
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        why = f"no answer ({type(error).__name__}): is --url right? Sent again, the same file counts once."
        raise click.ClickException(why) from None
    click.echo(f"HTTP {status}", err=True)
    click.echo(answer.decode())
    if status >= 400:  # noqa: PLR2004 - HTTP's errors begin here
        raise SystemExit(FAILED)
