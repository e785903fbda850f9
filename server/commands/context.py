"""Gives every command of `qq-alert` its settings and stores, and prints its result.

Bounded: a command ends when its work does.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec
import uvloop

from server import logs
from server import stores as store_room
from server.environment import taken
from server.settings import Settings, load

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from server.stores import Stores

T = TypeVar("T")
_VARIABLES = "qq-alert.variables"


def config_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Let a command take --config too, because people type it after the command."""

    def note(context: click.Context, _: click.Parameter, value: Path | None) -> None:
        if value is not None:
            context.obj = value

    kind = click.Path(path_type=Path)
    return click.option("--config", type=kind, expose_value=False, callback=note, help="The configuration file.")(
        command
    )


def variables_of(context: click.Context) -> dict[str, str]:
    """Return the settings of the environment, which are in it no more once they were asked for."""
    variables: dict[str, str] = context.meta.setdefault(_VARIABLES, {})
    variables |= taken()
    return variables


def settings_of(context: click.Context) -> Settings:
    """Read the configuration, and configure logging by it."""
    settings = load(context.obj, variables_of(context))
    logs.configure(settings.log.format, settings.log.level)
    return settings


def on_record(context: click.Context, work: Callable[[Settings, Stores], Coroutine[Any, Any, T]]) -> T:
    """Run `work` on the stores, those of a running server if there is one."""
    settings = settings_of(context)
    with store_room.reached(settings) as stores:
        return uvloop.run(work(settings, stores))


def print_result(content: object, text: str, *, as_json: bool) -> None:
    """Print `content` as one JSON object, or else `text`."""
    click.echo(msgspec.json.encode(content).decode() if as_json else text)


json_flag = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
