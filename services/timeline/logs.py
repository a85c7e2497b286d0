"""What the process says on standard error."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from services.timeline.hushed import hushed


def configure(level: str) -> None:
    """Send log lines of at least this level to standard error."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _hushed,
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def _hushed(_logger: object, _method: str, said: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Last of all: what is said, and each value beside it, without secrets."""
    for name, value in said.items():
        if isinstance(value, str):
            said[name] = hushed(value)
    return said
