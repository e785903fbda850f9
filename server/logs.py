"""Configures logging: one line an event, as JSON in production, readable on a terminal.

Events carry ids, counts and the types of exceptions, not their texts: no name, photo, token or position is logged.
"""

from __future__ import annotations

import logging
import sys
import traceback
from pathlib import Path
from typing import Any

import structlog
from aiohttp.http_exceptions import HttpProcessingError


def configure(log_format: str, level: str) -> None:
    """Send the events of structlog, and warnings of libraries, to standard error."""
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
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_WithoutTexts("%(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("aiohttp.server").addFilter(_is_ours)
    # Its warnings quote the headers of a client.
    logging.getLogger("aiohttp.websocket").setLevel(logging.ERROR)


class _WithoutTexts(logging.Formatter):
    """Formats the errors of libraries as ours are logged: their texts may hold what somebody sent."""

    def formatException(self, ei: Any) -> str:  # noqa: N802, ANN401 - logging's own name and type
        error = ei[1]
        return "" if error is None else str(described(error))


def _is_ours(record: logging.LogRecord) -> bool:
    """Tell whether an error of aiohttp is one at all: a request that is no HTTP is answered, and no news."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, HttpProcessingError)


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


def described(error: BaseException) -> dict[str, Any]:
    """Return the type of an error and the places in its traceback, without text or variables."""
    frames = traceback.extract_tb(error.__traceback__)
    where = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    return {"error": type(error).__name__, "where": where}
