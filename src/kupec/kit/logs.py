"""Logs: structured, for people on a console or as JSON for machines, and never with a secret in them."""

import logging
import sys
from collections.abc import Mapping, MutableMapping
from contextvars import ContextVar
from typing import Any, TextIO

import structlog
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import Processor

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The request that is being answered; every line logged meanwhile carries it."""

REDACTED = "[redacted]"
_SECRET_PARTS = ("password", "passwd", "secret", "token", "authorization", "cookie", "api_key", "apikey", "dsn", "cvc")
_SECRET_NAMES = frozenset({"card", "card_number", "pan", "iban", "key", "database_url", "smtp_url"})
_DEPTH = 6
# Local variables would bring back the secrets that are blanked elsewhere.
_TRACEBACKS = structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False))


def configure(log_format: str = "console", log_level: str = "info", *, stream: TextIO | None = None) -> None:
    """Set up structlog and, through it, the standard library's logging, for this process."""
    level = logging.getLevelNamesMapping()[log_level.upper()]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        _add_request_id,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        redact,
    ]
    output = stream or sys.stderr
    renderer: list[Processor] = (
        [_TRACEBACKS, structlog.processors.JSONRenderer()]
        if log_format == "json"
        else [structlog.dev.ConsoleRenderer(colors=output.isatty(), exception_formatter=structlog.dev.plain_traceback)]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(output)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
            foreign_pre_chain=shared,
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)


def redact(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Blank out values whose name says that they are secret, at any depth."""
    for name, value in line.items():
        line[name] = REDACTED if is_secret(name) else _redacted(value, _DEPTH)
    return line


def is_secret(name: str) -> bool:
    """Whether a value of this name must not be written down."""
    plain = name.lower().replace("-", "_")
    return plain in _SECRET_NAMES or any(part in plain for part in _SECRET_PARTS)


def _redacted(value: Any, depth: int) -> Any:
    if isinstance(value, Mapping):
        if depth == 0:
            return REDACTED
        return {
            name: REDACTED if is_secret(str(name)) else _redacted(inner, depth - 1) for name, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [_redacted(inner, depth - 1) for inner in value] if depth else REDACTED
    return value


def _add_request_id(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    current = request_id.get()
    if current is not None:
        line.setdefault("request_id", current)
    return line
