"""Logs: events flow in, one line each flows out: JSON in production, readable on a terminal.

Never a name, photo, token or whereabouts: events carry ids, counts and the names of exceptions, not their texts.
"""

from __future__ import annotations

import logging
import sys
import traceback
from pathlib import Path

import structlog


def configure(log_format: str, level: str) -> None:
    """Set up structlog and what libraries log, on standard error."""
    console = log_format == "console" or (log_format == "auto" and sys.stderr.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        bare_traceback,
    ]
    if console:
        last: structlog.typing.Processor = structlog.dev.ConsoleRenderer()
    else:
        last = structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[*shared, last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")


def report_bug(error: BaseException) -> None:
    """Log what ended the process: one line for each exception, without its text."""
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            report_bug(each)
        return
    structlog.get_logger("server").critical("process.died", exc_info=error)


def bare_traceback(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Say where a bug is and of which type, and nothing else: texts and variables may hold a child's name."""
    info = event.pop("exc_info", None)
    if not info:
        return event
    error = info if isinstance(info, BaseException) else sys.exc_info()[1]
    if error is not None:
        frames = traceback.extract_tb(error.__traceback__)
        event["error"] = type(error).__name__
        event["where"] = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    return event
