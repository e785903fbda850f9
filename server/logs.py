"""Configures logging: one line an event, as JSON in production, readable on a terminal.

Events carry ids, counts and the types of exceptions, not their texts: no name, photo, token or position is logged. What
libraries and Python itself log may quote whatever somebody sent, so of that a line has its level, its logger, its place
and the type of its error, never its words. Bounded: one line an event.
"""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
import traceback
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

import structlog

if TYPE_CHECKING:
    from types import TracebackType

LIBRARY: Final = "library"
"""The logger of ours that writes what libraries report."""

NO_HTTP: Final = "HttpProcessingError"
"""aiohttp's name for a request that is no HTTP; by name, because a command that serves nothing does not import it."""


def guard() -> None:
    """Keep the words of libraries out of standard error, from before the log is configured until the process ends."""
    # Python's report of an error in a handler quotes the message and its arguments.
    logging.raiseExceptions = False
    logging.lastResort = None
    root = logging.getLogger()
    root.handlers[:] = [_Bare()]
    root.setLevel(logging.WARNING)
    warnings.showwarning = _warned
    sys.excepthook = _uncaught
    sys.unraisablehook = _unraisable
    threading.excepthook = _ended_thread
    _configure(structlog.dev.ConsoleRenderer(colors=False), "info", cache=False)


def configure(log_format: str, level: str) -> None:
    """Send the events of structlog to standard error; `guard` comes first, once a process."""
    console = log_format == "console" or (log_format == "auto" and sys.stderr.isatty())
    _configure(structlog.dev.ConsoleRenderer() if console else structlog.processors.JSONRenderer(), level, cache=True)


def _configure(last: structlog.typing.Processor, level: str, *, cache: bool) -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            bare_traceback,
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=cache,
    )


class _Bare(logging.Handler):
    """Writes what a library logs without its words."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if record.name == "aiohttp.server" and any(kind.__name__ == NO_HTTP for kind in type(error).__mro__):
            # A request that is no HTTP is answered, and no news.
            return
        place = f"{Path(record.pathname).name}:{record.lineno} {record.funcName}"
        _report(record.levelno, "library.logged", logger=record.name, place=place, **_described(error))


def _report(level: int, event: str, **details: object) -> None:
    """Write a line, or nothing: this also runs while the process ends, with standard error closed."""
    with contextlib.suppress(Exception):
        structlog.get_logger(LIBRARY).log(level, event, **details)


def _warned(
    message: Warning | str,  # noqa: ARG001 - the arguments of `warnings.showwarning`
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,  # noqa: ARG001 - as above
    line: str | None = None,  # noqa: ARG001 - as above
) -> None:
    _report(logging.WARNING, "library.warned", warning=category.__name__, place=f"{Path(filename).name}:{lineno}")


def _uncaught(_: type[BaseException], error: BaseException, __: TracebackType | None) -> None:
    if not isinstance(error, KeyboardInterrupt):
        report_bug(error)


def _unraisable(unraisable: sys.UnraisableHookArgs) -> None:
    _report(logging.ERROR, "library.unraisable", **_described(unraisable.exc_value))


def _ended_thread(ended: threading.ExceptHookArgs) -> None:
    _report(logging.ERROR, "library.thread_ended", **_described(ended.exc_value))


def report_bug(error: BaseException) -> None:
    """Log the exceptions that ended the process, one line each, without their texts."""
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            report_bug(each)
        return
    # Described here and not by a processor: structlog's default, before `configure`, prints every variable.
    structlog.get_logger("server").critical("process.died", **described(error))


def bare_traceback(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Replace a traceback by types and places: texts and variables may hold a child's name."""
    info = event.pop("exc_info", None)
    if not info:
        return event
    error = info if isinstance(info, BaseException) else sys.exc_info()[1]
    if error is not None:
        event.update(described(error))
    return event


def _described(error: BaseException | None) -> dict[str, Any]:
    return {} if error is None else described(error)


def described(error: BaseException) -> dict[str, Any]:
    """Return the type of an error and the places in its traceback, without text or variables."""
    frames = traceback.extract_tb(error.__traceback__)
    where = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    return {"error": type(error).__name__, "where": where}
