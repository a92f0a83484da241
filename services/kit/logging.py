"""Logs: one dotted event name and fields, JSON lines for machines, colours for a terminal, never personal data.

The standard library's loggers (uvicorn, aiokafka, temporalio) go the same way.
"""

import logging
import sys
import threading
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager, suppress
from typing import Any, Literal, TextIO, cast

import orjson
import structlog

from services.kit.redaction import describe_traceback, mask_value
from services.kit.tracing import current_trace_id

LogFormat = Literal["auto", "json", "console"]

_QUIET = {
    "aiokafka": logging.WARNING,
    "asyncio": logging.WARNING,
    "uvicorn.access": logging.WARNING,
    "httpx2": logging.WARNING,
    "alembic": logging.WARNING,
}


def get_logger(name: str) -> structlog.typing.FilteringBoundLogger:
    """The logger of a module: ``log.info("case.opened", case_id=...)``."""
    return cast("structlog.typing.FilteringBoundLogger", structlog.get_logger(name))


@contextmanager
def bound(**fields: Any) -> Iterator[None]:
    """Put ``fields`` on every log line of the block."""
    with structlog.contextvars.bound_contextvars(**fields):
        yield


def configure_logging(service: str, level: str = "INFO", format: LogFormat = "auto") -> None:  # noqa: A002 - the field's own word, always given by name
    """Send every log line of the process to standard error, in one shape. May be called again."""
    as_json = format == "json" or (format == "auto" and not sys.stderr.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.ExtraAdder(),
        _exception_without_values,
        _without_personal_data,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _service_name(service),
        _trace_id,
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(serializer=_to_json)
        if as_json
        else structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    )
    lines = _Lines(sys.stderr)
    # Our own lines do without the standard library's loggers, which would cost as much again.
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_name: lines,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name, threshold in _QUIET.items():
        logging.getLogger(name).setLevel(threshold)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True


class _Lines:
    """Writes finished lines to a stream. Like the standard library's handlers it fails nobody who logs where the stream is closed or its disk full."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def info(self, line: str) -> None:
        """Write a line."""
        with self._lock, suppress(OSError, ValueError):
            self._stream.write(f"{line}\n")
            self._stream.flush()

    debug = warning = error = critical = info


def _service_name(service: str) -> structlog.typing.Processor:
    def add(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event.setdefault("service", service)
        return event

    return add


def _trace_id(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if trace_id := current_trace_id():
        event.setdefault("trace_id", trace_id)
    return event


def _exception_without_values(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    error = info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        event["exception"] = describe_traceback(error)
    return event


def _without_personal_data(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, value in event.items():
        if not name.startswith("_"):
            event[name] = mask_value(name, value)
    return event


def _to_json(event: Any, **_options: Any) -> str:
    return orjson.dumps(event, default=str).decode()
