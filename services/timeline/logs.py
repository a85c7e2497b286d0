"""What the process says on standard error: its own lines and those of the libraries, in one form."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Literal

import msgspec
import structlog
from structlog.typing import Processor

from services.timeline.hushed import hushed

Format = Literal["json", "text"]


def configure(level: str, form: Format = "text") -> None:
    """Send log lines of at least this level to standard error; of the libraries, what is at least a warning.

    Args:
        form: `text` for people, or `json`, an object a line, for what collects them.
    """
    first: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _hushed,
    ]
    last: Processor = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
        if form == "text"
        else structlog.processors.JSONRenderer(serializer=_json)
    )
    structlog.configure(
        processors=[*first, last],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    handler = _Stderr(max(logging.WARNING, getattr(logging, level.upper())))
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processor=last, foreign_pre_chain=first))
    root = logging.getLogger()
    for earlier in [one for one in root.handlers if isinstance(one, _Stderr)]:
        root.removeHandler(earlier)
    root.addHandler(handler)


class _Stderr(logging.Handler):
    """Writes to what is standard error by then."""

    def emit(self, record: logging.LogRecord) -> None:
        sys.stderr.write(self.format(record) + "\n")


def _json(line: Any, **_: Any) -> str:
    """A line as JSON; what has no form there as it says of itself."""
    return msgspec.json.encode(line, enc_hook=str, order="deterministic").decode()


def _hushed(_logger: object, _method: str, said: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Last of all: what is said, and each value beside it, without secrets."""
    for name, value in said.items():
        if isinstance(value, str):
            said[name] = hushed(value)
    return said
